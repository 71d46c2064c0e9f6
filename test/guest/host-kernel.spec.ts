/**
 * Firmware and host kernel, from reset to the end of a user process: the program guest/selftest checks the kernel from
 * outside, one part per test. Prebuilt images, fast engine, no cycle model.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  buildMachine,
  engineFactory,
  memoryMap,
  resolveConfig,
  type LinkPeer,
  type MachineExit,
} from '#libs/riscv-core';
import { writeCpio } from '../../libs/duvisor/src/cpio.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));

const LIMIT = 600_000_000;
const SLICE = 10_000_000;

interface Boot {
  preset: 'virt' | 'firesim';
  dvext?: 'none' | 'rocket' | 'strict';
  harts?: number;
  seed?: number;
  init?: string;
  /** Words of the kernel command line before `--`. */
  kernel?: string;
  /** With a disk of 32 sectors and a network whose far end sends frames back. */
  devices?: boolean;
}

/** Sends every frame back to its sender. */
class Mirror implements LinkPeer {
  private send: (frame: Uint8Array) => void = () => undefined;

  connect(send: (frame: Uint8Array) => void): void {
    this.send = send;
  }

  receive(frame: Uint8Array): void {
    this.send(Uint8Array.from([...frame.subarray(6, 12), ...frame.subarray(0, 6), ...frame.subarray(12)]));
  }
}

interface Ended {
  exit: MachineExit['kind'];
  code: number;
  console: string;
  instret: number;
}

/** Boots with selftest as init and `parts` as its arguments. */
function run(parts: string, boot: Boot): Ended {
  const { preset, dvext = 'none', harts = 1, seed = 1, init = '/init', kernel = '', devices = false } = boot;
  const initrd = writeCpio([
    { path: '/init', mode: 0o755, data: image('selftest.elf') },
    { path: '/data.txt', mode: 0o644, data: new TextEncoder().encode('0123456789\n') },
  ]);
  const text: number[] = [];
  const { machine } = buildMachine(
    resolveConfig({
      machine: preset,
      dvext,
      harts,
      timing: 'none',
      seed,
      ...(devices ? { net: { peer: new Mirror() }, block: { image: new Uint8Array(32 * 512) } } : {}),
    }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: [{ name: 'host.bin', bytes: image('host.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: { name: 'initrd', bytes: initrd },
      append: `init=${init} seed=${seed} ${kernel} -- ${parts}`,
    },
    engineFactory('interpreter'),
    { write: (bytes) => text.push(...bytes) },
  );
  for (;;) {
    const state = machine.run(SLICE, LIMIT, false);
    if (state.kind === 'running') continue;
    if (state.kind === 'needs-input') throw new Error('the test has no input to give');
    return {
      exit: state.kind,
      code: 'code' in state ? Number(state.code) : -1,
      console: new TextDecoder().decode(Uint8Array.from(text)),
      instret: machine.totalInstret(),
    };
  }
}

const passed = (parts: string): object => ({
  exit: 'finisher',
  code: 0,
  console: expect.stringContaining(`ok ${parts.split(' ').at(-1) ?? ''}`) as string,
});

describe('the host kernel runs user programs', () => {
  it.each(['files', 'memory', 'threads', 'waiting', 'misaligned', 'traps', 'kvm'])('%s, on virt', (part) => {
    expect(run(part, { preset: 'virt' })).toMatchObject(passed(part));
  });

  it.each(['memory', 'threads', 'misaligned', 'dv-driver'])('%s, on firesim with DV-ext rocket', (part) => {
    expect(run(part, { preset: 'firesim', dvext: 'rocket' })).toMatchObject(passed(part));
  });

  it.each([
    ['disk', 'none'],
    ['tap', 'none'],
    ['disk tap', 'rocket'],
    ['vplic', 'rocket'],
  ] as const)('%s, on firesim with DV-ext %s', (parts, dvext) => {
    expect(run(parts, { preset: 'firesim', dvext, devices: true })).toMatchObject(passed(parts));
  });

  it('boots in a few hundred thousand instructions', () => {
    const ended = run('traps', { preset: 'firesim', dvext: 'rocket' });
    expect(ended).toMatchObject(passed('traps'));
    expect(ended.instret).toBeLessThan(500_000);
  });

  it('counts what it hands out and gets it back', () => {
    const ended = run('memory', { preset: 'virt', kernel: 'statistics=1' });
    const count = (what: string): number => Number(new RegExp(`(\\d+) ${what}`).exec(ended.console)?.[1]);
    // The program writes 64 pages of its own and, for a while, a few thousand more; every anonymous page is on a list.
    expect(count('freed')).toBeGreaterThan(2000);
    expect(count('anonymous')).toBeGreaterThan(64);
    expect(count('anonymous')).toBeLessThan(100);
    expect(count('inactive') + count('active')).toBe(count('anonymous'));
  });

  it('parks the other harts', () => {
    expect(run('traps', { preset: 'virt', harts: 4 })).toMatchObject(passed('traps'));
  });

  it('takes another path through memory with another seed', () => {
    const instret = [1, 2, 3].map((seed) => run('traps', { preset: 'virt', seed }).instret);
    expect(new Set(instret).size).toBe(3);
    expect(run('traps', { preset: 'virt', seed: 3 }).instret).toBe(instret[2]);
  });
});

describe('a process that does what it may not', () => {
  it.each([
    ['null-store', 11],
    ['text-store', 11],
    ['kernel-load', 11],
    ['data-fetch', 11],
    ['stack', 11],
    ['illegal', 4],
    ['csr', 4],
    ['sret', 4],
    ['breakpoint', 5],
  ])('%s is killed by signal %i and the kernel says so', (how, signal) => {
    expect(run(`crash=${how}`, { preset: 'virt' })).toMatchObject({
      exit: 'finisher',
      code: 128 + signal,
      console: expect.stringContaining(`killed by signal ${signal}`) as string,
    });
  });

  it.each([
    ['dv-foreign', ''],
    ['dv-foreign-host', 'vpmp=perVm'],
  ])('%s %s: a guest outside its memory takes its process down, not the host', (part, kernel) => {
    const ended = run(part, { preset: 'firesim', dvext: 'rocket', kernel });
    expect(ended).toMatchObject({ exit: 'finisher', code: 128 + 9 });
    expect(ended.console).toContain('in the guest');
    expect(ended.console).not.toContain('panic');
  });

  it('an init that is not there stops the kernel with its own exit code', () => {
    expect(run('', { preset: 'virt', init: '/missing' })).toMatchObject({
      code: 254,
      console: expect.stringContaining('init /missing') as string,
    });
  });
});
