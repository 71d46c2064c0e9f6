/** A line per so many cycles: machine time, instructions, and a hash over the line before and the machine's whole state. */
import { createHash } from 'node:crypto';
import type { Machine } from '#libs/riscv-core';
import type { Milestone } from './milestones.js';

export class HashChain implements Milestone {
  readonly instret = Infinity;
  cycle: number;
  private link = '';

  constructor(
    private readonly machine: Machine,
    private readonly every: number,
    private readonly write: (line: string) => void,
  ) {
    this.cycle = this.after(machine.time());
  }

  /** Where a machine sleeps over several points, they are one line. */
  reached(): void {
    const { machine } = this;
    this.line();
    this.cycle = this.after(machine.time());
  }

  /** The last line: the state at the end. */
  line(): void {
    const { machine } = this;
    this.link = createHash('sha256')
      .update(this.link + machine.stateHash())
      .digest('hex');
    this.write(`${machine.time()} ${machine.totalInstret()} ${this.link}\n`);
  }

  private after(time: number): number {
    return (Math.floor(time / this.every) + 1) * this.every;
  }
}
