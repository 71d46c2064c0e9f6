/**
 * All engines on the programs of the benchmark (`npm run bench:engine`), built here with the cross compiler and fewer rounds: equal at
 * every stop, and in the whole state at the end. Four harts write to memory of their own, as there.
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
/** Of RAM, for what a hart writes. */
const HART_BYTES = 0x0010_0000;

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

function program(name: ProgramName, harts: Harts): RawImage {
  const file = build(name, rounds[name][harts], harts, { folder, hartBytes: HART_BYTES, few: true });
  return { name, bytes: rawImage(file), address: BigInt(RAM_BASE) };
}

describe.runIf(compilerThere).each(['integer', 'memory', 'strings', 'cold'] as const)('%s', (name) => {
  describe.each([1, 4] as const)('harts: %d', (harts) => {
    let raw: RawImage[];
    beforeAll(() => void (raw = [program(name, harts)]));

    test.each(['none', 'rocket'] as const)('timing %s', (timing) => {
      const config = resolveConfig({ memoryBytes: (1 + harts) * HART_BYTES, timing, harts });
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
