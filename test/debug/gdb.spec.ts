/** Stock gdb-multiarch at `dvfarm exec --gdb`, on every engine: what it shows, and that the machine does not notice. */
import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { exec } from '../../apps/cli/src/commands/exec.js';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { finish, program, report } from '../exec/exec.testkit.js';

/** Adds 1 to 10 into `total` by a function; hart 1 does nothing but sleep. */
const SUM = `
  bnez a0, asleep
  la s0, total
  li s1, 1
  li s2, 11
next: mv a0, s1
  call add
  addi s1, s1, 1
  bne s1, s2, next
done:
  ld a1, 0(s0)
${finish('0x5555')}
add: ld t0, 0(s0)
  add t0, t0, a0
store: sd t0, 0(s0)
  ret
asleep: wfi
  j asleep
.align 3
total: .dword 0
`;

/** Addresses by label: GDB is told numbers. */
const symbols = assemble(SUM).symbols;
const at = (label: string): string => `0x${symbols.get(label)!.toString(16)}`;
const TOTAL = `*(long long*)${at('total')}`;

afterEach(() => vi.restoreAllMocks());

/** Runs the program under GDB with these commands; GDB's output and the program's exit code. */
async function debug(args: readonly string[], commands: readonly string[]): Promise<{ text: string; code: number }> {
  let announce: (port: string) => void;
  const port = new Promise<string>((resolve) => (announce = resolve));
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    const found = /127\.0\.0\.1:(\d+)/.exec(String(chunk))?.[1];
    if (found !== undefined) announce(found);
    return true;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const ended = exec([...args, '--gdb', '0', '--memory', '2M']);
  const script = ['set confirm off', 'set pagination off', `target remote 127.0.0.1:${await port}`, ...commands];
  const gdb = spawn('gdb-multiarch', ['-nx', '-batch', ...script.flatMap((line) => ['-ex', line]), args[0]!]);
  let text = '';
  gdb.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  gdb.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve, reject) => gdb.on('close', resolve).on('error', reject));
  return { text, code: await ended };
}

describe.each(engineNames)('gdb-multiarch on the %s', (engine) => {
  const on = ['--engine', engine, '--machine', 'firesim', '--harts', '2'];

  it('breaks, steps, watches, reads and writes, and lets the program end', async () => {
    const elf = program('sum.elf', SUM);
    const { text, code } = await debug(
      [elf, ...on],
      [
        'p/x $pc',
        `break *${at('add')}`,
        'continue',
        'p $a0',
        'p/x $pc',
        'stepi',
        'p/x $pc',
        'info threads',
        'delete',
        `watch ${TOTAL}`,
        'continue',
        'continue',
        `x/gd ${at('total')}`,
        'p/x $pc',
        'delete',
        'set $s1 = 9',
        `set ${TOTAL} = 100`,
        `break *${at('done')}`,
        'continue',
        `x/gd ${at('total')}`,
        'p/x $mstatus & 0',
        'monitor counts',
        'continue',
      ],
    );
    expect(text).toMatch(/\$1 = 0x80000000/);
    expect(text).toMatch(new RegExp(`Breakpoint 1, .*\n\\$2 = 1\n\\$3 = ${at('add')}\n`));
    expect(text).toContain(`$4 = 0x${(symbols.get('add')! + 4n).toString(16)}\n`);
    expect(text).toMatch(/\* 1 .*hart 0, M[\s\S]*2 .*hart 1, M/);
    expect(text).toMatch(
      /Hardware watchpoint 2.*[\s\S]*Old value = 0\nNew value = 1\n[\s\S]*Old value = 1\nNew value = 3\n/,
    );
    expect(text).toContain(`:\t3\n$5 = 0x${(symbols.get('store')! + 4n).toString(16)}\n`);
    // 100 and what s1 = 9 made of the loop's end: one more call, with 10.
    expect(text).toMatch(/:\t110\n\$6 = 0x0\n/);
    expect(text).toMatch(/hart 0: \d+ cycles, \d+ instructions/);
    expect(text).toMatch(/\[Inferior 1 \(Remote target\) exited normally\]/);
    expect(code).toBe(0);
  });

  it('changes nothing: cycles and state at the end are those of a run without it', async () => {
    const elf = program('sum.elf', SUM);
    const alone = (await report(elf, ...on, '--memory', '2M')).json;
    const out: string[] = [];
    const { code } = await debug(
      [elf, ...on, '--json'],
      [
        `break *${at('add')}`,
        'continue',
        'continue',
        'stepi 7',
        'delete',
        `watch ${TOTAL}`,
        'continue',
        'delete',
        'detach',
      ],
    );
    for (const [chunk] of vi.mocked(process.stdout.write).mock.calls) out.push(String(chunk));
    const under = JSON.parse(out.join('')) as typeof alone;
    expect(code).toBe(0);
    expect({ ...under, hostSeconds: 0, cpuSeconds: 0, mips: 0 }).toEqual({
      ...alone,
      hostSeconds: 0,
      cpuSeconds: 0,
      mips: 0,
    });
  });
});
