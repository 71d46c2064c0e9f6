/**
 * A far end without a TCP of its own: a script sends what segments it likes and sees what comes back. The script is a
 * generator that yields how long it waits (cycles) and gets the next segment, or undefined when none came in that time; it
 * is resumed in the very cycle of the arrival.
 */
import type { DeviceClock, LinkPeer } from '#libs/riscv-core';
import {
  BROADCAST_MAC,
  decodeArp,
  decodeFrame,
  encodeArp,
  encodeFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
} from '../../libs/duvisor/src/loadgen/net/ethernet.js';
import {
  decodeIpv4,
  encodeIpv4,
  encodeUdp,
  ipv4,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../libs/duvisor/src/loadgen/net/ipv4.js';
import { ACK, decodeTcp, encodeTcp, SYN, type TcpSegment } from '../../libs/duvisor/src/loadgen/net/tcp-segment.js';

export const GUEST = ipv4('10.0.2.15');
export const SELF = ipv4('10.0.2.2');
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x01);
const NOTHING = new Uint8Array();

export interface Seen extends TcpSegment {
  readonly cycle: number;
}
export type Wait = Generator<number, Seen | undefined, Seen | undefined>;
export type Script<T> = Generator<number, T, Seen | undefined>;

export class RawPeer<T> implements LinkPeer {
  result: T | undefined;
  private guestMac: Uint8Array = BROADCAST_MAC;
  private link: (frame: Uint8Array) => void = () => undefined;
  private deviceClock: DeviceClock | undefined;
  private running: Script<T> | undefined;
  /** Number of the wait in progress: a timeout of an earlier one is void. */
  private waits = 0;
  private readonly inbox: Seen[] = [];
  private busy = false;

  constructor(private readonly script: (peer: RawPeer<T>) => Script<T>) {}

  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void {
    this.link = send;
    this.deviceClock = clock;
  }

  get now(): number {
    return this.deviceClock!.now();
  }

  /** Begins with the script. */
  start(): void {
    this.arp();
    this.running = this.script(this);
    this.resume(undefined);
  }

  receive(frame: Uint8Array, cycle: number): void {
    const ether = decodeFrame(frame);
    if (ether === undefined) return;
    if (ether.type === ETHERTYPE_ARP) {
      const arp = decodeArp(ether.payload);
      if (arp !== undefined) this.guestMac = arp.senderMac.slice();
      if (arp?.operation === 'request' && arp.targetIp === SELF) this.arp();
      return;
    }
    const packet = ether.type === ETHERTYPE_IPV4 ? decodeIpv4(ether.payload) : undefined;
    if (packet?.protocol !== PROTOCOL_TCP) return;
    const segment = decodeTcp(packet.payload, packet);
    if (segment === undefined) throw new Error('the guest sent a segment with a wrong checksum');
    this.inbox.push({ ...segment, cycle });
    if (!this.busy && this.running !== undefined) this.resume(this.inbox.shift());
  }

  /** Says who we are: an answer to whoever asks, or unasked. */
  private arp(): void {
    const arp = encodeArp({
      operation: 'request',
      senderMac: MAC,
      senderIp: SELF,
      targetMac: new Uint8Array(6),
      targetIp: GUEST,
    });
    this.frame(ETHERTYPE_ARP, arp, BROADCAST_MAC);
  }

  frame(type: number, payload: Uint8Array, destination = this.guestMac): void {
    this.link(encodeFrame({ destination, source: MAC, type, payload }));
  }

  tcpBytes(segment: TcpSegment): Uint8Array {
    const addresses = { source: SELF, destination: GUEST };
    return encodeIpv4({ ...addresses, protocol: PROTOCOL_TCP, payload: encodeTcp(segment, addresses) }, 1);
  }

  udp(port: number, payload: Uint8Array): void {
    const addresses = { source: SELF, destination: GUEST };
    const datagram = encodeUdp({ sourcePort: 5000, destinationPort: port, payload }, addresses);
    this.frame(ETHERTYPE_IPV4, encodeIpv4({ ...addresses, protocol: PROTOCOL_UDP, payload: datagram }, 1));
  }

  private resume(segment: Seen | undefined): void {
    let given = segment;
    for (;;) {
      this.busy = true;
      const step = this.running!.next(given);
      this.busy = false;
      if (step.done === true) {
        this.running = undefined;
        this.result = step.value;
        this.udp(9, new TextEncoder().encode('quit'));
        return;
      }
      given = this.inbox.shift();
      if (given !== undefined) continue;
      const wait = ++this.waits;
      this.deviceClock!.at(this.now + step.value, () => {
        if (wait === this.waits && this.running !== undefined) this.resume(undefined);
      });
      return;
    }
  }
}

/** One connection of the script's: keeps its own sequence numbers, sends only what it is told to. */
export class RawConnection {
  /** Next sequence number to send, and to be received. */
  next: number;
  expected = 0;
  window = 65_535;

  constructor(
    private readonly peer: RawPeer<unknown>,
    readonly port: number,
    readonly own: number,
    readonly first = 1000,
  ) {
    this.next = first;
  }

  send(flags: number, payload: Uint8Array = NOTHING, change: Partial<TcpSegment> = {}): void {
    this.peer.frame(ETHERTYPE_IPV4, this.peer.tcpBytes(this.segment(flags, payload, change)));
  }

  segment(flags: number, payload: Uint8Array = NOTHING, change: Partial<TcpSegment> = {}): TcpSegment {
    return {
      sourcePort: this.own,
      destinationPort: this.port,
      sequence: this.next >>> 0,
      acknowledgment: this.expected >>> 0,
      flags,
      window: this.window,
      payload,
      ...change,
    };
  }

  /** The next segment for this connection within `cycles`. */
  *receive(cycles: number): Wait {
    const end = this.peer.now + cycles;
    for (;;) {
      const left = end - this.peer.now;
      if (left <= 0) return undefined;
      const segment = yield left;
      if (segment?.destinationPort === this.own && segment.sourcePort === this.port) return segment;
    }
  }

  /** All segments that come until none has come for `cycles`. */
  *drain(cycles: number): Generator<number, Seen[], Seen | undefined> {
    const seen: Seen[] = [];
    for (;;) {
      const segment = yield* this.receive(cycles);
      if (segment === undefined) return seen;
      seen.push(segment);
    }
  }

  *handshake(mss = 1460): Wait {
    this.send(SYN, NOTHING, { mss, acknowledgment: 0 });
    const answer = yield* this.receive(2e9);
    if (answer === undefined) return undefined;
    this.next = this.first + 1;
    this.expected = (answer.sequence + 1) >>> 0;
    this.send(ACK);
    return answer;
  }
}
