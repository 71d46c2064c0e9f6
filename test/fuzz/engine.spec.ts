/** A few hostile programs of each kind, the same in every run; many others: `npm run fuzz:engine`. */
import { describe, expect, test } from 'vitest';
import { fuzzKinds, makeCase } from './cases.js';
import { runCase } from './run-case.js';

const SEEDS = [1, 2, 3];

describe.each(fuzzKinds)('%s', (kind) => {
  test.each(SEEDS)('ends in a defined way on every engine: seed %i', (seed) => {
    expect(['limit', 'deadlock', 'finisher', 'reset']).toContain(runCase(makeCase(seed, kind)));
  });
});
