import type { DeviceClock } from '#libs/riscv-core';

/** One deadline that can be moved or dropped, over a clock whose appointments cannot be cancelled. */
export class Timer {
  private deadline: number | undefined;
  /** Earliest appointment with the clock that is still to come. */
  private appointment: number | undefined;

  constructor(
    private readonly clock: DeviceClock,
    private readonly expired: () => void,
  ) {}

  get armed(): boolean {
    return this.deadline !== undefined;
  }

  /** Expires `delay` cycles from now instead of when it was to. */
  start(delay: number): void {
    this.deadline = this.clock.now() + Math.ceil(delay);
    this.arrange();
  }

  stop(): void {
    this.deadline = undefined;
  }

  private arrange(): void {
    const { deadline } = this;
    if (deadline === undefined || (this.appointment !== undefined && this.appointment <= deadline)) return;
    this.appointment = deadline;
    this.clock.at(deadline, (cycle) => this.called(cycle));
  }

  private called(cycle: number): void {
    // An appointment that an earlier deadline has overtaken.
    if (cycle !== this.appointment) return;
    this.appointment = undefined;
    if (this.deadline !== undefined && this.deadline <= cycle) {
      this.deadline = undefined;
      this.expired();
    } else this.arrange();
  }
}
