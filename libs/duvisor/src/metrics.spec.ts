import type { Measurement } from '#libs/riscv-core';
import { describe, expect, it } from 'vitest';
import { metricsOf } from './metrics.js';

const HU = 0;
const HS = 1;
const M = 3;
const INTERRUPT = 64;

/** Ten operations with traps given as [from V=1, to mode, cause, how often]. */
function measured(traps: readonly (readonly [boolean, number, number, number])[]): Measurement {
  const counts = Array.from({ length: 2 * 4 * 128 }, () => 0);
  for (const [fromGuest, mode, cause, often] of traps) counts[((fromGuest ? 4 : 0) + mode) * 128 + cause] = often;
  const phases = new Map([
    ['guest', 300],
    ['exit', 700],
  ]);
  return { operations: 10, cycles: 1000, instructions: 500, phases, steps: new Map([['trap', 500]]), traps: counts };
}

function values(traps: Parameters<typeof measured>[0]): Record<string, number> {
  const metrics = metricsOf(measured(traps), () => 'switch');
  return Object.fromEntries(
    metrics.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
  );
}

describe('metrics of a measured section', () => {
  it('gives cycles and instructions per operation', () => {
    expect(values([])).toMatchObject({
      operations: 10,
      'cycles.total': 100,
      'cycles.phase guest': 30,
      'cycles.phase exit': 70,
      'instructions.total': 50,
      'instructions.step trap switch': 50,
    });
  });

  it('tells exits to the user-level hypervisor from exits to the kernel', () => {
    expect(values([[true, HU, 10, 10]])).toMatchObject({ 'exits.total': 10, 'exits.kernel': 0, 'exits ecall-vs': 10 });
    expect(
      values([
        [true, HS, 21, 7],
        [true, M, 5, 1],
      ]),
    ).toMatchObject({ 'exits.total': 8, 'exits.kernel': 8 });
  });

  it('counts a host interrupt that finds the guest running apart from the exits the guest caused', () => {
    const tick = values([
      [true, HU, 10, 10],
      [true, M, INTERRUPT + 7, 1],
      [true, HS, INTERRUPT + 5, 1],
    ]);
    expect(tick).toMatchObject({
      'exits.total': 10,
      'exits.kernel': 0,
      'exits.host-interrupt': 2,
      'traps.kernel': 2,
      'exits interrupt-supervisor-timer': 1,
    });
  });

  it('counts traps of the host software only among all traps into the kernel', () => {
    expect(values([[false, HS, 8, 4]])).toMatchObject({ 'exits.total': 0, 'exits.kernel': 0, 'traps.kernel': 4 });
  });
});
