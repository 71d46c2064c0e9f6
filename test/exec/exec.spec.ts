/** `dvfarm exec` as a user meets it: programs, options, exit codes, JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  awaitInterrupt,
  copySector,
  descriptor,
  driverOk,
  interruptsToMachineMode,
  NET,
  queueMemory,
  startDevice,
  startQueue,
} from '../devices/io-program.js';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { makeElf } from '../../libs/riscv-core/src/machine/elf.testkit.js';
import { finish, path, program, report, run } from './exec.testkit.js';

const HELLO = `
  la a0, text
  li t0, 0x10000000
next: lbu t1, 0(a0)
  beqz t1, done
  sb t1, 0(t0)
  addi a0, a0, 1
  j next
done:
${finish('0x5555')}
text: .byte 72, 105, 10, 0
`;

/** Sends a frame and ends with its 13th byte when it has come back; passes at once when there is no network device. */
const PING = `
  li s0, ${NET}
  la t0, absent
  csrw mtvec, t0
  lw t0, 0(s0)
${interruptsToMachineMode}
${startDevice}
${startQueue(0, 'rx', 4)}
${startQueue(1, 'tx', 4)}
${driverOk}
  li t1, 1
  la t0, tx_avail
  sh t1, 0(t0)
  sh t1, 2(t0)
  la t0, rx_avail
  sh t1, 2(t0)
  sw t1, 0x50(s0)
${awaitInterrupt('frame')}
  la t0, received
  lbu t2, 24(t0)
  slli t2, t2, 16
  li t1, 0x3333
  or t1, t1, t2
  li t0, 0x100000
  sw t1, 0(t0)
stuck: j stuck
.align 2
absent:
${finish('0x5555')}
.align 12
${queueMemory('rx', [descriptor('received', 128, { write: true })])}
${queueMemory('tx', [descriptor('sent', 72)])}
sent: .zero 24
  .byte 42
  .zero 47
.align 3
received: .zero 128
`;

/** Hart 0 interrupts hart 1, which sleeps. */
const IPI = `
  bnez a0, other
  li t0, 3000
wait: addi t0, t0, -1
  bnez t0, wait
  li t0, 0x2000004
  li t1, 1
  sw t1, 0(t0)
spin: j spin
other: li t1, 8
  csrw mie, t1
  wfi
${finish('0x00053333')}`;

describe.each(['interpreter', 'reference', 'jit'])('exec on the %s', (engine) => {
  const on = ['--engine', engine];

  it('prints what the program prints and ends with the finisher code', async () => {
    expect(await run(program('hello.elf', HELLO), ...on)).toEqual({ code: 0, out: 'Hi\n', err: '' });
    expect((await run(program('fail.elf', finish('0x00073333')), ...on)).code).toBe(7);
    expect((await run(program('reset.elf', finish('0x7777')), ...on)).code).toBe(0);
  });

  it('with --json gives one line on standard output, the console on standard error', async () => {
    const { ended, json } = await report(program('hello.elf', HELLO), ...on);
    expect(ended.err).toBe('Hi\n');
    expect(json).toMatchObject({ exit: { kind: 'finisher', code: 0 }, engine, timing: 'none' });
    expect(json.instret).toBe(json.cycles);
    expect(json.harts).toEqual([{ instret: json.instret, cycles: json.cycles }]);
    expect(json.stateHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('ends by HTIF: 255 at most for the shell, exact in JSON', async () => {
    const source = `
  la t0, tohost
  li t1, ${2 * 1337 + 1}
  sd t1, 0(t0)
stop: j stop
.align 6
tohost: .dword 0
fromhost: .dword 0
`;
    const { ended, json } = await report(program('htif.elf', source), ...on);
    expect(ended.code).toBe(255);
    expect(json.exit).toEqual({ kind: 'htif', code: 1337 });
  });

  it('stops at the instruction limit with 124, at the same place every time', async () => {
    const elf = program('loop.elf', 'loop: addi a0, a0, 1\n j loop\n');
    const first = await report(elf, ...on, '--max-instructions', '1001');
    expect(first.ended.code).toBe(124);
    expect(first.json).toMatchObject({ exit: { kind: 'limit', code: 124 }, instret: 1002 });
    expect((await report(elf, ...on, '--max-instructions', '1001')).json.stateHash).toBe(first.json.stateHash);
  });

  it('ends a machine that can never wake with 125', async () => {
    const { ended, json } = await report(program('wfi.elf', 'sleep: wfi\n j sleep\n'), ...on);
    expect(ended.code).toBe(125);
    expect(json.exit).toEqual({ kind: 'deadlock', code: 125 });
  });

  it('sleeps until the timer: time passes, instructions do not', async () => {
    const source = `
  li t0, 0x2004000
  li t1, 5000
  sd t1, 0(t0)
  li t1, 0x80
  csrw mie, t1
  wfi
${finish('0x5555')}`;
    const { json } = await report(program('timer.elf', source), ...on);
    expect(json.cycles).toBeGreaterThanOrEqual(500_000);
    expect(json.cycles).toBeLessThan(500_100);
    expect(json.instret).toBeLessThan(50);
  });

  it('wakes hart 1 by a software interrupt from hart 0', async () => {
    const { ended, json } = await report(program('ipi.elf', IPI), ...on, '--harts', '2', '--quantum', '100');
    expect(ended.code).toBe(5);
    expect(json.harts).toHaveLength(2);
    expect(json.harts[1]?.cycles).toBeGreaterThan(6000);
    expect(json.cycles).toBe((json.harts[0]?.cycles ?? 0) + (json.harts[1]?.cycles ?? 0));
  });

  it('writes the signature on every kind of exit', async () => {
    const data = `
begin_signature: .dword 0x0123456789abcdef
 .word 0xdeadbeef
end_signature: .word 0
tohost: .dword 0
`;
    const file = path(`signature-${engine}`);
    await run(program('sig.elf', `${finish('0x5555')}.align 3\n${data}`), ...on, '--signature', file);
    expect(readFileSync(file, 'utf8')).toBe('0123456789abcdef\n00000000deadbeef\n');
    writeFileSync(file, '');
    const looping = program('sig-limit.elf', `loop: j loop\n.align 3\n${data}`);
    expect((await run(looping, ...on, '--signature', file, '--max-instructions', '5')).code).toBe(124);
    expect(readFileSync(file, 'utf8')).toBe('0123456789abcdef\n00000000deadbeef\n');
  });

  it('starts a raw image at the lowest address loaded, with hart id and device tree in a0 and a1', async () => {
    // Exit code: the first two bytes of the device tree (d0 0d) shifted, plus the hart id.
    const { bytes } = assemble(`
  lbu t2, 0(a1)
  addi t2, t2, -208
  add t2, t2, a0
  addi t2, t2, 9
  slli t2, t2, 16
  li t1, 0x3333
  or t1, t1, t2
  li t0, 0x100000
  sw t1, 0(t0)
stop: j stop
`);
    writeFileSync(path('raw.bin'), bytes);
    writeFileSync(path('initrd'), 'disk');
    const args = [
      '--load',
      `${path('raw.bin')}@0x80200000`,
      '--initrd',
      `${path('initrd')}@0x81000000`,
      '--append',
      'x',
    ];
    expect((await run(...args, ...on)).code).toBe(9);
  });

  it('firesim traps a misaligned load, virt carries it out', async () => {
    const source = `
  la t0, handler
  csrw mtvec, t0
  la t0, data
  lw t1, 1(t0)
${finish('0x5555')}
.align 2
handler:
${finish('0x00043333').replaceAll('stop', 'halt')}
.align 3
data: .dword 0
`;
    const elf = program('misaligned.elf', source);
    expect((await run(elf, ...on)).code).toBe(0);
    expect((await run(elf, ...on, '--misaligned', 'trap')).code).toBe(4);
    expect((await run(elf, ...on, '--machine', 'firesim')).code).toBe(4);
    expect((await run(elf, ...on, '--machine', 'firesim', '--misaligned', 'emulate')).code).toBe(0);
  });
});

describe('exec', () => {
  it('gives equal state, instructions and cycles on all engines, with either cycle model', async () => {
    const elf = program('hello.elf', HELLO);
    for (const timing of ['none', 'rocket', 'rocket:firesim-1ghz', 'rocket:chipyard-huge']) {
      const figures = async (engine: string): Promise<unknown[]> => {
        const { json } = await report(elf, '--engine', engine, '--timing', timing);
        return [json.stateHash, json.instret, json.cycles, json.timing];
      };
      const one = await figures('interpreter');
      for (const other of ['reference', 'jit']) expect(await figures(other)).toEqual(one);
    }
  });

  it('gives equal state on all engines with two harts, for any length of turns', async () => {
    const elf = program('ipi.elf', IPI);
    for (const options of [
      ['--quantum', '1'],
      ['--quantum', '77', '--timing', 'rocket'],
    ]) {
      const one = (await report(elf, '--harts', '2', '--engine', 'interpreter', ...options)).json;
      for (const engine of ['reference', 'jit']) {
        const other = (await report(elf, '--harts', '2', '--engine', engine, ...options)).json;
        expect([one.stateHash, one.harts]).toEqual([other.stateHash, other.harts]);
      }
    }
  });

  it('takes a parameter of the cycle model and follows it', async () => {
    const elf = program('hello.elf', HELLO);
    const cycles = async (value: string): Promise<number> =>
      (await report(elf, '--timing', 'rocket', '--set', `mmio.roundTrip=${value}`)).json.cycles;
    // Four device stores, three characters and the finisher: each waits until the one before is through.
    expect((await cycles('26')) - (await cycles('16'))).toBe(30);
  });

  describe('event counts of the cycle model', () => {
    /** Rows of the file by column. */
    async function counted(
      ...options: string[]
    ): Promise<{ rows: Record<string, string>[]; cycles: number; hash: string }> {
      const elf = program('hello.elf', HELLO);
      const file = path('counts.csv');
      const { json } = await report(elf, '--timing', 'rocket', '--counters', file, ...options);
      const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
      const names = header!.split(',');
      const rows = lines.map((line) =>
        Object.fromEntries(line.split(',').map((value, i) => [names[i]!, value] as const)),
      );
      return { rows, cycles: json.cycles, hash: json.stateHash };
    }
    const total = (rows: Record<string, string>[], column: string): number =>
      rows.filter(({ mode }) => mode === 'all').reduce((sum, row) => sum + Number(row[column]), 0);

    it('come as one sample, by hart and mode', async () => {
      const { rows, cycles } = await counted();
      expect(rows.map(({ hart, mode }) => [hart, mode])).toEqual([
        ['0', 'all'],
        ['0', 'M'],
      ]);
      expect(Number(rows[0]!['cycles'])).toBe(cycles);
      // Three characters and the finisher, each behind a look at the line status or not: at least four.
      expect(Number(rows[0]!['mmio.access'])).toBeGreaterThanOrEqual(4);
      expect(Number(rows[0]!['l1i.miss'])).toBeGreaterThan(0);
    });

    it('come as a series that sums to the whole, equal on all engines, and change no cycle', async () => {
      const whole = await counted();
      const plain = (await report(path('hello.elf'), '--timing', 'rocket')).json;
      const series = await counted('--sample-every', '100');
      expect([series.cycles, series.hash]).toEqual([plain.cycles, plain.stateHash]);
      expect(series.rows.length).toBeGreaterThanOrEqual(4);
      for (const column of ['cycles', 'instructions', 'l1i.miss', 'mmio.access', 'stall.l1i', 'llc.miss'])
        expect(total(series.rows, column), column).toBe(total(whole.rows, column));
      for (const engine of ['reference', 'jit'])
        expect((await counted('--sample-every', '100', '--engine', engine)).rows).toEqual(series.rows);
    });

    it('are refused without a cycle model, and samples without a file', async () => {
      const elf = program('hello.elf', HELLO);
      const none = await run(elf, '--counters', path('counts.csv'));
      expect([none.code, none.err]).toEqual([
        2,
        'dvfarm exec: --counters: found timing "none", which has no events, expected --timing rocket\n',
      ]);
      expect((await run(elf, '--sample-every', '5')).err).toContain('--counters FILE with it');
    });
  });

  it('writes the console to a file on request', async () => {
    const ended = await run(program('hello.elf', HELLO), '--uart', path('console'));
    expect(ended.out).toBe('');
    expect(readFileSync(path('console'), 'utf8')).toBe('Hi\n');
  });

  it('gives the program a disk and leaves its file alone; --blk-out takes what it became', async () => {
    const elf = program('copy.elf', copySector(finish('0x5555')));
    writeFileSync(path('disk'), `A${'-'.repeat(600)}`);
    const before = readFileSync(path('disk'));
    const ends = [];
    for (const engine of ['interpreter', 'reference']) {
      const { ended, json } = await report(elf, '--engine', engine, '--blk', path('disk'), '--blk-out', path('disk2'));
      expect([ended.code, ended.err]).toEqual([0, 'A']);
      const after = readFileSync(path('disk2'));
      expect(after).toHaveLength(1024);
      expect(after.subarray(512).equals(before.subarray(0, 512))).toBe(true);
      ends.push([json.stateHash, json.cycles]);
    }
    expect(ends[0]).toEqual(ends[1]);
    expect(readFileSync(path('disk')).equals(before)).toBe(true);
  });

  it('--net echo: what a program sends comes back to it', async () => {
    const elf = program('ping.elf', PING);
    expect((await run(elf, '--net', 'echo')).code).toBe(42);
    expect((await run(elf)).code).toBe(0);
  });

  it('prints its help', async () => {
    const ended = await run('--help');
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(/^usage: dvfarm exec/);
  });

  it.each([
    ['no file', () => [path('missing.elf')], /missing\.elf: found no such file/],
    ['no ELF', () => [path('text')], /text: found no ELF header, expected an ELF executable/],
    ['a truncated ELF', () => [path('truncated')], /truncated: found 100 bytes, expected .*truncated/],
    ['a segment outside RAM', () => [path('far')], /far: found load range 0x1000\.\.0x1004, expected one inside RAM/],
    [
      'overlapping load ranges',
      () => ['--load', `${path('text')}@0x80000000`, '--load', `${path('text')}@0x80000003`],
      /found load range .* overlapping/,
    ],
    ['too much memory', () => [path('text'), '--memory', '64G'], /--memory: found 68719476736/],
    [
      'an unknown parameter',
      () => [path('text'), '--timing', 'rocket', '--set', 'l9.x=1'],
      /--set l9\.x: found no such parameter/,
    ],
    ['DV-ext without H', () => [path('text'), '--isa', 'rv64imac', '--dvext', 'rocket'], /--dvext/],
    ['no signature to write', () => [path('good'), '--signature', path('s')], /found no symbol begin_signature/],
    ['a disk that is missing', () => [path('good'), '--blk', path('missing')], /missing: found no such file/],
    ['an empty disk', () => [path('good'), '--blk', path('empty')], /--blk: found .*empty, which is empty/],
    [
      'a disk that cannot be written',
      () => [path('good'), '--blk', path('text'), '--blk-out', path('no/where')],
      /no\/where: found no such file, expected a file that can be written/,
    ],
    [
      'a bandwidth of nothing',
      () => [path('good'), '--net', 'echo', '--set', 'net.gbps=0'],
      /--set net\.gbps: found 0/,
    ],
    ['a device tree that is none', () => [path('good'), '--dtb', path('text')], /text: found .*, expected/],
  ])('refuses %s with one line and exit code 2', async (_what, args, message) => {
    writeFileSync(path('text'), '#!/bin/sh\n');
    writeFileSync(path('empty'), '');
    const elf = makeElf({ entry: 0x8000_0000n, segments: [{ base: 0x8000_0000n, data: new Uint8Array(200) }] });
    writeFileSync(path('good'), elf);
    writeFileSync(path('truncated'), elf.slice(0, 100));
    writeFileSync(path('far'), makeElf({ entry: 0x1000n, segments: [{ base: 0x1000n, data: new Uint8Array(4) }] }));
    const ended = await run(...args());
    expect(ended.code).toBe(2);
    expect(ended.out).toBe('');
    expect(ended.err).toMatch(message);
    expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
  });
});
