/**
 * A snapshot in the middle of random programs: every extension, traps, two-stage translation, DV-ext, interrupts, reservations, with and
 * without the cycle model. Saved by one engine, resumed by others.
 *
 * One seed again: SNAPSHOT_SEED=<n> npx vitest run test/snapshot/isa.spec.ts
 */
import { describe, expect, test } from 'vitest';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { flavours } from '../differential/flavours.js';
import { RAM_BYTES } from '../differential/program-map.js';
import { makeProgram } from '../differential/random-program.js';
import { Random } from '../differential/random.js';
import { engineOf } from '../differential/subjects.js';
import { expectResumes } from './resume.testkit.js';

const SEEDS = process.env['SNAPSHOT_SEED'] === undefined ? [101] : [Number(process.env['SNAPSHOT_SEED'])];
const BLOCKS = 60;
const LIMIT = 4000;
const ENTRY = 0x8000_0000n;

describe.each(flavours.map((flavour, index) => ({ ...flavour, index })))('$name', (flavour) => {
  test.each(SEEDS)('seed %i', (seed) => {
    const random = new Random(seed);
    const program = makeProgram(random, flavour, BLOCKS);
    const config = resolveConfig({ memoryBytes: RAM_BYTES, ...flavour.options });
    const raw = [{ name: 'random program', bytes: program.image, address: ENTRY }];
    const points = [1, 2].map((n) => (n + random.below(100) / 100) / 3.2);
    const outcome = expectResumes(
      (subject, ports) => {
        const built = buildMachine(config, { raw, entry: ENTRY }, engineOf(subject), ports);
        for (const [address, value] of program.words) built.machine.ram.setU64(address, value);
        return built;
      },
      flavour.index % 2 === 0 ? 'interpreter' : 'jit',
      flavour.index % 2 === 0 ? ['jit', 'reference'] : ['interpreter', 'jit in small regions'],
      points,
      LIMIT,
    );
    expect(outcome.harts[0]!.instret).toBeGreaterThan(100);
  });
});
