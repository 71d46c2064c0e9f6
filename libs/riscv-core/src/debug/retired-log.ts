/** What a log of retired instructions needs: what it saw before an instruction, kept until the hart begins its next one. */
import type { InstructionObserver, Machine } from '../machine/machine.js';

export abstract class RetiredLog<Seen> implements InstructionObserver {
  private readonly begun = new Map<number, { readonly seen: Seen; readonly instret: number }>();

  constructor(protected readonly machine: Machine) {}

  before(hart: number, pc: bigint, raw: number): boolean {
    this.finish(hart);
    const seen = this.look(hart, pc, raw);
    if (seen !== undefined) this.begun.set(hart, { seen, instret: this.machine.instret(hart) });
    return false;
  }

  /** The machine has ended: what was begun last. */
  end(): void {
    for (const hart of this.machine.harts) this.finish(hart);
  }

  /** Before the instruction at `pc`; undefined = it is not for this log. */
  protected abstract look(hart: number, pc: bigint, raw: number): Seen | undefined;

  /** The instruction has retired; one that trapped never does. */
  protected abstract retired(hart: number, seen: Seen): void;

  private finish(hart: number): void {
    const begun = this.begun.get(hart);
    if (begun === undefined) return;
    this.begun.delete(hart);
    if (this.machine.instret(hart) > begun.instret) this.retired(hart, begun.seen);
  }
}
