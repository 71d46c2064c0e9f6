/**
 * The network at the far side of the NIC: a full-duplex link with latency and bandwidth, and somebody at its end. Everything
 * happens at target cycles; the peer is simulated too (a load generator, another node). The link loses nothing; faults are
 * a peer's business.
 */
import type { DeviceState } from './device.js';
import type { DeviceClock, EventClock } from './dma.js';
import { bytesOf, fieldsOf, listOf, numberOf } from './state-reader.js';

/** Somebody at the far end who keeps nothing for a snapshot. */
export interface FarEnd {
  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void;
  receive(frame: Uint8Array, cycle: number): void;
}

/** Who is at the far end. Frames are whole Ethernet frames without check sequence, {@link MIN_FRAME} to {@link MAX_FRAME} bytes. */
export interface LinkPeer {
  /** Called once; `send` puts a frame on the link at the present cycle, or when the link is free. */
  connect(send: (frame: Uint8Array) => void, clock: EventClock): void;
  /** A frame from the NIC has arrived in full. It is the receiver's to keep. */
  receive(frame: Uint8Array, cycle: number): void;
  /** A far end without it cannot be part of a snapshot. */
  readonly saved?: SavedPeer;
}

/** A far end's part of a snapshot. When it is restored, link and clock have been: it resumes the events that it had planned. */
export interface SavedPeer {
  /** What it is, for whoever makes it again. */
  readonly kind: string;
  state(): DeviceState;
  restore(state: DeviceState): void;
}

export interface LinkTiming {
  /** Cycles that a bit travels, one way: link and switch (rocket-timing.md 9). */
  readonly latency: number;
  /** Cycles that one byte occupies the link. */
  readonly cyclesPerByte: number;
}

/** An Ethernet header. */
export const MIN_FRAME = 14;
/** Header and an MTU of 1500. */
export const MAX_FRAME = 1514;

/** On the wire a frame has at least so many bytes before the check sequence ... */
const MIN_WIRE_BYTES = 60;
/** ... and preamble, check sequence and gap occupy the link too. */
const FRAME_OVERHEAD_BYTES = 24;

interface Flying {
  readonly frame: Uint8Array;
  readonly arrival: number;
  /** Number of the event that is its arrival. */
  readonly event: number;
}

/** One direction. Frames arrive in the order in which they were sent. */
class Lane {
  /** Cycle at which the last byte handed over so far has left. */
  private free = 0;
  private readonly flying: Flying[] = [];
  private readonly land = (cycle: number): void => this.deliver(this.flying.shift()!.frame, cycle);

  constructor(
    private readonly clock: EventClock,
    private readonly timing: LinkTiming,
    private readonly deliver: (frame: Uint8Array, cycle: number) => void,
  ) {}

  /** Returns the cycle at which the frame's last byte has left. */
  send(frame: Uint8Array): number {
    if (frame.length < MIN_FRAME || frame.length > MAX_FRAME)
      throw new RangeError(`link: frame of ${frame.length} bytes, expected ${MIN_FRAME} to ${MAX_FRAME}`);
    const bytes = Math.max(frame.length, MIN_WIRE_BYTES) + FRAME_OVERHEAD_BYTES;
    this.free = Math.max(this.free, this.clock.now()) + Math.ceil(bytes * this.timing.cyclesPerByte);
    const arrival = this.free + this.timing.latency;
    this.flying.push({ frame: frame.slice(), arrival, event: this.clock.at(arrival, this.land) });
    return this.free;
  }

  state(): DeviceState {
    return [this.free, this.flying.map(({ frame, arrival, event }) => [arrival, event, frame])];
  }

  restore(state: DeviceState | undefined): void {
    const [free, flying] = fieldsOf(state, 2);
    this.free = numberOf(free);
    // What the far end sent when it was connected belongs to the past.
    this.flying.length = 0;
    for (const one of listOf(flying)) {
      const [arrival, event, frame] = fieldsOf(one, 3);
      this.flying.push({ frame: bytesOf(frame), arrival: numberOf(arrival), event: numberOf(event) });
      this.clock.resume(numberOf(event), this.land);
    }
  }
}

export class Link {
  private readonly toPeer: Lane;
  private readonly toNic: Lane;

  constructor(peer: LinkPeer, clock: EventClock, timing: LinkTiming, deliver: (frame: Uint8Array) => void) {
    this.toPeer = new Lane(clock, timing, (frame, cycle) => peer.receive(frame, cycle));
    this.toNic = new Lane(clock, timing, deliver);
    peer.connect((frame) => void this.toNic.send(frame), clock);
  }

  /** The NIC starts to send `frame` now, or when the link is free; returns the cycle at which its last byte has left. */
  fromNic(frame: Uint8Array): number {
    return this.toPeer.send(frame);
  }

  state(): DeviceState {
    return [this.toPeer.state(), this.toNic.state()];
  }

  restore(state: DeviceState | undefined): void {
    const [toPeer, toNic] = fieldsOf(state, 2);
    this.toPeer.restore(toPeer);
    this.toNic.restore(toNic);
  }
}
