/** What happens at points of a machine's time: the run is interrupted there, which software does not notice. */
import type { Machine } from '#libs/riscv-core';

export interface Milestone {
  /** Machine.time at which it happens next; Infinity = never. */
  readonly cycle: number;
  /** Instructions of all harts at which it happens next; Infinity = never. */
  readonly instret: number;
  /** Moves its point past the machine's. */
  reached(): void;
}

export class Milestones {
  constructor(
    private readonly machine: Machine,
    private readonly all: readonly Milestone[],
  ) {}

  /** Where the machine must stop next. */
  get cycle(): number {
    return Math.min(...this.all.map(({ cycle }) => cycle));
  }

  /** At most so many instructions until then; at least one. */
  budget(slice: number): number {
    if (this.all.length === 0) return slice;
    const left = Math.min(...this.all.map(({ instret }) => instret)) - this.machine.totalInstret();
    return Math.max(1, Math.min(slice, left));
  }

  /** Call when the machine has stopped. */
  check(): void {
    for (const one of this.all)
      if (this.machine.time() >= one.cycle || this.machine.totalInstret() >= one.instret) one.reached();
  }
}
