/**
 * All engines on the programs of the benchmark (`npm run bench:engine`), built here with the cross compiler and fewer rounds: equal at
 * every stop, and in the whole state at the end. Four harts have memory of their own, as there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, compiler, RAM_BASE, rawImage, type ProgramName } from '../../bench/engine/programs.mjs';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { compareMachines } from './lockstep.js';
import { engineOf } from './subjects.js';

type Harts = 1 | 4;
type RawImage = { readonly name: string; readonly bytes: Uint8Array; readonly address: bigint };

/** Rounds of each hart: some hundred thousand instructions, for the reference engine executes them too. */
const rounds: Record<ProgramName, Record<Harts, number>> = {
  integer: { 1: 2, 4: 1 },
  memory: { 1: 6000, 4: 1500 },
  strings: { 1: 60, 4: 20 },
  cold: { 1: 12, 4: 4 },
};
/** Bytes of RAM for each hart: the hash table, of which four harts have a part each, and then some. */
const hartBytes = { 1: 0x0100_0000, 4: 0x0040_0000 } as const;

const LIMIT = 20_000_000;
const STEP = 20_011;

const folder = mkdtempSync(join(tmpdir(), 'dvfarm-benchmarks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const compilerThere = spawnSync(compiler, ['--version']).status === 0;

test('the cross compiler is there', ({ skip }) => {
  const message = `${compiler} is not installed: the engines were not compared on the programs of the benchmark`;
  if (!compilerThere && process.env['CI'] === undefined) skip(message);
  expect(compilerThere, message).toBe(true);
});

function programs(name: ProgramName, harts: Harts): RawImage[] {
  return Array.from({ length: harts }, (_, hart) => {
    const variant = { folder, hartBytes: hartBytes[harts], few: true };
    return {
      name: `${name} of hart ${hart}`,
      bytes: rawImage(build(name, rounds[name][harts], hart, harts, variant)),
      address: BigInt(RAM_BASE + hart * hartBytes[harts]),
    };
  });
}

describe.runIf(compilerThere).each(['integer', 'memory', 'strings', 'cold'] as const)('%s', (name) => {
  describe.each([1, 4] as const)('harts: %d', (harts) => {
    let raw: RawImage[];
    beforeAll(() => void (raw = programs(name, harts)));

    test.each(['none', 'rocket'] as const)('timing %s', (timing) => {
      const config = resolveConfig({ memoryBytes: harts * hartBytes[harts], timing, harts });
      const result = compareMachines(
        (subject) =>
          buildMachine(config, { raw, entry: BigInt(RAM_BASE) }, engineOf(subject), { write: () => undefined }).machine,
        LIMIT,
        STEP,
      );
      expect(result.end).toBe('finisher 0');
      expect(result.instructions).toBeGreaterThan(100_000);
    });
  });
});
