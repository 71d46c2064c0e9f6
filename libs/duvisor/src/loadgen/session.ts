/**
 * One client of the service: a TCP connection, and a UDP port when reads go by datagram. It sends what it is given, at most
 * `depth` requests at a time, and has every reply judged. A connection that breaks fails what was under way and is opened again.
 */
import type { DeviceClock } from '#libs/riscv-core';
import { concat } from './net/bytes.js';
import type { Datagram, Station, UdpPort } from './net/station.js';
import type { TcpConnection, TcpEnd } from './net/tcp-connection.js';
import { Timer } from './net/timer.js';
import { frameUdp, UdpReplyAssembler } from './protocols/memcached.js';
import type { Exchange, ReplyReader, ServiceClient } from './clients/client.js';

export interface Ticket<Reply> {
  readonly exchange: Exchange<Reply>;
  /** When it was to be sent: latency counts from here. */
  readonly arrival: number;
  readonly measured: boolean;
}

export interface SessionEvents<Reply> {
  /** First connection established. */
  opened(): void;
  sent(ticket: Ticket<Reply>): void;
  received(bytes: number): void;
  answered(ticket: Ticket<Reply>): void;
  failed(ticket: Ticket<Reply>, why: string): void;
  /** Something went wrong that concerns no single request. */
  trouble(why: string): void;
  /** Nothing waits and nothing is under way. */
  idle(): void;
  /** The service cannot be reached any more. */
  lost(why: string): void;
  closed(): void;
}

export interface SessionOptions {
  readonly ip: number;
  readonly depth: number;
  /** Without any reply for so long, what is under way has failed. */
  readonly timeout: number;
  /** Between two attempts to open the connection. */
  readonly retryDelay: number;
  /** A service that takes no connection for so long is lost. */
  readonly lostAfter: number;
  /** A datagram that is not answered is sent again after this. */
  readonly datagramTimeout: number;
  /** How often a datagram is sent at most. */
  readonly datagramAttempts: number;
}

interface DatagramRequest<Reply> {
  readonly ticket: Ticket<Reply>;
  attempts: number;
}

export class Session<Reply> {
  private connection: TcpConnection | undefined;
  private reader: ReplyReader<Reply>;
  private waiting: Ticket<Reply>[] = [];
  private underWay: Ticket<Reply>[] = [];
  private byDatagram = new Map<number, DatagramRequest<Reply>>();
  private readonly udp: UdpPort;
  private assembler = new UdpReplyAssembler();
  private requestId = 0;
  /** Since when there is no connection. */
  private missingSince: number | undefined;
  private wasOpened = false;
  private closing = false;
  private readonly silence: Timer;
  private readonly clock: DeviceClock;

  constructor(
    private readonly station: Station,
    private readonly client: ServiceClient<Reply>,
    private readonly options: SessionOptions,
    private readonly events: SessionEvents<Reply>,
  ) {
    this.clock = station.clock;
    this.reader = client.newReader();
    this.silence = new Timer(this.clock, () => this.breakOff('no reply in time'));
    this.udp = station.udpOpen(0, (datagram) => this.datagram(datagram));
  }

  /** Opens the connection, again and again while it is refused. */
  open(): void {
    this.reader = this.client.newReader();
    const connection: TcpConnection = this.station.tcpConnect(this.options.ip, this.client.port, {
      established: () => {
        this.missingSince = undefined;
        if (!this.wasOpened) this.events.opened();
        this.wasOpened = true;
        this.pump();
      },
      data: (bytes) => {
        if (connection === this.connection) this.segment(bytes);
      },
      ended: () => {
        if (connection === this.connection && !this.closing) this.breakOff('the service closed the connection');
      },
      closed: (end) => {
        if (connection === this.connection) this.connectionEnded(end);
      },
    });
    this.connection = connection;
  }

  submit(tickets: readonly Ticket<Reply>[]): void {
    this.waiting.push(...tickets);
    this.pump();
  }

  /** Closes in order; `closed` follows. Nothing may be under way. */
  close(): void {
    this.closing = true;
    if (this.reader.pending) this.events.trouble('found bytes after the last reply');
    this.udp.close();
    this.connection?.close();
  }

  /** Ends at once, without further events. What was not answered is returned. */
  abandon(): Ticket<Reply>[] {
    this.closing = true;
    const { connection } = this;
    this.connection = undefined;
    connection?.abort();
    this.silence.stop();
    this.udp.close();
    const left = [...this.underWay, ...this.waiting, ...[...this.byDatagram.values()].map(({ ticket }) => ticket)];
    this.underWay = [];
    this.waiting = [];
    this.byDatagram.clear();
    return left;
  }

  private get load(): number {
    return this.underWay.length + this.byDatagram.size;
  }

  /** Sends what may be sent: the requests of the connection as one piece. */
  private pump(): void {
    const { connection } = this;
    if (connection === undefined || !connection.open) return;
    const pieces: Uint8Array[] = [];
    while (this.load < this.options.depth) {
      const ticket = this.waiting.shift();
      if (ticket === undefined) break;
      this.events.sent(ticket);
      if (ticket.exchange.datagram) this.sendDatagram({ ticket, attempts: 1 });
      else {
        this.underWay.push(ticket);
        this.reader.expect();
        pieces.push(ticket.exchange.request);
      }
    }
    if (pieces.length > 0) connection.send(concat(pieces));
    if (this.load > 0 && !this.silence.armed) this.silence.start(this.options.timeout);
  }

  private segment(bytes: Uint8Array): void {
    this.events.received(bytes.length);
    let replies: Reply[];
    try {
      replies = this.reader.push(bytes);
    } catch (error) {
      // Only our parsers throw here, and only about what they were given.
      this.breakOff(error instanceof Error ? error.message : String(error));
      return;
    }
    for (const reply of replies) {
      const ticket = this.underWay.shift();
      if (ticket === undefined) {
        this.breakOff('found a reply without a request');
        return;
      }
      this.judge(ticket, reply);
    }
    if (replies.length > 0) this.proceed();
  }

  private judge(ticket: Ticket<Reply>, reply: Reply): void {
    const wrong = ticket.exchange.check(reply);
    if (wrong === undefined) this.events.answered(ticket);
    else this.events.failed(ticket, wrong);
  }

  private proceed(): void {
    if (this.load === 0) this.silence.stop();
    else this.silence.start(this.options.timeout);
    this.pump();
    if (this.load === 0 && this.waiting.length === 0 && !this.closing) this.events.idle();
  }

  // ---- datagrams -------------------------------------------------------------------------------------------------------

  private sendDatagram(request: DatagramRequest<Reply>): void {
    const id = (this.requestId = (this.requestId + 1) & 0xffff);
    this.byDatagram.set(id, request);
    const payload = frameUdp(id, request.ticket.exchange.request);
    this.udp.send({ ip: this.options.ip, port: this.client.port, payload });
    this.clock.at(this.clock.now() + this.options.datagramTimeout, () => this.datagramLate(id));
  }

  /** Repeats a request that was not answered, under another number: late answers to the first no longer count. */
  private datagramLate(id: number): void {
    const request = this.byDatagram.get(id);
    if (request === undefined) return;
    this.byDatagram.delete(id);
    this.assembler.forget(id);
    if (request.attempts < this.options.datagramAttempts) {
      this.sendDatagram({ ticket: request.ticket, attempts: request.attempts + 1 });
      return;
    }
    this.events.failed(request.ticket, `no answer to ${request.attempts} datagrams`);
    this.proceed();
  }

  private datagram({ payload }: Datagram): void {
    let whole: ReturnType<UdpReplyAssembler['push']>;
    let replies: Reply[] = [];
    try {
      whole = this.assembler.push(payload);
      if (whole === undefined) return;
      if (this.byDatagram.has(whole.requestId)) {
        const reader = this.client.newReader();
        replies = reader.push(whole.payload);
        if (replies.length !== 1 || reader.pending)
          throw new Error(`found ${replies.length} replies in a datagram, expected one whole`);
      }
    } catch (error) {
      this.events.trouble(error instanceof Error ? error.message : String(error));
      return;
    }
    const request = this.byDatagram.get(whole.requestId);
    const [reply] = replies;
    // A late answer to a request that was repeated.
    if (request === undefined || reply === undefined) return;
    this.byDatagram.delete(whole.requestId);
    this.events.received(payload.length);
    this.judge(request.ticket, reply);
    this.proceed();
  }

  // ---- when the connection ends ----------------------------------------------------------------------------------------

  private connectionEnded(end: TcpEnd): void {
    this.connection = undefined;
    if (this.closing) {
      if (end !== 'finished') this.events.trouble(`the connection ended by ${end}, expected an orderly close`);
      this.events.closed();
      return;
    }
    this.failUnderWay(`the connection ended: ${end}`);
    if (this.missingSince === undefined && this.wasOpened) this.events.trouble(`the connection ended: ${end}`);
    this.reopen(end);
  }

  private breakOff(why: string): void {
    const { connection } = this;
    this.connection = undefined;
    this.events.trouble(why);
    this.failUnderWay(why);
    connection?.abort();
    this.reopen(why);
  }

  private failUnderWay(why: string): void {
    this.silence.stop();
    const failed = [...this.underWay, ...[...this.byDatagram.values()].map(({ ticket }) => ticket)];
    this.underWay = [];
    this.byDatagram.clear();
    for (const ticket of failed) this.events.failed(ticket, why);
  }

  private reopen(why: string): void {
    if (this.closing) {
      this.events.closed();
      return;
    }
    this.missingSince ??= this.clock.now();
    if (this.clock.now() - this.missingSince > this.options.lostAfter) {
      this.events.lost(why);
      return;
    }
    this.clock.at(this.clock.now() + this.options.retryDelay, () => {
      if (this.closing) return;
      this.open();
      // What failed has left the closed loop without a request.
      if (this.wasOpened && this.waiting.length === 0) this.events.idle();
    });
  }
}
