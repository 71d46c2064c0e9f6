/** Several harts in turns: what the length Q of a turn does to cycle counts. Q = 1 is the reference; `npm run skew` prints the report. */
import { describe, expect, it } from 'vitest';
import { hartCycles, skewOf } from '../../scripts/skew/measure.js';
import { skewPrograms } from '../../scripts/skew/programs.js';

/** Starting values of random replacement. One run alone is luck: with turns of one cycle, too, they lie up to 1 % apart. */
const SEEDS = [1, 998, 1995, 2992, 3989];

/** Percent by which all harts together differ from turns of one cycle, mean over the seeds. */
function skew(name: string, quantum: number): number {
  const program = skewPrograms.find((one) => one.name === name)!;
  const all = SEEDS.map(
    (seed) => skewOf(hartCycles(program, 1, seed), hartCycles(program, quantum, seed), quantum).sum,
  );
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}

describe('harts with memory of their own: longer turns against turns of one cycle', () => {
  it.each([
    { name: 'four harts in their L1', within: 0.01 },
    { name: 'four harts in the L2', within: 0.5 },
    { name: 'four harts in the LLC', within: 1 },
    { name: 'four harts in LLC and DRAM', within: 1 },
    { name: 'four harts in the DRAM', within: 1 },
  ])('$name: within $within %', ({ name, within }) => {
    for (const quantum of [100, 1000, 8000]) expect(Math.abs(skew(name, quantum)), `Q=${quantum}`).toBeLessThan(within);
  });

  // Were answers of requests outstanding when a timer fires, interrupts would come ten times as late.
  it('timer interrupts come as late as with turns of one cycle', () => {
    const name = skewPrograms.find(({ kind }) => kind === 'timers')!.name;
    for (const quantum of [1000, 8000]) expect(Math.abs(skew(name, quantum)), `Q=${quantum}`).toBeLessThan(30);
  });
});

describe('harts that wait for one another', () => {
  const waiting = skewPrograms.filter(({ kind }) => kind === 'waiting');
  it.each(waiting)('$name: turns of 2 and 4 cycles give the figures of turns of one', (program) => {
    const reference = hartCycles(program, 1);
    for (const quantum of [2, 4]) expect(hartCycles(program, quantum), `Q=${quantum}`).toEqual(reference);
  });

  it('a word in memory: turns of 1000 cycles do not', () => {
    const [spinning] = waiting;
    expect(skewOf(hartCycles(spinning!, 1), hartCycles(spinning!, 1000), 1000).sum).toBeGreaterThan(10);
  });
});
