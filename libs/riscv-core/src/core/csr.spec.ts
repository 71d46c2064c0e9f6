import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { SYS_CSRRC, SYS_CSRRCI, SYS_CSRRS, SYS_CSRRSI, SYS_CSRRW, SYS_CSRRWI } from '../isa/sysops.js';
import { CoreKit, HANDLER, numberOf, type Mode } from './core.testkit.js';

/** Cause of reading (or, with an operand, writing) CSR `number` in `mode`; undefined = allowed. */
function cause(kit: CoreKit, mode: Mode, number: number, operand?: bigint): number | undefined {
  kit.enter(mode);
  kit.csrInstruction(operand === undefined ? SYS_CSRRS : SYS_CSRRW, number, operand);
  return kit.trap === undefined ? undefined : Number(kit.trap.cause);
}

describe('CSR instructions', () => {
  it('read the old value, write, set and clear, and retire', () => {
    const kit = new CoreKit();
    const scratch = numberOf('mscratch');
    kit.csrInstruction(SYS_CSRRW, scratch, 0xffn);
    expect(kit.csrInstruction(SYS_CSRRS, scratch, 0x100n)).toBe(0xffn);
    expect(kit.csrInstruction(SYS_CSRRC, scratch, 0x1n)).toBe(0x1ffn);
    expect(kit.csr('mscratch')).toBe(0x1fen);
    kit.system(SYS_CSRRSI, { raw: scratch << 20, rd: 5, rs1: 1 });
    kit.system(SYS_CSRRCI, { raw: scratch << 20, rd: 0, rs1: 2 });
    expect(kit.csr('mscratch')).toBe(0x1fdn);
    kit.system(SYS_CSRRWI, { raw: scratch << 20, rd: 0, rs1: 31 });
    expect(kit.csr('mscratch')).toBe(31n);
    expect(kit.x(0)).toBe(0n);
    expect(kit.instret).toBe(6n);
    expect(kit.pc).toBe(0x8000_0100n + 24n);
  });

  it('rs1 = rd reads the source before rd is written', () => {
    const kit = new CoreKit();
    kit.setCsr('mscratch', 7n);
    kit.setX(6, 9n);
    kit.system(SYS_CSRRW, { raw: numberOf('mscratch') << 20, rd: 6, rs1: 6 });
    expect([kit.x(6), kit.csr('mscratch')]).toEqual([7n, 9n]);
  });

  it('a read-only CSR may be read by csrrs x0, not written', () => {
    const kit = new CoreKit();
    expect(cause(kit, 'M', numberOf('mhartid'))).toBeUndefined();
    expect(cause(kit, 'M', numberOf('mhartid'), 0n)).toBe(2);
    expect(cause(kit, 'VS', numberOf('cycle'), 0n)).toBe(2);
  });

  it('refusals put the instruction into tval and write nothing', () => {
    const kit = new CoreKit();
    kit.enter('U');
    kit.setX(5, 1n);
    const raw = ((numberOf('mscratch') << 20) | 0x2f3) >>> 0;
    kit.system(SYS_CSRRS, { raw, rd: 5 });
    expect(kit.trap).toEqual({ to: 'M', cause: 2n, tval: BigInt(raw) });
    expect(kit.x(5)).toBe(1n);
  });
});

describe('who may access what (Privileged ISA 2.1, 8.6.1)', () => {
  const kit = new CoreKit();
  const table: [csr: string, Partial<Record<Mode, number>>][] = [
    ['mscratch', { HS: 2, U: 2, VS: 2, VU: 2 }],
    ['hstatus', { U: 2, VS: 22, VU: 22 }],
    ['vsscratch', { U: 2, VS: 22, VU: 22 }],
    ['sscratch', { U: 2, VU: 22 }],
    ['htval', { U: 2, VS: 22, VU: 22 }],
  ];
  for (const [name, refused] of table)
    for (const mode of ['M', 'HS', 'U', 'VS', 'VU'] as const)
      it(`${name} from ${mode}: ${refused[mode] ?? 'allowed'}`, () => {
        expect(cause(kit, mode, numberOf(name))).toBe(refused[mode]);
      });

  it('a CSR that does not exist is illegal even in the guest', () => {
    for (const mode of ['M', 'HS', 'U', 'VS', 'VU'] as const) expect(cause(kit, mode, 0x5c0)).toBe(2);
  });

  it('TVM guards satp and hgatp in HS, VTVM satp in VS', () => {
    const fresh = new CoreKit();
    fresh.setBits('mstatus', 1n << 20n);
    expect(cause(fresh, 'HS', numberOf('satp'))).toBe(2);
    expect(cause(fresh, 'HS', numberOf('hgatp'))).toBe(2);
    expect(cause(fresh, 'HS', numberOf('vsatp'))).toBeUndefined();
    expect(cause(fresh, 'VS', numberOf('satp'))).toBeUndefined();
    fresh.setBits('hstatus', 1n << 20n);
    expect(cause(fresh, 'VS', numberOf('satp'))).toBe(22);
  });

  it('counters: mcounteren, hcounteren, scounteren in that order', () => {
    const fresh = new CoreKit();
    const row = (): (number | undefined)[] =>
      (['HS', 'U', 'VS', 'VU'] as const).map((mode) => cause(fresh, mode, numberOf('instret')));
    expect(row()).toEqual([2, 2, 2, 2]);
    fresh.setCsr('mcounteren', 4n);
    expect(row()).toEqual([undefined, 2, 22, 22]);
    fresh.setCsr('hcounteren', 4n);
    expect(row()).toEqual([undefined, 2, undefined, 22]);
    fresh.setCsr('scounteren', 4n);
    expect(row()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('with V = 1 the supervisor registers are those of the guest', () => {
    const fresh = new CoreKit();
    for (const [name, vs, value] of [
      ['sscratch', 'vsscratch', 5n],
      ['stvec', 'vstvec', HANDLER.VS + 0x100n],
      ['sepc', 'vsepc', 0x8000_0008n],
      ['scause', 'vscause', 13n],
      ['stval', 'vstval', 6n],
      ['sstatus', 'vsstatus', 0x2_0000_0122n],
    ] as const) {
      fresh.enter('VS');
      fresh.csrInstruction(SYS_CSRRW, numberOf(name), value);
      expect(fresh.trap, name).toBeUndefined();
      expect(fresh.csr(vs), name).toBe(value);
      expect(fresh.csr(name), name).not.toBe(value);
    }
  });
});

describe('fields', () => {
  it('mstatus: MPP never 2, XLEN fields read 64 bits', () => {
    const kit = new CoreKit();
    kit.setCsr('mstatus', 1n << 11n);
    kit.setCsr('mstatus', 2n << 11n);
    expect((kit.csr('mstatus') >> 11n) & 3n).toBe(1n);
    expect((kit.csr('mstatus') >> 32n) & 15n).toBe(10n);
    expect((kit.csr('hstatus') >> 32n) & 3n).toBe(2n);
  });

  it('sstatus shows only its own fields and writes only those', () => {
    const kit = new CoreKit();
    kit.setCsr('mstatus', 0x1888n);
    kit.setCsr('sstatus', (1n << 64n) - 1n);
    expect(kit.csr('mstatus') & 0x1888n).toBe(0x1888n);
    expect(kit.csr('sstatus') & 0x18_88n).toBe(0n);
    expect(kit.csr('sstatus') & 0xc_0122n).toBe(0xc_0122n);
  });

  it('satp and vsatp ignore unsupported modes, hgatp keeps its mode and takes the rest', () => {
    const kit = new CoreKit();
    for (const name of ['satp', 'vsatp']) {
      kit.setCsr(name, (8n << 60n) | 0x123n);
      kit.setCsr(name, (5n << 60n) | 0x456n);
      expect(kit.csr(name)).toBe((8n << 60n) | 0x123n);
    }
    kit.setCsr('hgatp', (8n << 60n) | 0x120n);
    kit.setCsr('hgatp', (5n << 60n) | 0x457n);
    expect(kit.csr('hgatp')).toBe((8n << 60n) | 0x454n);
  });

  it('ASID and VMID have as many bits as the machine', () => {
    const virt = new CoreKit();
    virt.setCsr('satp', (1n << 60n) - 1n);
    expect(virt.csr('satp') >> 44n).toBe(0xffffn);
    const firesim = new CoreKit({ machine: 'firesim' });
    firesim.setCsr('satp', (1n << 60n) - 1n);
    firesim.setCsr('hgatp', (1n << 60n) - 1n);
    expect([firesim.csr('satp') >> 44n, firesim.csr('hgatp') >> 44n]).toEqual([0n, 0n]);
  });

  it('xepc bit 0 and xtvec bit 1 read zero', () => {
    const kit = new CoreKit();
    kit.setCsr('mepc', 0x8000_0003n);
    kit.setCsr('stvec', 0x8000_0003n);
    expect([kit.csr('mepc'), kit.csr('stvec')]).toEqual([0x8000_0002n, 0x8000_0001n]);
  });

  it('mhartid is the hart, misa says H and, in profile qemu, Z', () => {
    expect(new CoreKit({ harts: 2 }, 1).csr('mhartid')).toBe(1n);
    expect((new CoreKit().csr('misa') >> 7n) & 1n).toBe(1n);
    expect((new CoreKit({ dvext: 'qemu' }).csr('misa') >> 25n) & 1n).toBe(1n);
    expect((new CoreKit({ dvext: 'rocket' }).csr('misa') >> 25n) & 1n).toBe(0n);
  });

  it('cycle, time, instret read what they were before the reading instruction', () => {
    const kit = new CoreKit();
    kit.cycle = 500n;
    expect(kit.csrInstruction(SYS_CSRRS, numberOf('mcycle'))).toBe(500n);
    expect(kit.csrInstruction(SYS_CSRRS, numberOf('minstret'))).toBe(1n);
    kit.cycle = 1999n;
    expect(kit.csrInstruction(SYS_CSRRS, numberOf('time'))).toBe(19n);
  });
});

describe('time in the guest (dv-ext.md 11)', () => {
  function guestTime(dvext: 'none' | 'rocket' | 'strict'): bigint {
    const kit = new CoreKit({ dvext });
    kit.cycle = 10_000n;
    kit.setCsr('mcounteren', 7n);
    kit.setCsr('hcounteren', 7n);
    kit.setCsr('htimedelta', 1000n);
    if (dvext !== 'none') kit.setCsr('hutimedelta', 20n);
    kit.enter('VS');
    return kit.csrInstruction(SYS_CSRRS, numberOf('time'));
  }
  it('rocket shows the physical clock, the others add their deltas', () => {
    expect([guestTime('none'), guestTime('rocket'), guestTime('strict')]).toEqual([1100n, 100n, 1120n]);
  });

  it('rocket: rdtime works in every mode without enables, any other access to time is illegal', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    for (const mode of ['M', 'HS', 'U', 'HU', 'VS', 'VU'] as const) {
      expect(cause(kit, mode, numberOf('time'))).toBeUndefined();
      kit.enter(mode);
      kit.system(SYS_CSRRC, { raw: numberOf('time') << 20, rd: 5, rs1: 0 });
      expect(kit.trap?.cause).toBe(2n);
    }
  });
});

describe('context slots', () => {
  it('each address space has filters of its own; coming back finds them filled', () => {
    const kit = new CoreKit();
    kit.openPmp();
    const slot = (): number => kit.linear.u32(kit.h + L.CONTEXT);
    kit.enter('HS');
    kit.load(0x8010_0000n, 3);
    const host = slot();
    const tag = (): bigint => kit.linear.u64(kit.linear.u32(kit.h + L.RFILTER) + 0x100 * L.FILTER_ENTRY_SIZE);
    expect(tag()).toBe(0x8010_0000n);
    kit.csrInstruction(SYS_CSRRS, numberOf('sstatus'), 1n << 18n);
    expect(slot()).not.toBe(host);
    expect(tag()).toBe(BigInt(L.EMPTY_TAG));
    kit.csrInstruction(SYS_CSRRC, numberOf('sstatus'), 1n << 18n);
    expect(slot()).toBe(host);
    expect(tag()).toBe(0x8010_0000n);
  });
});
