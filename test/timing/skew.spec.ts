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
    { name: 'four harts in their L1', at100: 0.01, at1000: 0.01 },
    { name: 'four harts in the L2', at100: 0.3, at1000: 0.3 },
    { name: 'four harts in the LLC', at100: 1, at1000: 1 },
    { name: 'four harts in LLC and DRAM', at100: 1, at1000: 1 },
    { name: 'four harts in the DRAM', at100: 1, at1000: 1 },
  ])('$name: within $at100 % and $at1000 %', ({ name, at100, at1000 }) => {
    expect(Math.abs(skew(name, 100))).toBeLessThan(at100);
    expect(Math.abs(skew(name, 1000))).toBeLessThan(at1000);
  });
});

describe('harts that wait for one another', () => {
  const waiting = skewPrograms.filter(({ kind }) => kind === 'waiting');
  it.each(waiting)('$name: turns of 2 and 4 cycles give the figures of turns of one', (program) => {
    const reference = hartCycles(program, 1);
    for (const quantum of [2, 4]) expect(hartCycles(program, quantum), `Q=${quantum}`).toEqual(reference);
  });

  it('a word in memory: long turns do not', () => {
    const [spinning] = waiting;
    expect(skewOf(hartCycles(spinning!, 1), hartCycles(spinning!, 1000), 1000).sum).toBeGreaterThan(100);
  });
});
