/** A clock and a cable for tests: two peers joined by a link with latency and bandwidth. */
import type { EventClock, LinkPeer } from '#libs/riscv-core';

interface Appointment {
  readonly cycle: number;
  readonly number: number;
  action: (cycle: number) => void;
}

/** Equal cycles keep the order in which they were asked for. */
export class TestClock implements EventClock {
  private present = 0;
  private planned = 0;
  private appointments: Appointment[] = [];

  now(): number {
    return this.present;
  }

  at(cycle: number, action: (cycle: number) => void): number {
    if (cycle < this.present) throw new Error(`clock: found cycle ${cycle}, expected at least ${this.present}`);
    const index = this.appointments.findLastIndex((other) => other.cycle <= cycle) + 1;
    this.appointments.splice(index, 0, { number: this.planned, cycle, action });
    return this.planned++;
  }

  resume(number: number, action: (cycle: number) => void): void {
    const appointment = this.appointments.find((other) => other.number === number);
    if (appointment === undefined) throw new Error(`clock: found no appointment ${number}`);
    appointment.action = action;
  }

  /** Until nothing is due, `done` holds, or `limit` is reached. False: at the limit. */
  run(limit: number, done: () => boolean = () => false): boolean {
    while (!done()) {
      const [next] = this.appointments;
      if (next === undefined) return true;
      if (next.cycle > limit) return false;
      this.appointments.shift();
      this.present = next.cycle;
      next.action(next.cycle);
    }
    return true;
  }
}

export interface CableTiming {
  readonly latency: number;
  readonly cyclesPerByte: number;
}

/** 1 Gb/s at 3.2 GHz. */
export const gigabit: CableTiming = { latency: 6415, cyclesPerByte: 25.6 };

/** `seen` is told of every frame as it starts, with its cycle and who sent it. */
export function join(
  clock: TestClock,
  left: LinkPeer,
  right: LinkPeer,
  timing: CableTiming = gigabit,
  seen: (frame: Uint8Array, cycle: number, from: 'left' | 'right') => void = () => undefined,
): void {
  const way = (to: LinkPeer, from: 'left' | 'right'): ((frame: Uint8Array) => void) => {
    let free = 0;
    return (frame) => {
      seen(frame, clock.now(), from);
      free = Math.max(free, clock.now()) + Math.ceil(frame.length * timing.cyclesPerByte);
      clock.at(free + timing.latency, (cycle) => to.receive(frame, cycle));
    };
  };
  left.connect(way(right, 'left'), clock);
  right.connect(way(left, 'right'), clock);
}
