/** What time it is for devices, and what they have planned. Part of a machine's run loop. */
import type { DeviceState } from '../devices/device.js';
import type { EventClock } from '../devices/dma.js';
import { EventQueue } from './event-queue.js';

export class DeviceTime implements EventClock {
  private readonly queue = new EventQueue();
  /** Cycle of the event being served. */
  private serving: number | undefined;

  /**
   * `present`: cycle of the access being served, when no event is; `planned` is told of each new event, which may be
   * earlier than all others.
   */
  constructor(
    private readonly present: () => number,
    private readonly planned: (cycle: number) => void,
  ) {}

  now(): number {
    return this.serving ?? this.present();
  }

  /** A cycle that has passed means now. */
  at(cycle: number, action: (cycle: number) => void): number {
    if (!Number.isSafeInteger(cycle)) throw new RangeError(`device event at cycle ${cycle}, expected a whole number`);
    const due = Math.max(cycle, this.now());
    const number = this.queue.schedule(due, action);
    this.planned(due);
    return number;
  }

  resume(number: number, action: (cycle: number) => void): void {
    this.queue.resume(number, action);
  }

  state(): DeviceState {
    return this.queue.state();
  }

  restore(state: DeviceState | undefined): void {
    this.queue.restore(state);
  }

  /** Cycle of the earliest event. */
  next(): number | undefined {
    return this.queue.next();
  }

  /** Serves every event due at `cycle` or earlier, in the order of cycle, then of planning. */
  runUntil(cycle: number): void {
    try {
      this.queue.runUntil(cycle, (due) => (this.serving = due));
    } finally {
      this.serving = undefined;
    }
  }
}
