/** `dvfarm exec --snapshot-out` and `--resume` as a user meets them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { copySector } from '../devices/io-program.js';
import { finish, path, program, report, run } from './exec.testkit.js';

/** Prints a letter every 700 instructions or so, to z. */
const LETTERS = `
  li s0, 0x10000000
  li s1, 97
next: sb s1, 0(s0)
  li t0, 350
wait: addi t0, t0, -1
  bnez t0, wait
  addi s1, s1, 1
  li t0, 123
  bne s1, t0, next
${finish('0x00033333')}
begin_signature: .dword 0x1122334455667788
end_signature:
`;

const letters = (): string[] => [program('letters.elf', LETTERS), '--memory', '2M'];
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

describe.each([
  ['interpreter', 'jit', 'none'],
  ['jit', 'reference', 'none'],
  ['jit', 'interpreter', 'rocket'],
  ['reference', 'jit', 'rocket'],
])('saved by the %s, resumed by the %s, timing %s', (from, to, timing) => {
  it.each(['cycle=9000', 'instret=9000'])('at %s: the same end as without a stop', async (point) => {
    const elf = letters();
    const expected = await report(...elf, '--engine', from, '--timing', timing);
    const file = path('half');
    const saving = await report(...elf, '--engine', from, '--timing', timing, '--snapshot-out', `${file}@${point}`);
    const resumed = await report('--resume', file, '--engine', to);
    const again = await report('--resume', file, '--engine', to);
    expect(expected.ended.code).toBe(3);
    expect(expected.ended.err).toBe(ALPHABET);
    for (const { ended, json } of [saving, resumed, again])
      expect({ ...ended, out: '', err: '', ...json, hostSeconds: 0, cpuSeconds: 0, mips: 0, engine: '' }).toEqual({
        ...expected.ended,
        out: '',
        err: '',
        ...expected.json,
        hostSeconds: 0,
        cpuSeconds: 0,
        mips: 0,
        engine: '',
      });
    const text = resumed.ended.err;
    expect(text.length).toBeGreaterThan(3);
    expect(text.length).toBeLessThan(24);
    expect(ALPHABET.endsWith(text)).toBe(true);
  });
});

describe('exec --snapshot-out', () => {
  it('without a point saves where the instruction limit stops the run', async () => {
    const file = path('limit');
    expect((await run(...letters(), '--max-instructions', '5000', '--snapshot-out', file)).code).toBe(124);
    const rest = await run('--resume', file);
    expect(rest.code).toBe(3);
    expect(ALPHABET.endsWith(rest.out)).toBe(true);
    // The instructions before the snapshot count.
    const limited = await report('--resume', file, '--max-instructions', '6000');
    expect(limited.json).toMatchObject({ exit: { kind: 'limit' }, instret: 6000 });
  });

  it('says so, and does not pass, when the machine ends before', async () => {
    const file = path('never');
    const pass = program('pass.elf', finish('0x5555'));
    const ended = await run(pass, '--memory', '2M', '--snapshot-out', `${file}@cycle=1000000`);
    expect(ended.code).toBe(1);
    expect(ended.err).toBe('dvfarm exec: --snapshot-out: no snapshot, the machine ended before cycle 1000000\n');
    expect((await run(...letters(), '--snapshot-out', file)).code).toBe(3);
    expect(existsSync(file)).toBe(false);
  });

  it('keeps what a disk held, for --blk-out', async () => {
    const disk = path('disk');
    writeFileSync(disk, Buffer.alloc(2048, 'abcdefgh'));
    const elf = program('disk.elf', copySector(finish('0x5555')));
    expect((await run(elf, '--memory', '2M', '--blk', disk, '--snapshot-out', `${path('busy')}@instret=60`)).code).toBe(
      0,
    );
    expect((await run('--resume', path('busy'), '--blk-out', path('out'))).code).toBe(0);
    expect(readFileSync(path('out'), 'latin1').slice(512, 1024)).toBe('abcdefgh'.repeat(64));
    expect((await run('--resume', path('busy'), '--signature', path('s'))).err).toMatch(
      /found no symbol begin_signature/,
    );
  });

  it('keeps the symbols that --signature needs', async () => {
    expect((await run(...letters(), '--snapshot-out', `${path('sig')}@cycle=100`)).code).toBe(3);
    expect((await run('--resume', path('sig'), '--signature', path('words'))).code).toBe(3);
    expect(readFileSync(path('words'), 'utf8')).toBe('1122334455667788\n');
  });
});

describe('exec --resume', () => {
  it.each([
    ['no snapshot', () => writeFileSync(path('bad'), 'ELF?'), /bad: found no snapshot, expected/],
    [
      'half a snapshot',
      () => writeFileSync(path('bad'), readFileSync(path('whole')).subarray(0, -1000)),
      /bad: found a damaged or cut-off snapshot, expected/,
    ],
    [
      'a snapshot of another version',
      () => {
        const bytes = readFileSync(path('whole'));
        bytes[8] = 77;
        writeFileSync(path('bad'), bytes);
      },
      /bad: found a snapshot of form 77, expected one of form \d+: make it again with this version/,
    ],
  ])('refuses %s with one line and exit code 2', async (_what, make, message) => {
    await run(...letters(), '--snapshot-out', `${path('whole')}@cycle=100`);
    make();
    const ended = await run('--resume', path('bad'));
    expect(ended.code).toBe(2);
    expect(ended.out).toBe('');
    expect(ended.err).toMatch(message);
    expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
  });
});
