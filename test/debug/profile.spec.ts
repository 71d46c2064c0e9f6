/** `dvfarm exec --profile`: to whom the cycles go. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { finish, path, program, report } from '../exec/exec.testkit.js';

/** main calls outer, which calls inner twice; a trap in between. */
const CALLS = `
main: la t0, handler
  csrw mtvec, t0
  call outer
  ecall
  j end
outer: mv s1, ra
  call inner
  call inner
  mv ra, s1
  ret
inner: li t1, 100
inner_loop: addi t1, t1, -1
  bnez t1, inner_loop
  ret
.align 2
handler: csrr t2, mepc
  addi t2, t2, 4
  csrw mepc, t2
  mret
end:
${finish('0x5555')}`;

it.each(engineNames)('sums to the clock and knows who called whom, on the %s', async (engine) => {
  const elf = program('calls.elf', CALLS);
  const args = [elf, '--memory', '2M', '--engine', engine, '--machine', 'firesim'];
  const alone = (await report(...args)).json;
  const { json } = await report(...args, '--profile', path('folded'));
  expect([json.cycles, json.stateHash]).toEqual([alone.cycles, alone.stateHash]);
  const lines = readFileSync(path('folded'), 'utf8').trimEnd().split('\n');
  const cycles = new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
  expect([...cycles.values()].reduce((a, b) => a + b, 0)).toBe(alone.cycles);
  expect(cycles.get('hart 0;M;main;outer;inner_loop')).toBeGreaterThan(300);
  expect(lines.join('\n')).toMatch(/^hart 0;M;handler \d+$/m);
});

it('draws a flame graph', async () => {
  await report(program('calls.elf', CALLS), '--memory', '2M', '--profile', path('graph.svg'));
  const svg = readFileSync(path('graph.svg'), 'utf8');
  expect(svg).toMatch(/^<svg [\s\S]*<title>inner_loop: \d+ cycles, \d+\.\d\d %<\/title>[\s\S]*<\/svg>\n$/);
});
