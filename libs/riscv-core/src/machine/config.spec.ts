import { describe, expect, it } from 'vitest';
import { echoPeer } from '../devices/echo-peer.js';
import { resolveConfig, type MachineOptions } from './config.js';
import { isaString, misa, parseIsa } from './isa-string.js';

describe('machine configuration', () => {
  it('virt has the defaults of the issue', () => {
    expect(resolveConfig({})).toMatchObject({
      harts: 1,
      memoryBytes: 512 * 2 ** 20,
      isa: { h: true },
      misaligned: 'emulate',
      pmpEntries: 16,
      pmpGrain: 2,
      timebaseHz: 10_000_000,
      cyclesPerTick: 100,
      dvext: 'none',
      timing: { model: 'none' },
      quantum: 8000,
      seed: 0,
    });
  });

  it('firesim traps misaligned accesses, has 4 KiB PMP granules, 3200 cycles a tick, DV-ext and the cycle model', () => {
    expect(resolveConfig({ machine: 'firesim' })).toMatchObject({
      misaligned: 'trap',
      pmpGrain: 12,
      asidBits: 0,
      vmidBits: 0,
      timebaseHz: 1_000_000,
      cyclesPerTick: 3200,
      dvext: 'rocket',
      timing: { model: 'rocket' },
    });
  });

  it('tells parameters of the machine from those of the cycle model', () => {
    const config = resolveConfig({ machine: 'firesim', set: { 'vpmp.absent': true, 'l2.hit': 20 } });
    expect(config.vpmpAbsent).toBe(true);
    expect(config.timing.parameters.get('l2.hit')).toBe(20);
  });

  it('gives the devices their times: link of 1 Gbit/s and 2 µs, block device of 4096 cycles', () => {
    const devices = { net: { peer: echoPeer() }, block: { image: new Uint8Array(512) } };
    const { net, block } = resolveConfig({ machine: 'firesim', ...devices });
    expect(net?.timing).toEqual({ latency: 6415, cyclesPerByte: 25.6 });
    expect([...(net?.mac ?? [])]).toEqual([0x52, 0x54, 0, 0x12, 0x34, 0x56]);
    expect(block).toMatchObject({ readOnly: false, timing: { latency: 4096, bytesPerCycle: 8 } });
    const set = { 'net.gbps': 200, 'net.latency': 1, 'block.latency': 2, 'block.bytesPerCycle': 4 };
    const changed = resolveConfig({ machine: 'virt', ...devices, set });
    expect(changed.net?.timing).toEqual({ latency: 1, cyclesPerByte: 0.04 });
    expect(changed.block?.timing).toEqual({ latency: 2, bytesPerCycle: 4 });
    const none = resolveConfig({});
    expect([none.net, none.block]).toEqual([undefined, undefined]);
  });

  it.each<[MachineOptions, RegExp]>([
    [{ machine: 'pc' as never }, /^--machine: found "pc", expected one of virt, firesim$/],
    [{ harts: 0 }, /^--harts: found 0, expected a whole number from 1 to 8$/],
    [{ harts: 9 }, /^--harts/],
    [{ memoryBytes: 4 * 2 ** 30 }, /^--memory: found 4294967296/],
    [{ memoryBytes: 2 ** 20 + 1 }, /^--memory: found 1048577 bytes, expected a multiple of 4 KiB$/],
    [{ isa: 'rv32imac' }, /^--isa: found rv32, expected rv64$/],
    [{ isa: 'rv64imac_zbc' }, /^--isa: found extension "zbc"/],
    [{ isa: 'rv64ima' }, /^--isa: found "rv64ima" without "c"/],
    [{ isa: 'x86' }, /^--isa/],
    [{ isa: 'rv64gc', dvext: 'rocket' }, /^--dvext: found "rocket" with an ISA without h/],
    [{ timing: 'fast' }, /^--timing: found "fast", expected none, rocket or rocket:PRESET$/],
    [{ timing: 'none:x' }, /^--timing/],
    [{ set: { 'l2.hit': 3 } }, /^--set: found l2\.hit with timing "none"/],
    [{ machine: 'firesim', timing: 'rocket:x' }, /^--timing: found rocket:x, expected rocket:PRESET with one of/],
    [{ machine: 'firesim', set: { 'l2.hti': 3 } }, /^--set l2\.hti: found no such parameter, expected one of l2\./],
    [
      { timing: 'rocket', set: { 'clock.core': 1 } },
      /^--set clock\.core: found 1 MHz, expected a multiple of the timebase/,
    ],
    [{ set: { 'mmu.levels': 5 } }, /^--set mmu\.levels: found 5, expected 3 or 4$/],
    [{ set: { 'vpmp.absent': 3 } }, /^--set vpmp\.absent: found 3, expected true or false$/],
    [{ net: { peer: echoPeer(), mac: new Uint8Array(5) } }, /^net: found a MAC address of 5 bytes, expected 6$/],
    [{ net: { peer: echoPeer() }, set: { 'net.gbps': 0 } }, /^--set net\.gbps: found 0, expected a number from/],
    [{ net: { peer: echoPeer() }, set: { 'net.latency': 1.5 } }, /^--set net\.latency: found 1\.5, expected a whole/],
    [{ block: { image: new Uint8Array(100) } }, /^block image: found 100 bytes, expected a whole number of 512-byte/],
    [{ block: { image: new Uint8Array(0) } }, /^block image: found 0 bytes/],
    [{ block: { image: new Uint8Array(512) }, set: { 'block.latency': true } }, /^--set block\.latency: found true/],
    [{ quantum: 0 }, /^--quantum/],
    [{ seed: -1 }, /^--seed/],
  ])('refuses %j with one line', (options, message) => {
    expect(() => resolveConfig(options)).toThrow(message);
  });
});

describe('ISA string', () => {
  it('announces what exists', () => {
    expect(isaString(parseIsa('rv64gch'), true)).toBe('rv64imafdch_zicntr_zicsr_zifencei_zihpm');
    expect(isaString(parseIsa('RV64IMAC_Zicsr'), false)).toBe('rv64imac_zicntr_zicsr_zifencei');
    expect(isaString(parseIsa('rv64gcb_svinval_sstc_svadu'), false)).toBe(
      'rv64imafdc_zicntr_zicsr_zifencei_zba_zbb_zbs_sstc_svadu_svinval',
    );
    expect(isaString(parseIsa('rv64imaczbb'), false)).toBe('rv64imac_zicntr_zicsr_zifencei_zbb');
    expect(misa(parseIsa('rv64gch'), false)).toBe((2n << 62n) | 0x14_11adn);
    expect(misa(parseIsa('rv64imac'), true)).toBe((2n << 62n) | 0x214_1105n);
  });

  it('has named extensions only where they are named', () => {
    expect(parseIsa('rv64gch').named).toEqual([]);
    expect(parseIsa('rv64gc_zbs_sstc').named).toEqual(['zbs', 'sstc']);
    expect(() => parseIsa('rv64gc_zbc')).toThrow(/^--isa: found extension "zbc", expected extensions out of .*zba/);
  });
});
