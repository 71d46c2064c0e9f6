/**
 * The guest kernel on the bare machine: boot, processes, memory, files, time. The program guest/vmtest checks it from
 * outside, one part per word.
 */
import type { LinkPeer } from '#libs/riscv-core';
import { describe, expect, it } from 'vitest';
import { diskImage, onQemu, onSimulator, qemuInstalled, type Boot, type Ended } from './vm.testkit.js';

/** A far end that answers nothing. */
const silent: LinkPeer = { connect: () => undefined, receive: () => undefined };

const machines: readonly (readonly [string, (boot: Boot) => Ended])[] = [
  ['our simulator', onSimulator],
  ...(qemuInstalled ? [['QEMU', onQemu] as const] : []),
];

describe.each(machines)('the guest kernel on %s', (_name, run) => {
  it('gives a process memory, files and time, and powers off after it', () => {
    const ended = run({ append: 'run=/vmtest,memory,files,waiting' });
    expect(ended.console).toContain('ok memory\na vector\nok files\nok waiting\n');
    expect(ended.code).toBe(0);
  });

  it('finds its devices, reads the disk and keeps the rules of sockets', () => {
    const ended = run({
      append: 'ip=10.0.2.15/24 run=/vmtest,disk,sockets',
      disk: diskImage([5, 5000, 50_000]),
      peer: silent,
      nic: true,
    });
    expect(ended.console).toContain('ok disk\nok sockets\n');
    expect(ended.code).toBe(0);
  });

  it('has no sockets without an address', () => {
    expect(run({ append: 'run=/vmtest,offline,files', peer: silent, nic: true })).toMatchObject({ code: 0 });
  });

  it('shares the hart between processes that never sleep', () => {
    const ended = run({ append: 'run=/vmtest,spin run=/vmtest,spin' });
    expect(ended.console.match(/shared the hart/g), ended.console).toHaveLength(2);
    expect(ended.code).toBe(0);
  });

  it.each(['write', 'kernel', 'jump', 'illegal', 'memory'])(
    'ends a process that goes wrong (%s) and goes on with the others',
    (how) => {
      const ended = run({ append: `run=/vmtest,crash=${how} run=/vmtest,files`, memoryMiB: 64 });
      expect(ended.console).toMatch(/vm: \/vmtest: (page fault|killed|out of memory): cause/);
      expect(ended.console).toContain('ok files\n');
      expect(ended.code).not.toBe(0);
    },
  );

  it.each(['', 'run=/nothing', 'run=/data.txt'])('says why it cannot start "%s" and stops with an error', (append) => {
    const ended = run({ append });
    expect(ended.console).toContain('vm: panic: ');
    expect(ended.code).not.toBe(0);
  });
});

describe('the guest kernel on our simulator', () => {
  it.each([
    ['virt', 'strict'],
    ['firesim', 'rocket'],
  ] as const)('boots on %s with DV-ext %s', (preset, dvext) => {
    expect(onSimulator({ append: 'run=/vmtest,files', preset, dvext })).toMatchObject({ code: 0 });
  });
});
