/**
 * An end station on the simulated link: one MAC and one IPv4 address, ARP, ICMP echo, UDP ports and TCP connections. Its
 * time is the link's clock, its chance the stream of numbers given to it.
 */
import type { DeviceClock, FarEnd } from '#libs/riscv-core';
import type { Random } from '../random.js';
import { equalBytes } from './bytes.js';
import {
  BROADCAST_MAC,
  decodeArp,
  decodeFrame,
  encodeArp,
  encodeFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type ArpPacket,
} from './ethernet.js';
import {
  decodeIpv4,
  decodeUdp,
  encodeIpv4,
  encodeUdp,
  icmpEchoReply,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  type Ipv4Packet,
} from './ipv4.js';
import { TcpConnection, type OwnSegment, type TcpEvents } from './tcp-connection.js';
import { ACK, decodeTcp, encodeTcp, FIN, RST, SYN, type TcpSegment } from './tcp-segment.js';
import type { TcpTiming } from './tcp-timing.js';
import { Timer } from './timer.js';

export interface StationAddress {
  readonly mac: Uint8Array;
  readonly ip: number;
}

export interface StationOptions extends StationAddress {
  readonly timing: TcpTiming;
  /** Between two questions for the MAC of one address. */
  readonly arpInterval: number;
  readonly random: Random;
}

export interface Datagram {
  readonly ip: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

export interface UdpPort {
  send(datagram: Datagram): void;
  close(): void;
}

/** First port of the dynamic range (RFC 6335). */
const FIRST_EPHEMERAL = 49_152;
const EPHEMERAL_PORTS = 65_536 - FIRST_EPHEMERAL;
/** Packets kept for an address whose MAC is not known yet; TCP and the clients repeat what is lost. */
const MAX_WAITING = 64;

interface Neighbour {
  mac?: Uint8Array;
  readonly waiting: Uint8Array[];
  /** Called once, when the MAC is known. */
  readonly resolved: (() => void)[];
  readonly question: Timer;
}

/** Frames that were not for this station or not whole. */
export interface StationCounters {
  received: number;
  sent: number;
  /** Malformed or with a wrong checksum. */
  malformed: number;
}

export class Station implements FarEnd {
  readonly counters: StationCounters = { received: 0, sent: 0, malformed: 0 };
  private link: ((frame: Uint8Array) => void) | undefined;
  private deviceClock: DeviceClock | undefined;
  private readonly neighbours = new Map<number, Neighbour>();
  private readonly connections = new Map<string, TcpConnection>();
  private readonly listeners = new Map<number, (connection: TcpConnection) => TcpEvents>();
  private readonly datagrams = new Map<number, (datagram: Datagram) => void>();
  private readonly firstPort: number;
  private portsUsed = 0;
  private identification: number;

  constructor(private readonly options: StationOptions) {
    this.firstPort = options.random.within({ min: 0, max: EPHEMERAL_PORTS - 1 });
    this.identification = options.random.u32() & 0xffff;
  }

  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void {
    this.link = send;
    this.deviceClock = clock;
  }

  get clock(): DeviceClock {
    if (this.deviceClock === undefined)
      throw new Error('station: found no link, expected connect() before any traffic');
    return this.deviceClock;
  }

  // ---- for clients and servers -----------------------------------------------------------------------------------------

  /** Asks for the MAC of `ip` until somebody answers; then calls `action`. */
  whenReachable(ip: number, action: () => void): void {
    const neighbour = this.neighbour(ip);
    if (neighbour.mac !== undefined) {
      action();
      return;
    }
    neighbour.resolved.push(action);
    if (!neighbour.question.armed) this.ask(ip, neighbour);
  }

  /** Nobody waits for `ip` any more. */
  forget(ip: number): void {
    this.neighbours.get(ip)?.question.stop();
    this.neighbours.delete(ip);
  }

  tcpConnect(ip: number, port: number, events: TcpEvents): TcpConnection {
    const own = this.ephemeralPort((candidate) => !this.connections.has(key(ip, port, candidate)));
    return this.addConnection(ip, port, own, events);
  }

  /** `accept` gives each new connection its events. */
  tcpListen(port: number, accept: (connection: TcpConnection) => TcpEvents): void {
    this.listeners.set(port, accept);
  }

  /** Port 0: any free one. */
  udpOpen(port: number, received: (datagram: Datagram) => void): UdpPort {
    const own = port === 0 ? this.ephemeralPort((candidate) => !this.datagrams.has(candidate)) : port;
    if (this.datagrams.has(own)) throw new Error(`station: UDP port ${own} is open already`);
    this.datagrams.set(own, received);
    return {
      send: ({ ip, port: destinationPort, payload }) => {
        const addresses = { source: this.options.ip, destination: ip };
        const datagram = encodeUdp({ sourcePort: own, destinationPort, payload }, addresses);
        this.sendIpv4({ ...addresses, protocol: PROTOCOL_UDP, payload: datagram });
      },
      close: () => this.datagrams.delete(own),
    };
  }

  // ---- frames that arrive ----------------------------------------------------------------------------------------------

  receive(bytes: Uint8Array): void {
    this.counters.received += 1;
    const frame = decodeFrame(bytes);
    if (frame === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (!equalBytes(frame.destination, this.options.mac) && !equalBytes(frame.destination, BROADCAST_MAC)) return;
    if (frame.type === ETHERTYPE_ARP) this.receiveArp(decodeArp(frame.payload));
    else if (frame.type === ETHERTYPE_IPV4) this.receiveIpv4(decodeIpv4(frame.payload));
  }

  private receiveArp(packet: ArpPacket | undefined): void {
    if (packet === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (packet.targetIp !== this.options.ip) return;
    this.learn(packet.senderIp, packet.senderMac);
    if (packet.operation === 'request') this.sendArp('reply', packet.senderMac, packet.senderIp);
  }

  private receiveIpv4(packet: Ipv4Packet | undefined): void {
    if (packet === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (packet.destination !== this.options.ip) return;
    if (packet.protocol === PROTOCOL_TCP) this.receiveTcp(packet);
    else if (packet.protocol === PROTOCOL_UDP) this.receiveUdp(packet);
    else if (packet.protocol === PROTOCOL_ICMP) {
      const reply = icmpEchoReply(packet.payload);
      if (reply !== undefined)
        this.sendIpv4({
          source: this.options.ip,
          destination: packet.source,
          protocol: PROTOCOL_ICMP,
          payload: reply,
        });
    }
  }

  private receiveUdp(packet: Ipv4Packet): void {
    const datagram = decodeUdp(packet.payload, packet);
    if (datagram === undefined) {
      this.counters.malformed += 1;
      return;
    }
    const { sourcePort, payload } = datagram;
    this.datagrams.get(datagram.destinationPort)?.({ ip: packet.source, port: sourcePort, payload });
  }

  private receiveTcp(packet: Ipv4Packet): void {
    const segment = decodeTcp(packet.payload, packet);
    if (segment === undefined) {
      this.counters.malformed += 1;
      return;
    }
    const connection = this.connections.get(key(packet.source, segment.sourcePort, segment.destinationPort));
    if (connection !== undefined) {
      connection.receive(segment);
      return;
    }
    const accept = this.listeners.get(segment.destinationPort);
    if (accept !== undefined && (segment.flags & (SYN | ACK | RST)) === SYN)
      this.accept(packet.source, segment, accept);
    else if ((segment.flags & RST) === 0) this.refuse(packet.source, segment);
  }

  /** Nobody is at this port (RFC 9293, 3.10.7.1). */
  private refuse(ip: number, segment: TcpSegment): void {
    const size = segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0);
    const acknowledged = (segment.flags & ACK) !== 0;
    this.sendTcp(ip, segment.sourcePort, segment.destinationPort, {
      sequence: acknowledged ? segment.acknowledgment : 0,
      acknowledgment: acknowledged ? 0 : (segment.sequence + size) >>> 0,
      flags: acknowledged ? RST : RST | ACK,
      window: 0,
      payload: new Uint8Array(),
    });
  }

  // ---- TCP connections -------------------------------------------------------------------------------------------------

  private accept(ip: number, syn: TcpSegment, accept: (connection: TcpConnection) => TcpEvents): void {
    let events: TcpEvents | undefined;
    const connection: TcpConnection = this.addConnection(
      ip,
      syn.sourcePort,
      syn.destinationPort,
      {
        established: () => {
          events = accept(connection);
          events.established?.();
        },
        data: (bytes) => events?.data(bytes),
        ended: () => events?.ended?.(),
        closed: (end) => events?.closed?.(end),
      },
      syn,
    );
  }

  private addConnection(ip: number, port: number, own: number, events: TcpEvents, syn?: TcpSegment): TcpConnection {
    const name = key(ip, port, own);
    const lower = {
      clock: this.clock,
      timing: this.options.timing,
      transmit: (segment: OwnSegment) => this.sendTcp(ip, port, own, segment),
      gone: () => this.connections.delete(name),
    };
    const connection = new TcpConnection(lower, events, this.options.random.u32(), syn);
    this.connections.set(name, connection);
    return connection;
  }

  private sendTcp(ip: number, port: number, own: number, segment: OwnSegment): void {
    const addresses = { source: this.options.ip, destination: ip };
    const payload = encodeTcp({ sourcePort: own, destinationPort: port, ...segment }, addresses);
    this.sendIpv4({ ...addresses, protocol: PROTOCOL_TCP, payload });
  }

  private ephemeralPort(free: (port: number) => boolean): number {
    for (let tries = 0; tries < EPHEMERAL_PORTS; tries++) {
      const port = FIRST_EPHEMERAL + ((this.firstPort + this.portsUsed++) % EPHEMERAL_PORTS);
      if (free(port)) return port;
    }
    throw new Error(`station: found all ${EPHEMERAL_PORTS} dynamic ports in use`);
  }

  // ---- IPv4 and ARP ----------------------------------------------------------------------------------------------------

  private sendIpv4(packet: Ipv4Packet): void {
    this.identification = (this.identification + 1) & 0xffff;
    const bytes = encodeIpv4(packet, this.identification);
    const neighbour = this.neighbour(packet.destination);
    if (neighbour.mac !== undefined) {
      this.sendFrame(neighbour.mac, ETHERTYPE_IPV4, bytes);
      return;
    }
    if (neighbour.waiting.length === MAX_WAITING) neighbour.waiting.shift();
    neighbour.waiting.push(bytes);
    if (!neighbour.question.armed) this.ask(packet.destination, neighbour);
  }

  private neighbour(ip: number): Neighbour {
    const known = this.neighbours.get(ip);
    if (known !== undefined) return known;
    const fresh: Neighbour = { waiting: [], resolved: [], question: new Timer(this.clock, () => this.ask(ip, fresh)) };
    this.neighbours.set(ip, fresh);
    return fresh;
  }

  private ask(ip: number, neighbour: Neighbour): void {
    // Nobody waits for the answer any more.
    if (neighbour.waiting.length === 0 && neighbour.resolved.length === 0) return;
    this.sendArp('request', BROADCAST_MAC, ip);
    neighbour.question.start(this.options.arpInterval);
  }

  private learn(ip: number, mac: Uint8Array): void {
    const neighbour = this.neighbour(ip);
    neighbour.mac = mac;
    neighbour.question.stop();
    for (const bytes of neighbour.waiting.splice(0)) this.sendFrame(mac, ETHERTYPE_IPV4, bytes);
    for (const action of neighbour.resolved.splice(0)) action();
  }

  private sendArp(operation: ArpPacket['operation'], mac: Uint8Array, ip: number): void {
    const targetMac = operation === 'request' ? new Uint8Array(6) : mac;
    const packet = { operation, senderMac: this.options.mac, senderIp: this.options.ip, targetMac, targetIp: ip };
    this.sendFrame(mac, ETHERTYPE_ARP, encodeArp(packet));
  }

  private sendFrame(destination: Uint8Array, type: number, payload: Uint8Array): void {
    if (this.link === undefined) throw new Error('station: found no link, expected connect() before any traffic');
    this.counters.sent += 1;
    this.link(encodeFrame({ destination, source: this.options.mac, type, payload }));
  }
}

function key(ip: number, port: number, own: number): string {
  return `${ip}:${port}:${own}`;
}
