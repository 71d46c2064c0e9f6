/**
 * The far end of the simulated link: clients of a service in the machine. It waits until the machine answers, opens its
 * connections, stores every key, warms up, measures, closes, and tells the machine to power off. Everything follows from the
 * load, the seed and what arrives at which cycle.
 */
import type { DeviceClock, FarEnd } from '#libs/riscv-core';
import type { Exchange, ServiceClient } from './clients/client.js';
import { MemcachedClient } from './clients/memcached.js';
import { NginxClient } from './clients/nginx.js';
import { RedisClient } from './clients/redis.js';
import { Latencies } from './latencies.js';
import { checkLoad } from './load-check.js';
import type { LoadMark, LoadOptions, LoadResult, LoadSpec } from './load-spec.js';
import { ipv4 } from './net/ipv4.js';
import { Station } from './net/station.js';
import { tcpTiming } from './net/tcp-timing.js';
import { PowerOff } from './power-off.js';
import { Random } from './random.js';
import { Session, type Ticket } from './session.js';

export interface LoadGenerator extends FarEnd {
  /** Nothing is left to do: the machine was told to power off, or was given up. It may be gone before its answer arrives. */
  readonly done: boolean;
  /** The machine has answered that it powers off. */
  readonly confirmed: boolean;
  /** Final when `done`; before that, what there is so far. */
  result(): LoadResult;
}

export const machineAddress = { mac: Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56), ip: ipv4('10.0.2.15') };
export const farEndAddress = { mac: Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x01), ip: ipv4('10.0.2.2') };

/** Throws RangeError naming the field when the load makes no sense. */
export function createLoadGenerator(spec: LoadSpec, seed: number, options: LoadOptions): LoadGenerator {
  checkLoad(spec);
  switch (spec.service) {
    case 'memcached':
      return new Generator(spec, seed, options, new MemcachedClient(spec, seed));
    case 'redis':
      return new Generator(spec, seed, options, new RedisClient(spec, seed));
    case 'nginx':
      return new Generator(spec, seed, options, new NginxClient(spec, seed));
  }
}

/** Failures told in words. */
const MAX_ERRORS = 10;

type Phase = 'starting' | 'preload' | 'warmup' | 'measured' | 'closing' | 'quitting' | 'done';

class Generator<Reply> implements LoadGenerator {
  private readonly station: Station;
  private readonly random: Random;
  private sessions: Session<Reply>[] = [];
  private phase: Phase = 'starting';
  /** Sessions not opened yet, or not closed yet. */
  private missing: number;
  private stores: Iterator<Exchange<Reply>>[] = [];
  /** Sessions that have nothing more to do in this phase of a closed loop. */
  private readonly dry = new Set<number>();
  /** Requests of this phase not handed to a session yet. */
  private left = 0;
  /** Requests handed to sessions and not settled. */
  private outstanding = 0;
  private verified = 0;
  private measuredFailed = 0;
  private failed = 0;
  private readonly errors: string[] = [];
  private readonly latencies = new Latencies();
  private beginCycle = 0;
  private endCycle = 0;
  private bytesIn = 0;
  private bytesOut = 0;
  confirmed = false;

  constructor(
    private readonly spec: LoadSpec,
    seed: number,
    private readonly options: LoadOptions,
    private readonly client: ServiceClient<Reply>,
  ) {
    this.missing = spec.connections;
    this.random = new Random(seed, 'arrivals');
    this.station = new Station({
      ...farEndAddress,
      timing: tcpTiming(options.cyclesPerSecond),
      arpInterval: this.cycles(ARP_INTERVAL_MS),
      random: new Random(seed, 'station'),
    });
  }

  get done(): boolean {
    return this.phase === 'quitting' || this.phase === 'done';
  }

  connect(send: (frame: Uint8Array) => void, clock: DeviceClock): void {
    this.station.connect(send, clock);
    this.after(START_DEADLINE_MS, () => {
      if (this.phase === 'starting') this.giveUp('the machine did not answer in time');
    });
    // Not at once: whoever builds the machine is still at it.
    this.after(0, () => this.station.whenReachable(machineAddress.ip, () => this.openSessions()));
  }

  receive(frame: Uint8Array): void {
    this.station.receive(frame);
  }

  result(): LoadResult {
    return {
      requests: this.verified + this.measuredFailed,
      verified: this.verified,
      failed: this.failed,
      errors: [...this.errors],
      beginCycle: this.beginCycle,
      endCycle: this.endCycle,
      latencies: this.latencies.summary(),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }

  // ---- phases ----------------------------------------------------------------------------------------------------------

  private openSessions(): void {
    if (this.phase !== 'starting') return;
    for (let connection = 0; connection < this.spec.connections; connection++) {
      this.stores.push(this.client.preload(connection)[Symbol.iterator]());
      this.sessions.push(this.newSession(connection));
    }
    for (const session of this.sessions) session.open();
  }

  private newSession(connection: number): Session<Reply> {
    return new Session(
      this.station,
      this.client,
      {
        ip: machineAddress.ip,
        depth: this.spec.pipeline ?? 1,
        timeout: this.cycles(REQUEST_TIMEOUT_MS),
        retryDelay: this.cycles(RETRY_MS),
        lostAfter: this.cycles(LOST_AFTER_MS),
        datagramAttempts: DATAGRAM_ATTEMPTS,
        datagramTimeout: this.cycles(DATAGRAM_TIMEOUT_MS),
      },
      {
        opened: () => {
          this.missing -= 1;
          if (this.missing === 0) this.begin('preload');
        },
        sent: (ticket) => this.sent(ticket),
        received: (bytes) => {
          if (this.phase === 'measured') this.bytesIn += bytes;
        },
        answered: (ticket) => {
          if (ticket.measured) {
            this.verified += 1;
            this.latencies.add(this.now() - ticket.arrival);
          }
          this.settled(ticket);
        },
        failed: (ticket, why) => {
          if (ticket.measured) this.measuredFailed += 1;
          this.fail(`${ticket.exchange.name}: ${why}`);
          this.settled(ticket);
        },
        trouble: (why) => this.fail(why),
        idle: () => this.feed(connection),
        lost: (why) => this.giveUp(`${this.spec.service} is lost: ${why}`),
        closed: () => {
          this.missing -= 1;
          if (this.missing === 0) this.quit();
        },
      },
    );
  }

  private begin(phase: 'preload' | 'warmup' | 'measured'): void {
    this.phase = phase;
    this.dry.clear();
    if (phase === 'preload') this.left = 0;
    else if (this.spec.loop.kind === 'closed') this.left = phase === 'warmup' ? this.spec.warmup : this.spec.requests;
    else {
      // One stream of arrivals; the first ones are the warm-up.
      this.phase = 'measured';
      this.left = this.spec.warmup + this.spec.requests;
      this.arrivals(this.spec.loop.ratePerSecond);
      return;
    }
    for (let connection = 0; connection < this.spec.connections; connection++) {
      const skew = this.random.within({ min: 0, max: this.cycles(START_SKEW_MS) });
      this.station.clock.at(this.now() + skew, () => this.feed(connection));
    }
  }

  /** Gives an idle session its next requests; without any left, the phase may be over. */
  private feed(connection: number): void {
    if (this.phase !== 'preload' && (this.spec.loop.kind === 'open' || !this.isLoading())) return;
    const tickets: Ticket<Reply>[] = [];
    while (tickets.length < (this.spec.pipeline ?? 1)) {
      const exchange = this.nextExchange(connection);
      if (exchange === undefined) break;
      tickets.push({ exchange, arrival: this.now(), measured: this.phase === 'measured' });
    }
    this.outstanding += tickets.length;
    if (tickets.length > 0) this.sessions[connection]!.submit(tickets);
    else {
      this.dry.add(connection);
      if (this.dry.size === this.spec.connections) this.endPhase();
    }
  }

  private nextExchange(connection: number): Exchange<Reply> | undefined {
    if (this.phase === 'preload') {
      const step = this.stores[connection]!.next();
      return step.done === true ? undefined : step.value;
    }
    if (this.left === 0) return undefined;
    this.left -= 1;
    return this.client.next(connection);
  }

  private isLoading(): boolean {
    return this.phase === 'warmup' || this.phase === 'measured';
  }

  /** A Poisson process: the time to the next arrival is exponentially distributed. */
  private arrivals(ratePerSecond: number): void {
    const mean = this.options.cyclesPerSecond / ratePerSecond;
    let at = this.now();
    const next = (): void => {
      at += this.random.exponential(mean);
      this.station.clock.at(Math.ceil(at), (cycle) => {
        if (this.phase !== 'measured') return;
        this.arrive(cycle);
        if (this.left > 0) next();
      });
    };
    next();
  }

  private arrive(cycle: number): void {
    const connection = this.random.within({ min: 0, max: this.spec.connections - 1 });
    const measured = this.left <= this.spec.requests;
    this.left -= 1;
    this.outstanding += 1;
    this.sessions[connection]!.submit([{ exchange: this.client.next(connection), arrival: cycle, measured }]);
  }

  private sent(ticket: Ticket<Reply>): void {
    if (!ticket.measured) return;
    this.bytesOut += ticket.exchange.request.length;
    if (this.beginCycle === 0) this.mark('begin');
  }

  private settled(ticket: Ticket<Reply>): void {
    this.outstanding -= 1;
    if (ticket.measured && this.verified + this.measuredFailed === this.spec.requests) this.mark('end');
    if (this.spec.loop.kind === 'open' && this.phase === 'measured' && this.outstanding === 0 && this.left === 0)
      this.endPhase();
  }

  private mark(mark: LoadMark): void {
    const cycle = this.now();
    if (mark === 'begin') this.beginCycle = cycle;
    else this.endCycle = cycle;
    this.options.onMark?.(mark, cycle);
  }

  private endPhase(): void {
    if (this.phase === 'preload') this.begin(this.spec.warmup > 0 ? 'warmup' : 'measured');
    else if (this.phase === 'warmup') this.begin('measured');
    else if (this.phase === 'measured') this.closeSessions();
  }

  private closeSessions(): void {
    this.phase = 'closing';
    this.missing = this.sessions.length;
    for (const session of this.sessions) session.close();
    this.after(CLOSE_TIMEOUT_MS, () => {
      if (this.phase !== 'closing') return;
      this.fail(`${this.missing} connections were not closed in time`);
      for (const session of this.sessions) session.abandon();
      this.quit();
    });
  }

  private quit(): void {
    if (this.phase !== 'closing') return;
    this.phase = 'quitting';
    new PowerOff(this.station, machineAddress.ip, this.cycles(QUIT_INTERVAL_MS), (answered) => {
      this.confirmed = answered;
      if (!answered) this.fail('no "bye" from the machine');
      this.phase = 'done';
    }).ask();
  }

  private giveUp(why: string): void {
    if (this.phase === 'closing' || this.phase === 'quitting' || this.phase === 'done') return;
    this.fail(why);
    const reachable = this.phase !== 'starting' || this.sessions.length > 0;
    this.phase = 'closing';
    for (const session of this.sessions)
      for (const ticket of session.abandon()) if (ticket.measured) this.measuredFailed += 1;
    if (reachable) this.quit();
    else {
      this.station.forget(machineAddress.ip);
      this.phase = 'done';
    }
  }

  private fail(why: string): void {
    this.failed += 1;
    if (this.errors.length < MAX_ERRORS) this.errors.push(`cycle ${this.now()}: ${why}`);
  }

  private now(): number {
    return this.station.clock.now();
  }

  /** Whole ones: the clock takes no others. */
  private cycles(ms: number): number {
    return Math.ceil((ms * this.options.cyclesPerSecond) / 1000);
  }

  private after(ms: number, action: () => void): void {
    this.station.clock.at(this.now() + this.cycles(ms), action);
  }
}

// Target time. Long beside anything that a service takes, short enough to end a run that hangs.
const START_DEADLINE_MS = 30_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 30_000;
const RETRY_MS = 5;
const ARP_INTERVAL_MS = 10;
const LOST_AFTER_MS = 30_000;
const DATAGRAM_ATTEMPTS = 10;
const DATAGRAM_TIMEOUT_MS = 50;
const QUIT_INTERVAL_MS = 50;
/** Connections start within this time of one another. */
const START_SKEW_MS = 0.05;
