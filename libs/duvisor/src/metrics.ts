/** From what the probes measured to the metrics of a run (contracts/result.ts names them). */
import type { Metric } from '#libs/contracts';
import type { Measurement } from '#libs/riscv-core';

/** Exception causes a guest can leave by (Privileged ISA 8.5.1), as report labels. */
const exceptionNames: Readonly<Record<number, string>> = {
  0: 'fetch-misaligned',
  1: 'fetch-access',
  2: 'illegal-instruction',
  3: 'breakpoint',
  4: 'load-misaligned',
  5: 'load-access',
  6: 'store-misaligned',
  7: 'store-access',
  8: 'ecall-u',
  9: 'ecall-s',
  10: 'ecall-vs',
  11: 'ecall-m',
  12: 'fetch-page-fault',
  13: 'load-page-fault',
  15: 'store-page-fault',
  20: 'fetch-guest-page-fault',
  21: 'load-guest-page-fault',
  22: 'virtual-instruction',
  23: 'store-guest-page-fault',
};
const interruptNames: Readonly<Record<number, string>> = {
  0: 'user-software',
  1: 'supervisor-software',
  2: 'vs-software',
  3: 'machine-software',
  4: 'user-timer',
  5: 'supervisor-timer',
  6: 'vs-timer',
  7: 'machine-timer',
  8: 'user-external',
  9: 'supervisor-external',
  10: 'vs-external',
  11: 'machine-external',
};

/** Layout of the trap counters: [from V=1][to mode][128: cause, or 64 + interrupt number]. */
const PER_MODE = 128;
const FROM_GUEST = 4 * PER_MODE;
const INTERRUPT = 64;
const [TO_HU, TO_HS, TO_M] = [0, 1, 3];

/** `columnOf` gives the column of kvm-cost.md that a step counts to. */
export function metricsOf(measured: Measurement, columnOf: (step: string) => string): Metric[] {
  const { operations } = measured;
  const perOperation = (value: number): number => value / operations;
  const traps = (from: number, to: number, cause: number): number => measured.traps[from + to * PER_MODE + cause] ?? 0;
  const causes = Array.from({ length: PER_MODE }, (_, cause) => cause);
  const sum = (from: number, to: number): number => causes.reduce((total, cause) => total + traps(from, to, cause), 0);

  const fromGuestToKernel = (wanted: readonly number[]): number =>
    wanted.reduce((total, cause) => total + traps(FROM_GUEST, TO_HS, cause) + traps(FROM_GUEST, TO_M, cause), 0);
  // What the guest caused. A host interrupt that happens to find the guest running, such as the tick, is counted apart:
  // duvisor.md section 1 leaves it in the kernel under either hypervisor.
  const kernelExits = fromGuestToKernel(causes.filter((cause) => cause < INTERRUPT));
  const hostInterrupts = fromGuestToKernel(causes.filter((cause) => cause >= INTERRUPT));
  const metrics: Metric[] = [
    { name: 'operations', labels: {}, value: operations, unit: 'operations' },
    { name: 'cycles.total', labels: {}, value: perOperation(measured.cycles), unit: 'cycles/op' },
    { name: 'instructions.total', labels: {}, value: perOperation(measured.instructions), unit: 'insns/op' },
    { name: 'exits.total', labels: {}, value: kernelExits + sum(FROM_GUEST, TO_HU), unit: 'exits' },
    { name: 'exits.kernel', labels: {}, value: kernelExits, unit: 'exits' },
    { name: 'exits.host-interrupt', labels: {}, value: hostInterrupts, unit: 'exits' },
    // From the VMM and the hypervisor too: system calls, host interrupts.
    {
      name: 'traps.kernel',
      labels: {},
      value: kernelExits + hostInterrupts + sum(0, TO_HS) + sum(0, TO_M),
      unit: 'traps',
    },
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
  for (const cause of causes) {
    const count = [TO_HU, TO_HS, TO_M].reduce((total, to) => total + traps(FROM_GUEST, to, cause), 0);
    if (count > 0) metrics.push({ name: 'exits', labels: { cause: causeName(cause) }, value: count, unit: 'exits' });
  }
  return metrics;
}

function causeName(index: number): string {
  if (index < INTERRUPT) return exceptionNames[index] ?? `exception-${index}`;
  return `interrupt-${interruptNames[index - INTERRUPT] ?? String(index - INTERRUPT)}`;
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
