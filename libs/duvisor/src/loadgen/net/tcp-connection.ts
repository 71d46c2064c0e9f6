/**
 * One TCP connection (RFC 9293), either side. Positions in both streams are absolute numbers (tcp-buffers.ts) and become
 * 32-bit sequence numbers only in a segment. Left out: urgent data, window scaling, SACK, timestamps.
 */
import type { DeviceClock } from '#libs/riscv-core';
import { concat } from './bytes.js';
import { Reassembly, SendBuffer } from './tcp-buffers.js';
import { ACK, FIN, PSH, RST, SYN, type TcpSegment } from './tcp-segment.js';
import { CongestionWindow, RtoEstimator, type TcpTiming } from './tcp-timing.js';
import { Timer } from './timer.js';

/**
 * `finished`: both sides have closed. `refused`: a reset answered the SYN. `timeout`: no answer to repeated segments.
 * `aborted`: by this side.
 */
export type TcpEnd = 'finished' | 'refused' | 'reset' | 'timeout' | 'aborted';

export interface TcpEvents {
  established?(): void;
  /** The next bytes of the stream. */
  data(bytes: Uint8Array): void;
  /** The other side sends no more. */
  ended?(): void;
  /** Nothing follows. */
  closed?(end: TcpEnd): void;
}

/** The part of a segment that a connection decides; ports and addresses are the station's. */
export type OwnSegment = Omit<TcpSegment, 'sourcePort' | 'destinationPort'>;

export interface TcpLower {
  readonly clock: DeviceClock;
  readonly timing: TcpTiming;
  transmit(segment: OwnSegment): void;
  /** The connection no longer answers: its ports are free. */
  gone(): void;
}

/** Payload of a full Ethernet frame. */
export const LOCAL_MSS = 1460;
/** RFC 9293, 3.7.1: when the other side names none. */
const DEFAULT_MSS = 536;
const RECEIVE_WINDOW = 65_535;
const NOTHING = new Uint8Array();

type State = 'syn-sent' | 'syn-received' | 'synchronized' | 'time-wait' | 'closed';

export class TcpConnection {
  private state: State;
  // ---- sending
  private readonly out = new SendBuffer();
  /** First position not acknowledged. */
  private unacknowledged = 0;
  /** Next position to send; falls back when segments are repeated. */
  private next = 0;
  /** Position behind everything ever sent. */
  private sent = 0;
  private closing = false;
  private mss = DEFAULT_MSS;
  private congestion = new CongestionWindow(DEFAULT_MSS);
  private readonly rto: RtoEstimator;
  private readonly retransmission: Timer;
  private retries = 0;
  /** The round trip being measured: an acknowledgment of `position` ends it. */
  private measured: { readonly position: number; readonly since: number } | undefined;
  private peerWindow = 0;
  /** Of the segment that last told the window (SND.WL1, SND.WL2). */
  private windowFrom = { position: 0, acknowledgment: 0 };
  // ---- receiving
  private firstReceived = 0;
  private expected = 0;
  private readonly gaps = new Reassembly();
  private finAt: number | undefined;
  private finReceived = false;
  private closedFirst = false;
  /** Arrived in order while the reader pauses. */
  private held: Uint8Array[] = [];
  private paused = false;
  /** Segments with data not acknowledged yet. */
  private owed = 0;
  private readonly acknowledgment: Timer;

  /** `passive`: the segment with the SYN that asks for this connection; without one, a SYN is sent. */
  constructor(
    private readonly lower: TcpLower,
    private readonly events: TcpEvents,
    private readonly initialSequence: number,
    passive?: TcpSegment,
  ) {
    this.rto = new RtoEstimator(lower.timing);
    this.retransmission = new Timer(lower.clock, () => this.expired());
    this.acknowledgment = new Timer(lower.clock, () => this.sendAck());
    this.state = passive === undefined ? 'syn-sent' : 'syn-received';
    if (passive !== undefined) this.synchronize(passive);
    this.sendSyn();
  }

  get open(): boolean {
    return this.state === 'synchronized' && !this.closing && !this.finReceived;
  }

  /** Appends to the stream; what is written before the handshake ends goes out after it. */
  send(bytes: Uint8Array): void {
    if (this.closing || this.state === 'time-wait' || this.state === 'closed')
      throw new Error('TCP: found data to send on a closed connection');
    this.out.push(bytes);
    this.output();
  }

  /** Sends no more after what was written; before the handshake too. */
  close(): void {
    if (this.closing || this.state === 'time-wait' || this.state === 'closed') return;
    this.closing = true;
    this.closedFirst = !this.finReceived;
    this.output();
  }

  /** Ends the connection at once with a reset. */
  abort(): void {
    if (this.state === 'closed' || this.state === 'time-wait') return;
    if (this.state !== 'syn-sent') this.transmit(RST | ACK, this.sent, NOTHING);
    this.finish('aborted');
  }

  /** No data until {@link resume}; the window closes as it arrives. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    const bytes = concat(this.held);
    this.held = [];
    if (bytes.length === 0 || this.state === 'closed') return;
    // The other side may wait for this window.
    if (!this.finReceived) this.sendAck();
    this.events.data(bytes);
    if (this.finReceived) this.events.ended?.();
  }

  // ---- segments that arrive --------------------------------------------------------------------------------------------

  receive(segment: TcpSegment): void {
    if (this.state === 'closed') return;
    if (this.state === 'syn-sent') this.receiveInSynSent(segment);
    else this.receiveSynchronized(segment);
  }

  /** RFC 9293, 3.10.7.3. */
  private receiveInSynSent(segment: TcpSegment): void {
    const acknowledged = (segment.flags & ACK) !== 0;
    if (acknowledged && segment.acknowledgment !== this.wire(1)) {
      if ((segment.flags & RST) === 0) this.transmitReset(segment.acknowledgment);
      return;
    }
    if ((segment.flags & RST) !== 0) {
      if (acknowledged) this.finish('refused');
      return;
    }
    if ((segment.flags & SYN) === 0) return;
    this.synchronize(segment);
    if (acknowledged) {
      this.owed = Infinity;
      this.establish(segment, 1);
      this.output();
      this.acknowledgeLater();
    } else {
      // Both sides have sent a SYN.
      this.state = 'syn-received';
      this.sendSyn();
    }
  }

  /** RFC 9293, 3.10.7.4, with the answers to blind attacks of RFC 5961. */
  private receiveSynchronized(segment: TcpSegment): void {
    const { flags, payload } = segment;
    const position = this.expected + distance(segment.sequence, this.firstReceived + this.expected);
    const size = payload.length + (flags & FIN ? 1 : 0) + (flags & SYN ? 1 : 0);
    const window = this.window();
    const inWindow = (at: number): boolean => at >= this.expected && at < this.expected + window;
    const acceptable =
      position === this.expected ||
      (size === 0 ? inWindow(position) : inWindow(position) || inWindow(position + size - 1));
    if (!acceptable) {
      if ((flags & RST) !== 0) return;
      if (this.state === 'time-wait') this.retransmission.start(this.lower.timing.timeWait);
      this.sendAck();
      return;
    }
    if ((flags & RST) !== 0) {
      // RFC 1337: an old segment of ours may have drawn it; the wait goes on.
      if (this.state === 'time-wait') return;
      if (position === this.expected) this.finish(this.state === 'syn-received' ? 'refused' : 'reset');
      else this.sendAck();
      return;
    }
    if ((flags & SYN) !== 0) {
      this.sendAck();
      return;
    }
    if ((flags & ACK) === 0 || !this.processAck(segment, position)) return;
    this.takeData(position, payload, window, (flags & FIN) !== 0);
    this.output();
    this.acknowledgeLater();
    this.endIfDone();
  }

  /** False: nothing else of the segment counts. */
  private processAck(segment: TcpSegment, position: number): boolean {
    const acknowledged =
      this.unacknowledged + distance(segment.acknowledgment, this.initialSequence + this.unacknowledged);
    if (this.state === 'syn-received') {
      if (acknowledged < 1 || acknowledged > this.sent) {
        this.transmitReset(segment.acknowledgment);
        return false;
      }
      this.establish(segment, acknowledged);
    }
    if (acknowledged > this.sent || acknowledged < this.unacknowledged - RECEIVE_WINDOW) {
      this.sendAck();
      return false;
    }
    const wasClosed = this.peerWindow === 0;
    const windowMoved = this.updateWindow(segment, position, acknowledged);
    if (acknowledged > this.unacknowledged) this.acknowledgedUpTo(acknowledged);
    else if (
      acknowledged === this.unacknowledged &&
      segment.payload.length === 0 &&
      (segment.flags & FIN) === 0 &&
      !windowMoved &&
      this.inFlight() > 0 &&
      this.congestion.duplicate(this.inFlight(), this.sent)
    )
      this.repeatFirst();
    // An answer to a probe of a closed window shows that the other side lives.
    if (this.peerWindow === 0) this.retries = 0;
    // The byte of the probe was not taken.
    else if (wasClosed) this.next = this.unacknowledged;
    return true;
  }

  /** True when the window became another one. */
  private updateWindow(segment: TcpSegment, position: number, acknowledgment: number): boolean {
    const from = this.windowFrom;
    const newer = position > from.position || (position === from.position && acknowledgment >= from.acknowledgment);
    if (!newer || acknowledgment < this.unacknowledged) return false;
    const moved = segment.window !== this.peerWindow;
    this.peerWindow = segment.window;
    this.windowFrom = { position, acknowledgment };
    return moved;
  }

  private acknowledgedUpTo(position: number): void {
    const bytes = position - this.unacknowledged;
    this.unacknowledged = position;
    this.next = Math.max(this.next, position);
    this.out.release(position);
    this.retries = 0;
    if (this.measured !== undefined && position >= this.measured.position) {
      this.rto.sample(this.lower.clock.now() - this.measured.since);
      this.measured = undefined;
    }
    if (this.inFlight() > 0) this.retransmission.start(this.rto.timeout);
    else this.retransmission.stop();
    if (this.congestion.acknowledged(position, bytes)) this.repeatFirst();
  }

  private takeData(position: number, payload: Uint8Array, window: number, fin: boolean): void {
    const from = Math.max(this.expected - position, 0);
    const bytes = payload.subarray(from, Math.max(from, this.expected + window - position));
    const complete = bytes.length === payload.length - Math.min(from, payload.length);
    if (fin && complete) this.finAt ??= position + payload.length;
    if (payload.length > 0 || fin) this.owed += 1;
    this.gaps.insert(position + from, bytes);
    const ready = this.gaps.take(this.expected);
    // Out of order, or what was there already: the other side must know at once (RFC 5681, 4.2).
    if (payload.length > 0 && (ready.length === 0 || !this.gaps.empty)) this.owed = Infinity;
    this.expected += ready.length;
    const finNow = this.finAt === this.expected && !this.finReceived;
    if (finNow) {
      this.finReceived = true;
      this.expected += 1;
      this.owed = Infinity;
    }
    if (ready.length > 0) {
      if (this.paused) this.held.push(ready);
      else this.events.data(ready);
    }
    if (finNow && this.held.length === 0) this.events.ended?.();
  }

  private acknowledgeLater(): void {
    if (this.state === 'closed') return;
    if (this.owed >= 2) this.sendAck();
    else if (this.owed > 0 && !this.acknowledgment.armed) this.acknowledgment.start(this.lower.timing.delayedAck);
  }

  // ---- segments that are sent ------------------------------------------------------------------------------------------

  private sendSyn(): void {
    this.transmit(this.state === 'syn-sent' ? SYN : SYN | ACK, 0, NOTHING);
    this.next = this.sent = 1;
    // Karn: a SYN sent twice tells no round trip.
    if (this.retries === 0) this.measured = { position: 1, since: this.lower.clock.now() };
    this.retransmission.start(this.rto.timeout);
  }

  /** As much as both windows allow. */
  private output(): void {
    if (this.state !== 'synchronized') return;
    while (this.sendNext(false));
    if (this.inFlight() === 0 && this.next === this.lastPosition()) return;
    // Also without anything in flight: the window is closed and must be probed.
    if (!this.retransmission.armed) this.retransmission.start(this.rto.timeout);
  }

  /** Sends the next segment; `forced`: at least one byte, whatever the windows say. False: nothing was sent. */
  private sendNext(forced: boolean): boolean {
    const { end } = this.out;
    const allowed = this.unacknowledged + Math.min(this.congestion.window, this.peerWindow) - this.next;
    const size = Math.max(0, Math.min(this.mss, end - this.next, forced ? Math.max(1, allowed) : allowed));
    const fin = this.closing && this.next + size === end;
    if (size === 0 && !fin) return false;
    // No small segments while a larger one could follow soon (RFC 9293, 3.8.6.2.1).
    const more = this.next + size < end;
    if (more && size < this.mss && this.inFlight() > 0 && !forced) return false;
    const flags = ACK | (size > 0 && !more ? PSH : 0) | (fin ? FIN : 0);
    const position = this.next;
    const behind = position + size + (fin ? 1 : 0);
    if (position >= this.sent) this.measured ??= { position: behind, since: this.lower.clock.now() };
    this.next = behind;
    this.sent = Math.max(this.sent, behind);
    this.transmit(flags, position, this.out.read(position, size));
    return true;
  }

  /** Sends the first segment that is not acknowledged once more, without falling back. */
  private repeatFirst(): void {
    const { next } = this;
    this.measured = undefined;
    this.next = this.unacknowledged;
    this.sendNext(true);
    this.next = Math.max(next, this.next);
    this.retransmission.start(this.rto.timeout);
  }

  private expired(): void {
    if (this.state === 'time-wait') {
      this.state = 'closed';
      this.lower.gone();
      return;
    }
    if (this.finAcknowledged() || this.retries >= this.lower.timing.maxRetries) {
      if (this.state === 'synchronized') this.transmit(RST | ACK, this.sent, NOTHING);
      this.finish('timeout');
      return;
    }
    this.retries += 1;
    this.rto.backOff();
    this.measured = undefined;
    if (this.state !== 'synchronized') {
      this.sendSyn();
      return;
    }
    if (this.inFlight() > 0) this.congestion.timedOut(this.inFlight());
    this.next = this.unacknowledged;
    this.sendNext(true);
    this.retransmission.start(this.rto.timeout);
  }

  private sendAck(): void {
    this.transmit(ACK, this.sent, NOTHING);
  }

  private transmit(flags: number, position: number, payload: Uint8Array): void {
    const acknowledges = (flags & ACK) !== 0;
    if (acknowledges) {
      this.owed = 0;
      this.acknowledgment.stop();
    }
    this.lower.transmit({
      sequence: this.wire(position),
      acknowledgment: acknowledges ? (this.firstReceived + this.expected) >>> 0 : 0,
      flags,
      window: this.window(),
      ...(flags & SYN ? { mss: LOCAL_MSS } : {}),
      payload,
    });
  }

  private transmitReset(sequence: number): void {
    this.lower.transmit({ sequence, acknowledgment: 0, flags: RST, window: 0, payload: NOTHING });
  }

  // ---- state -----------------------------------------------------------------------------------------------------------

  private synchronize(syn: TcpSegment): void {
    this.firstReceived = syn.sequence;
    this.expected = 1;
    this.mss = Math.min(LOCAL_MSS, syn.mss ?? DEFAULT_MSS);
    this.congestion = new CongestionWindow(this.mss);
  }

  private establish(segment: TcpSegment, acknowledged: number): void {
    this.state = 'synchronized';
    this.peerWindow = segment.window;
    this.windowFrom = { position: 0, acknowledgment: acknowledged };
    this.acknowledgedUpTo(acknowledged);
    this.events.established?.();
  }

  private endIfDone(): void {
    if (this.state !== 'synchronized' || !this.finAcknowledged()) return;
    if (!this.finReceived) {
      // From the last sign of life on: the other side may still have much to say.
      this.retransmission.start(this.lower.timing.finWait);
    } else if (this.closedFirst) {
      this.state = 'time-wait';
      this.retransmission.start(this.lower.timing.timeWait);
      this.events.closed?.('finished');
    } else this.finish('finished');
  }

  private finish(end: TcpEnd): void {
    this.state = 'closed';
    this.retransmission.stop();
    this.acknowledgment.stop();
    this.lower.gone();
    this.events.closed?.(end);
  }

  private finAcknowledged(): boolean {
    return this.closing && this.unacknowledged === this.lastPosition();
  }

  /** Position behind everything there is to send, the FIN included. */
  private lastPosition(): number {
    return this.out.end + (this.closing ? 1 : 0);
  }

  private inFlight(): number {
    return this.sent - this.unacknowledged;
  }

  private window(): number {
    return RECEIVE_WINDOW - this.held.reduce((size, part) => size + part.length, 0);
  }

  private wire(position: number): number {
    return (this.initialSequence + position) >>> 0;
  }
}

/** How far `to` lies behind `from`, both 32-bit sequence numbers: -2^31 .. 2^31 - 1. */
function distance(to: number, from: number): number {
  return (to - from) | 0;
}
