/** `dvfarm exec --watch`: what it tells, and that the machine does not notice. */
import { describe, expect, it } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { finish, path, program, report, run } from '../exec/exec.testkit.js';
import { writeFileSync } from 'node:fs';

/** Every kind of access to `count`, some beside it, and one that traps. */
const ACCESSES = `
  la t0, on_trap
  csrw mtvec, t0
  la s0, count
  li a0, 5
first: sw a0, 0(s0)
  sb a0, 8(s0)
  sb a0, -1(s0)
  lhu a1, 2(s0)
  amoadd.w a2, a0, (s0)
  lr.w a3, (s0)
  sc.w a4, a1, (s0)
  sc.w a4, a0, (s0)
  lwu a5, 1(s0)
  fsd f1, -4(s0)
${finish('0x5555')}
.align 2
on_trap: csrr t2, mepc
  addi t2, t2, 4
  csrw mepc, t2
  mret
.align 3
  .dword 0
count: .dword 0
  .dword 0
`;

/** Without hart, cycle and pc; C = count. */
const WRITES = [
  'write C 0x00000000 -> 0x00000005',
  'read and write C 0x00000005 -> 0x0000000a',
  'write C 0x0000000a -> 0x00000000',
];
const ALL = [WRITES[0], 'read C+2 0x0000', WRITES[1], 'read C 0x0000000a', WRITES[2]];

async function watched(...args: string[]): Promise<string[]> {
  const elf = program('accesses.elf', ACCESSES);
  const { code, err } = await run(elf, '--memory', '2M', '--machine', 'firesim', ...args);
  expect(code).toBe(0);
  return err.split('\n').filter((line) => line !== '');
}

function effects(lines: readonly string[]): string[] {
  const count = BigInt(/write (0x[0-9a-f]{16})/.exec(lines[0]!)![1]!);
  return lines.map((line) =>
    line
      .replace(/^.*?: /, '')
      .replace(/0x[0-9a-f]{16}/, (address) => `C${BigInt(address) === count ? '' : `+${BigInt(address) - count}`}`),
  );
}

describe('a watched word', () => {
  it.each(engineNames)('is told of with hart, cycle, place and values on the %s', async (engine) => {
    const lines = await watched('--engine', engine, '--watch', 'count:8:rw');
    expect(effects(lines)).toEqual(ALL);
    expect(lines[0]).toMatch(/^hart 0 cycle [0-9]+ pc 0x00000000800000[0-9a-f]{2} first: write 0x/);
    expect(lines[1]).toMatch(/ first\+0xc: read /);
    expect(lines).toEqual(await watched('--watch', 'count:8:rw'));
    const cycles = lines.map((line) => Number(/cycle ([0-9]+) /.exec(line)![1]));
    expect(cycles).toEqual([...cycles].sort((a, b) => a - b));
  });

  it('is told of by kind and range, once however often it is watched', async () => {
    expect(effects(await watched('--watch', 'count'))).toEqual(WRITES);
    expect(effects(await watched('--watch', 'count:1:w', '--watch', 'count:4'))).toEqual(WRITES);
    const [first] = await watched('--watch', 'count');
    expect(effects([first!, ...(await watched('--watch', 'count+0x2:2:r'))])).toEqual(ALL.slice(0, 4));
    expect((await watched('--watch', 'count+0x8:1')).map((line) => line.slice(-12))).toEqual(['0x00 -> 0x05']);
  });

  it('of a device is told of without values', async () => {
    const [line, ...more] = await watched('--watch', '0x100000:4:w');
    expect(more).toEqual([]);
    expect(line).toMatch(/: write 0x0000000000100000 \? -> 0x00005555$/);
  });

  it.each(engineNames)('costs nothing on the %s, beside profile and commit log too', async (engine) => {
    const elf = program('accesses.elf', ACCESSES);
    const args = [elf, '--memory', '2M', '--engine', engine, '--machine', 'firesim'];
    const alone = (await report(...args)).json;
    const more = ['--profile', path('folded'), '--commit-log', path('log')];
    for (const extra of [[], more]) {
      const { json } = await report(...args, '--watch', '0x80000000:4096:rw', ...extra);
      expect([json.cycles, json.instret, json.stateHash]).toEqual([alone.cycles, alone.instret, alone.stateHash]);
    }
  });

  it('may be named by a symbol file, and must be known', async () => {
    const elf = program('accesses.elf', ACCESSES);
    writeFileSync(path('more'), '0000000000100000 finisher\n');
    expect(await watched('--watch', 'finisher:4', '--symbols', path('more'))).toHaveLength(1);
    const { code, err } = await run(elf, '--memory', '2M', '--watch', 'counter');
    expect([code, err]).toEqual([
      2,
      'dvfarm exec: --watch: found "counter", expected an address, or a symbol of the ELF or of --symbols\n',
    ]);
  });
});
