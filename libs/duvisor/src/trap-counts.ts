/** The machine's trap counters, summed to what reports speak of. */
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

/** Counts between two moments. A VM exit is a trap from V=1 to a mode with V=0. */
export interface TrapSums {
  /** VM exits that the guest caused, to whichever mode. */
  readonly exits: number;
  /** Of these, into HS-mode or firmware. */
  readonly kernelExits: number;
  /**
   * Host interrupts that found the guest running, such as the tick: no act of the guest caused them, and duvisor.md section 1
   * leaves them in the kernel under either hypervisor.
   */
  readonly hostInterrupts: number;
  /** All traps into HS-mode or firmware, system calls and interrupts of the host software included. */
  readonly trapsToKernel: number;
  /** Traps out of V=1 by cause, host interrupts among them; causes that occurred. */
  readonly byCause: readonly { readonly cause: string; readonly count: number }[];
}

export function trapSums(counts: Measurement['traps']): TrapSums {
  const at = (from: number, to: number, cause: number): number => counts[from + to * PER_MODE + cause] ?? 0;
  const causes = Array.from({ length: PER_MODE }, (_, cause) => cause);
  const sum = (from: number, to: number): number => causes.reduce((total, cause) => total + at(from, to, cause), 0);
  const fromGuestToKernel = (wanted: readonly number[]): number =>
    wanted.reduce((total, cause) => total + at(FROM_GUEST, TO_HS, cause) + at(FROM_GUEST, TO_M, cause), 0);

  const kernelExits = fromGuestToKernel(causes.filter((cause) => cause < INTERRUPT));
  const hostInterrupts = fromGuestToKernel(causes.filter((cause) => cause >= INTERRUPT));
  const byCause = causes.flatMap((cause) => {
    const count = [TO_HU, TO_HS, TO_M].reduce((total, to) => total + at(FROM_GUEST, to, cause), 0);
    return count > 0 ? [{ cause: causeName(cause), count }] : [];
  });
  return {
    exits: kernelExits + sum(FROM_GUEST, TO_HU),
    kernelExits,
    hostInterrupts,
    trapsToKernel: kernelExits + hostInterrupts + sum(0, TO_HS) + sum(0, TO_M),
    byCause,
  };
}

function causeName(index: number): string {
  if (index < INTERRUPT) return exceptionNames[index] ?? `exception-${index}`;
  return `interrupt-${interruptNames[index - INTERRUPT] ?? String(index - INTERRUPT)}`;
}
