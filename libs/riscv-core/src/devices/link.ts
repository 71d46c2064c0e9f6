/**
 * The network at the far side of the NIC: a full-duplex link with latency and bandwidth, and somebody at its end. Everything
 * happens at target cycles; the peer is simulated too (a load generator, another node).
 */
import type { DeviceClock } from './dma.js';

/** Who is at the far end. Frames are whole Ethernet frames without check sequence. */
export interface LinkPeer {
  /** Called once; `send` puts a frame on the link at the present cycle. */
  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void;
  /** A frame from the NIC has arrived in full. */
  receive(frame: Uint8Array, cycle: number): void;
}

export interface LinkTiming {
  /** Cycles that a bit travels, one way: link and switch (rocket-timing.md 9). */
  readonly latency: number;
  /** Cycles that one byte occupies the link. */
  readonly cyclesPerByte: number;
}

/** Ethernet's preamble, check sequence and gap occupy the link too. */
const FRAME_OVERHEAD_BYTES = 24;

export class Link {
  private toPeerFree = 0;
  private toNicFree = 0;

  constructor(
    private readonly peer: LinkPeer,
    private readonly clock: DeviceClock,
    private readonly timing: LinkTiming,
    private readonly deliver: (frame: Uint8Array) => void,
  ) {
    peer.connect((frame) => this.fromPeer(frame), clock);
  }

  /** The NIC starts to send `frame` now, or when the link is free; returns the cycle at which its last byte has left. */
  fromNic(frame: Uint8Array): number {
    this.toPeerFree = this.occupy(this.toPeerFree, frame);
    this.clock.at(this.toPeerFree + this.timing.latency, (cycle) => this.peer.receive(frame, cycle));
    return this.toPeerFree;
  }

  private fromPeer(frame: Uint8Array): void {
    this.toNicFree = this.occupy(this.toNicFree, frame);
    this.clock.at(this.toNicFree + this.timing.latency, () => this.deliver(frame));
  }

  private occupy(free: number, frame: Uint8Array): number {
    const begin = Math.max(free, this.clock.now());
    return begin + Math.ceil((frame.length + FRAME_OVERHEAD_BYTES) * this.timing.cyclesPerByte);
  }
}
