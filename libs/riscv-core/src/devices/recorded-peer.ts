/**
 * A far end whose state is all that has happened to it, in order: the frames it received and the appointments that came due, with their
 * cycles. A new one that is told the same is in the same state, whatever it keeps. What it must be is deterministic: it may know nothing but
 * its frames and its clock. The price is memory for every frame received, so only far ends that may be saved are recorded.
 */
import type { DeviceState } from './device.js';
import type { DeviceClock, EventClock } from './dma.js';
import type { FarEnd, LinkPeer, SavedPeer } from './link.js';
import { bytesOf, fieldsOf, listOf, numberOf, StateError } from './state-reader.js';

/** `what`: a frame received, or the number of the appointment kept (the far end's first one is 0). */
interface Happening {
  readonly cycle: number;
  readonly what: Uint8Array | number;
}

interface Appointment {
  readonly action: (cycle: number) => void;
  /** Its number on the link's clock; undefined while what has happened is told again. */
  readonly event: number | undefined;
}

/** `peer`, which has not been connected, as a part of snapshots of kind `kind`. */
export function recordedPeer(kind: string, peer: FarEnd): LinkPeer {
  return new RecordedPeer(kind, peer);
}

class RecordedPeer implements LinkPeer {
  readonly saved: SavedPeer;
  private readonly history: Happening[] = [];
  private readonly pending = new Map<number, Appointment>();
  private planned = 0;
  private clock: EventClock | undefined;
  /** Cycle of what is told again; undefined: it happens now. */
  private toldAt: number | undefined;

  constructor(
    kind: string,
    private readonly peer: FarEnd,
  ) {
    this.saved = { kind, state: () => this.state(), restore: (state) => this.restore(state) };
  }

  connect(send: (frame: Uint8Array) => void, clock: EventClock): void {
    this.clock = clock;
    const own: DeviceClock = {
      now: () => this.toldAt ?? clock.now(),
      at: (cycle, action) => this.plan(cycle, action),
    };
    this.peer.connect((frame) => {
      // What it sent then is on the link or has arrived.
      if (this.toldAt === undefined) send(frame);
    }, own);
  }

  receive(frame: Uint8Array, cycle: number): void {
    this.happens({ cycle, what: frame.slice() });
  }

  private plan(cycle: number, action: (cycle: number) => void): void {
    const number = this.planned++;
    const event = this.toldAt === undefined ? this.connected().at(cycle, this.due(number)) : undefined;
    this.pending.set(number, { action, event });
  }

  private due(number: number): (cycle: number) => void {
    return (cycle) => this.happens({ cycle, what: number });
  }

  private happens(happening: Happening): void {
    this.history.push(happening);
    const { cycle, what } = happening;
    if (typeof what !== 'number') {
      this.peer.receive(what.slice(), cycle);
      return;
    }
    const appointment = this.pending.get(what);
    if (appointment === undefined) throw new StateError(what, 'the number of an appointment that the far end has made');
    this.pending.delete(what);
    appointment.action(cycle);
  }

  private state(): DeviceState {
    return [
      this.history.map(({ cycle, what }) => [cycle, what]),
      [...this.pending].map(([number, { event }]) => [number, event!]),
    ];
  }

  private restore(state: DeviceState): void {
    const [history, pending] = fieldsOf(state, 2);
    for (const happening of listOf(history)) {
      const [at, what] = fieldsOf(happening, 2);
      const cycle = (this.toldAt = numberOf(at));
      this.happens({ cycle, what: typeof what === 'number' ? what : bytesOf(what) });
    }
    this.toldAt = undefined;
    const events = new Map(listOf(pending).map((one) => fieldsOf(one, 2).map(numberOf) as [number, number]));
    for (const [number, { action }] of this.pending) {
      const event = events.get(number);
      if (event === undefined) throw new StateError(number, 'an appointment that the far end had made then, too');
      this.pending.set(number, { action, event });
      this.connected().resume(event, this.due(number));
    }
    if (events.size !== this.pending.size)
      throw new StateError(events.size, `${this.pending.size} appointments of the far end`);
  }

  private connected(): EventClock {
    if (this.clock === undefined) throw new Error('recorded peer: found no link, expected connect() first');
    return this.clock;
  }
}
