/**
 * Reference = interpreter = JIT on random programs: registers, CSRs, memory, instret, cycles and state hash at every stop.
 *
 * One seed again: DIFF_FLAVOUR='<name>' DIFF_SEED=<n> npx vitest run test/differential/random-programs.spec.ts
 * More of them:   DIFF_SEEDS=500 npx vitest run test/differential/random-programs.spec.ts
 */
import { describe, expect, test } from 'vitest';
import { lockstep } from './lockstep.js';
import { flavours } from './flavours.js';
import { makeProgram } from './random-program.js';
import { Random } from './random.js';

const SEEDS = Number(process.env['DIFF_SEEDS'] ?? 8);
const onlySeed = process.env['DIFF_SEED'];
const onlyFlavour = process.env['DIFF_FLAVOUR'];
const BLOCKS = 60;
const LIMIT = 4000;

describe.each(flavours.filter(({ name }) => onlyFlavour === undefined || onlyFlavour === name))('$name', (flavour) => {
  const seeds = onlySeed === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(onlySeed)];
  test.each(seeds)('seed %i', (seed) => {
    const random = new Random(seed);
    const program = makeProgram(random, flavour, BLOCKS);
    const step = 1 + random.below(flavour.step ?? 60);
    try {
      const result = lockstep(program, flavour.options, LIMIT, step);
      expect(result.instructions).toBeGreaterThan(100);
    } catch (error) {
      const again = `DIFF_FLAVOUR='${flavour.name}' DIFF_SEED=${seed} npx vitest run test/differential/random-programs.spec.ts`;
      throw new Error(`${(error as Error).message}\n  again: ${again}`, { cause: error });
    }
  });
});
