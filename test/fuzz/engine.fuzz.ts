/** One hostile program after another for FUZZ_MINUTES, from FUZZ_SEED on; started by run.mjs. */
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { fuzzKinds, makeCase } from './cases.js';
import { runCase } from './run-case.js';

const firstSeed = Number(process.env['FUZZ_SEED']);
const until = performance.now() + Number(process.env['FUZZ_MINUTES']) * 60_000;
const only = process.env['FUZZ_KIND'];
/** What is being run, for the case that never ends. */
const heartbeat = process.env['FUZZ_HEARTBEAT']!;

test('hostile programs', () => {
  const endings = new Map<string, number>();
  let cases = 0;
  let seed = firstSeed;
  do {
    for (const kind of fuzzKinds.filter((name) => only === undefined || name === only)) {
      writeFileSync(heartbeat, `--seed ${seed} --kind '${kind}'`);
      try {
        const ending = runCase(makeCase(seed, kind));
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
        cases++;
      } catch (error) {
        const again = `npm run fuzz:engine -- --seed ${seed} --kind '${kind}' --minutes 0`;
        throw new Error(`${kind}, seed ${seed}: ${(error as Error).message}\n  again: ${again}`, { cause: error });
      }
    }
    seed++;
  } while (performance.now() < until);
  const list = [...endings].map(([ending, count]) => `${ending} ${count}`).join(', ');
  process.stdout.write(`fuzz: ${cases} programs on four engines ended as expected: ${list}\n`);
});
