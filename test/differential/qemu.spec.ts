/**
 * Interpreter = QEMU on generated bare-metal programs: every trap's CSRs and registers, and the data at the end, as the
 * programs send them to their UART. What QEMU does otherwise: qemu-deviations.ts.
 *
 * One seed again: DIFF_FLAVOUR='<name>' DIFF_SEED=<n> npx vitest run test/differential/qemu.spec.ts
 */
import { describe, expect, test } from 'vitest';
import { compareWithQemu, qemuFlavours } from './qemu-compare.js';
import { qemuVersion } from './qemu.js';

const SEEDS = Number(process.env['DIFF_SEEDS'] ?? 8);
const onlySeed = process.env['DIFF_SEED'];
const onlyFlavour = process.env['DIFF_FLAVOUR'];
/** Some programs run in circles for ever; then the next of this series is taken. */
const SERIES = 1000;

const version = qemuVersion();

test('QEMU is there', ({ skip }) => {
  const inCi = process.env['CI'] !== undefined;
  const message = 'qemu-system-riscv64 is not installed: the interpreter was not compared with QEMU';
  if (version === undefined && !inCi) skip(message);
  expect(version, message).toMatch(/^QEMU emulator version/);
});

describe.each(qemuFlavours.filter(({ name }) => onlyFlavour === undefined || onlyFlavour === name))(
  '$name',
  (flavour) => {
    const seeds = onlySeed === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(onlySeed)];
    test.skipIf(version === undefined).each(seeds)('seed %i', (first) => {
      for (let seed = first; ; seed += SERIES) {
        try {
          const result = compareWithQemu(flavour, seed);
          if (result === undefined) continue;
          expect(result.traps).toBeGreaterThan(3);
          return;
        } catch (error) {
          const again = `DIFF_FLAVOUR='${flavour.name}' DIFF_SEED=${seed} npx vitest run test/differential/qemu.spec.ts`;
          throw new Error(`${(error as Error).message}\n  again: ${again}`, { cause: error });
        }
      }
    });
  },
);
