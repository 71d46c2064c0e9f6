/** From what the probes measured to the metrics of a micro-benchmark's run (contracts/result.ts names them). */
import type { Metric } from '#libs/contracts';
import type { Measurement } from '#libs/riscv-core';
import { trapSums } from './trap-counts.js';

/** `columnOf` gives the column of kvm-cost.md that a step counts to. */
export function metricsOf(measured: Measurement, columnOf: (step: string) => string): Metric[] {
  const { operations } = measured;
  const perOperation = (value: number): number => value / operations;
  const sums = trapSums(measured.traps);
  const metrics: Metric[] = [
    { name: 'operations', labels: {}, value: operations, unit: 'operations' },
    { name: 'cycles.total', labels: {}, value: perOperation(measured.cycles), unit: 'cycles/op' },
    { name: 'instructions.total', labels: {}, value: perOperation(measured.instructions), unit: 'insns/op' },
    { name: 'exits.total', labels: {}, value: sums.exits, unit: 'exits' },
    { name: 'exits.kernel', labels: {}, value: sums.kernelExits, unit: 'exits' },
    { name: 'exits.host-interrupt', labels: {}, value: sums.hostInterrupts, unit: 'exits' },
    { name: 'traps.kernel', labels: {}, value: sums.trapsToKernel, unit: 'traps' },
  ];
  for (const [phase, cycles] of sorted(measured.phases))
    metrics.push({ name: 'cycles.phase', labels: { phase }, value: perOperation(cycles), unit: 'cycles/op' });
  for (const [step, instructions] of sorted(measured.steps))
    metrics.push({
      name: 'instructions.step',
      labels: { step, column: columnOf(step) },
      value: perOperation(instructions),
      unit: 'insns/op',
    });
  for (const { cause, count } of sums.byCause)
    metrics.push({ name: 'exits', labels: { cause }, value: count, unit: 'exits' });
  return metrics;
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
