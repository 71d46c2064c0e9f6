/**
 * The seed of everything random in the tests, so that two runs of one revision do the same. `DVFARM_TEST_SEED=n npm test` tries other
 * cases; a failing property prints the seed and the counterexample.
 */
import fc from 'fast-check';

export const testSeed = readSeed(process.env['DVFARM_TEST_SEED'] ?? '20231107');

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: testSeed });

function readSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0x7fff_ffff)
    throw new Error(`DVFARM_TEST_SEED: found "${text}", expected a whole number up to 2147483647`);
  return seed;
}
