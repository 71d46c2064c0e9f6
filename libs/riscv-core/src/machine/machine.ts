/**
 * A built machine and its run loop: harts take turns in the order of (clock, hart id), behind what others have asked of the shared level
 * before ({@link Engine.requests}); a machine in which every hart sleeps jumps to its next timer event; it ends by the test finisher,
 * HTIF, a limit, or a deadlock.
 */
import * as L from '../hart/layout.js';
import type { Bus } from './bus.js';
import type { MachineConfig } from './config.js';
import { Interruption, type AccessSize, type Engine, type MachineHost, type TurnsGoal } from './engine.js';
import { Htif } from './htif.js';
import { hartArea, type LinearMemory, type Ram } from './linear-memory.js';
import {
  Probes,
  type HartClock,
  type ImageMode,
  type Label,
  type Measurement,
  type ProbesState,
  type TrapCounts,
} from './probes.js';
import { EventSeries, type EventSample } from './event-series.js';
import { DeviceTime } from './device-time.js';
import type { DeviceState } from '../devices/device.js';
import { fieldsOf, numberOf } from '../devices/state-reader.js';
import { ModeClock, privilegeMode, type ModeClockState, type ModeSource, type PrivilegeMode } from './mode-clock.js';
import { stateHash } from '../trace/state-hash.js';
import { nextTimerCycle } from './timers.js';
import type { Uart } from '../devices/uart.js';

/** How a machine ended. `code` is what the program said, unbounded for HTIF. */
export type MachineExit =
  | { readonly kind: 'htif'; readonly code: bigint }
  | { readonly kind: 'finisher'; readonly code: bigint }
  | { readonly kind: 'reset' | 'limit' | 'deadlock'; readonly code: null };

/** Result of {@link Machine.run}: ended, still going, or waiting for console input. */
export type RunState = MachineExit | { readonly kind: 'running' } | { readonly kind: 'needs-input' };

/** An {@link InstructionObserver} stopped this hart before an instruction. The next run goes on there. */
export interface Stopped {
  readonly kind: 'stopped';
  readonly hart: number;
}

/** Is shown instructions before they execute, at no target cost. */
export interface InstructionObserver {
  /** The hart is about to execute the instruction with the bits `raw` at `pc`. True: stop the machine before it. */
  before(hart: number, pc: bigint, raw: number): boolean;
}

/** What labels and the mode clock have measured so far: plain data for a snapshot, which goes with the machine but is no part of it. */
export interface MeasuredSoFar {
  readonly probes?: ProbesState;
  readonly modes?: ModeClockState;
}

/** All offsets of a page at which an instruction may begin. */
const everywhere: ReadonlySet<number> = new Set(Array.from({ length: 2048 }, (_, i) => 2 * i));
/** What `enter` gives for a turn that an observer has stopped; no STOP_*. */
const STOPPED = -1;

/** Most cycles of a turn when no other hart bounds it. Not visible to software: a poll between turns is one that changes nothing. */
const LONE_TURN = 1 << 20;

export interface MachineParts {
  readonly config: MachineConfig;
  readonly memory: LinearMemory;
  readonly ram: Ram;
  readonly bus: Bus;
  readonly uart: Uart;
}

/** What a turn must not pass: see {@link Machine.run}. */
interface Goal {
  /** Steps so far, and up to which the machine runs before it comes back. */
  readonly total: number;
  readonly until: number;
  readonly limit: number | undefined;
  readonly untilCycle: number;
  /** Cycles until then. */
  readonly ahead: number;
  readonly inputOpen: boolean;
}

export class Machine implements HartClock, ModeSource {
  readonly config: MachineConfig;
  readonly memory: LinearMemory;
  readonly ram: Ram;
  private readonly bus: Bus;
  private readonly uart: Uart;
  private engine: Engine | undefined;
  private htif: Htif | undefined;
  private probes: Probes | undefined;
  private modes: ModeClock | undefined;
  private series: EventSeries | undefined;
  /** Observers that want the engine's events. */
  private listeners = 0;
  private exit: MachineExit | undefined;
  /** Device events served while every hart slept, and on. */
  private idleEvents = 0;
  private observer: InstructionObserver | undefined;
  /** Page offsets of what the observer wants to see. */
  private observed: ReadonlySet<number> = new Set();
  /** The hart whose turn an observer has stopped, and the instruction it stopped before. */
  private stopped: number | undefined;
  private shown: { readonly hart: number; readonly pc: bigint } | undefined;
  /** Time and events of the devices. An event is served when every hart awake has reached its cycle. */
  readonly deviceTime = new DeviceTime(
    () =>
      this.running === undefined ? Math.min(...this.harts.map((hart) => this.cycles(hart))) : this.cycles(this.running),
    (cycle) => this.boundTurn(cycle),
  );

  /** The hart that executes. */
  private get running(): number | undefined {
    const running = this.memory.u32(L.M_RUNNING);
    return running === 0 ? undefined : running - 1;
  }

  constructor(parts: MachineParts) {
    this.config = parts.config;
    this.memory = parts.memory;
    this.ram = parts.ram;
    this.bus = parts.bus;
    this.uart = parts.uart;
  }

  /** What an engine may ask of this machine. */
  readonly host: MachineHost = {
    load: (physical: number, size: AccessSize) => this.bus.load(physical, size),
    store: (physical: number, size: AccessSize, value: bigint) => this.bus.store(physical, size, value),
    tohost: () => this.htif?.handle(),
    probe: (hart: number, pc: bigint, raw: number) => this.probe(hart, pc, raw),
    event: (hart: number, kind: number, a: number) => {
      this.probes?.event(hart, kind, a);
      this.modes?.event(hart);
    },
  };

  /** Called once by the builder. */
  connect(engine: Engine, htif: Htif | undefined): void {
    this.engine = engine;
    this.htif = htif;
  }

  /** Watches labels and events from now on. At most once, before the first run. */
  observe(labels: readonly Label[]): void {
    this.probes = new Probes(labels, this, (on) => this.listen(on));
    this.placeProbes();
  }

  /**
   * Shows instructions to `observer` from now on: all of them, or those whose address has its low 12 bits in `pageOffsets`; undefined =
   * nobody any more. Not while the machine runs.
   */
  observeInstructions(observer: InstructionObserver | undefined, pageOffsets: ReadonlySet<number> = everywhere): void {
    this.observer = observer;
    this.observed = observer === undefined ? new Set() : pageOffsets;
    this.placeProbes();
  }

  private placeProbes(): void {
    this.runningEngine().setProbes(new Set([...(this.probes?.pageOffsets() ?? []), ...this.observed]));
  }

  private probe(hart: number, pc: bigint, raw: number): void {
    // Where the hart was stopped the instruction has been shown.
    const again = this.shown?.hart === hart && this.shown.pc === pc;
    this.shown = undefined;
    if (again) return;
    this.probes?.probe(hart, pc);
    if (this.observer?.before(hart, pc, raw) !== true) return;
    this.shown = { hart, pc };
    throw new Interruption();
  }

  /** Samples the cycle model's event counts from now on, every so many cycles; `take` gets them. Once in a machine's life. */
  sampleEvents(every: number, take: (samples: readonly EventSample[]) => void): EventSeries {
    if (this.series !== undefined) throw new Error('machine: events are sampled already');
    this.series = new EventSeries(this, every, take);
    return this.series;
  }

  /** The machine's one clock of cycles by privilege mode, for whoever marks its beginning and end. */
  modeClock(): ModeClock {
    this.modes ??= new ModeClock(this, (on) => this.listen(on));
    return this.modes;
  }

  private listen(on: boolean): void {
    this.listeners += on ? 1 : -1;
    this.memory.setU32(L.M_EVENTS, this.listeners > 0 ? 1 : 0);
  }

  /** One hash over everything that decides how this machine goes on (trace/state-hash.ts). */
  stateHash(): string {
    return stateHash(this.memory.memory, this.bus.state());
  }

  /** What this machine keeps outside its linear memory. Call between runs. */
  outside(): DeviceState {
    if (this.stopped !== undefined) throw new Error('machine: in the middle of a turn, where an observer stopped it');
    return [this.idleEvents, this.deviceTime.state(), this.bus.state(), this.htif?.state() ?? []];
  }

  /** Goes on as the machine did whose `outside()` this is, and whose linear memory has been filled in. Before the first run. */
  restore(outside: DeviceState): void {
    const [idleEvents, time, bus, htif] = fieldsOf(outside, 4);
    this.idleEvents = numberOf(idleEvents);
    this.deviceTime.restore(time);
    this.bus.restore(bus!);
    this.htif?.restore(htif);
    this.runningEngine().restored();
  }

  /** Somebody outside the machine has written to RAM. */
  memoryChanged(): void {
    this.runningEngine().memoryChanged();
  }

  /** A device has accessed RAM. */
  deviceAccessed(physical: number, size: number, write: boolean): void {
    if (write) this.runningEngine().deviceWrote(physical, size);
    else this.runningEngine().deviceReads(physical, size);
  }

  /** What the labels measured; undefined when no measured section was completed. */
  measurement(): Measurement | undefined {
    return this.probes?.measurement();
  }

  measuredSoFar(): MeasuredSoFar {
    const { probes, modes } = this;
    return {
      ...(probes === undefined ? {} : { probes: probes.state() }),
      ...(modes === undefined ? {} : { modes: modes.state() }),
    };
  }

  /** The measurement goes on that the machine was in when it was saved. The same labels are observed. */
  goOnMeasuring({ probes, modes }: MeasuredSoFar): void {
    if (probes !== undefined) this.probes?.restore(probes);
    if (modes !== undefined) this.modeClock().restore(modes);
  }

  /** A device ends the machine. The first reason counts. */
  stop(exit: MachineExit): void {
    this.exit ??= exit;
    this.memory.setU32(L.M_EXIT_REQUEST, 1);
  }

  /** Console input from the simulation host. */
  receive(bytes: Uint8Array): void {
    this.uart.receive(bytes);
    this.htif?.receive(bytes);
  }

  /**
   * Runs for about `budget` instructions in all (a turn is never cut), or to the end.
   * `maxInstructions` limits the machine's whole life; both count {@link totalSteps}. `inputOpen`: console input may still come, so a sleeping machine
   * that waits for it by interrupt is not dead. `untilCycle`: comes back when {@link time} has reached it, at the first yield point of a
   * lone hart, or at the end of a turn.
   */
  run(budget: number, maxInstructions: number | undefined, inputOpen = false, untilCycle: number = Infinity): RunState {
    const state = this.runObserved(budget, maxInstructions, inputOpen, untilCycle);
    if (state.kind === 'stopped') throw new Error('machine: stopped by an observer in a run that expects none to');
    return state;
  }

  /** The same with an observer that may stop the machine. */
  runObserved(
    budget: number,
    maxInstructions: number | undefined,
    inputOpen: boolean,
    untilCycle: number = Infinity,
  ): RunState | Stopped {
    const until = this.totalSteps() + budget;
    for (;;) {
      const total = this.totalSteps();
      if (this.stopped === undefined) {
        if (this.config.harts > 1) this.runningEngine().requests?.answer();
        if (maxInstructions !== undefined && total >= maxInstructions) return { kind: 'limit', code: null };
        if (total >= until) return { kind: 'running' };
      }
      const ahead = untilCycle === Infinity ? Infinity : untilCycle - this.time();
      if (ahead <= 0 && this.stopped === undefined) return { kind: 'running' };
      const state = this.turn({ total, until, limit: maxInstructions, untilCycle, ahead, inputOpen });
      if (state === undefined) continue;
      if (this.exit !== undefined) this.runningEngine().requests?.answerAll();
      return state;
    }
  }

  /** One turn of one hart, the rest of one that was stopped, or as many as the engine makes by itself. */
  private turn({ total, until, limit, untilCycle, ahead, inputOpen }: Goal): RunState | Stopped | undefined {
    if (this.stopped !== undefined) return this.execute(this.stopped, limit);
    const awake = this.harts.filter((hart) => !this.asleep(hart));
    const hart = first(awake, (candidate) => this.cycles(candidate));
    if (hart === undefined) return this.wakeNext(inputOpen);
    this.series?.reached(this.cycles(hart));
    const event = this.deviceTime.next() ?? Infinity;
    if (event <= this.cycles(hart)) return this.serveDevices(this.cycles(hart));

    const alone = this.config.harts === 1;
    const engine = this.runningEngine();
    const pause = Math.min(untilCycle, this.series?.next ?? Infinity);
    if (engine.turns !== undefined && !alone && this.observer === undefined && pause > this.cycles(hart)) {
      const reason = this.engineTurns(engine.turns, {
        until,
        limit: limit ?? Infinity,
        event,
        pause,
        quantum: this.config.quantum,
      });
      if (this.exit !== undefined) return this.exit;
      return reason === L.STOP_LIMIT ? { kind: 'limit', code: null } : undefined;
    }
    const lone = Math.min(LONE_TURN, until - total, ahead);
    const loneEnd = Math.min(this.cycles(hart) + lone, this.series?.next ?? Infinity);
    // The hart whose turn it is has the least clock of those awake.
    const end = alone ? loneEnd : this.cycles(hart) + this.config.quantum;
    this.bound(hart, Math.min(end, event), limit === undefined ? undefined : limit - total);
    if (!alone) engine.requests?.beginTurn(hart, this.config.quantum, event);
    return this.execute(hart, limit);
  }

  /** The turn of `hart`, whose bounds are set, or the rest of one that was stopped. */
  private execute(hart: number, limit: number | undefined): RunState | Stopped | undefined {
    const reason = this.enter(hart);
    if (reason === STOPPED) return { kind: 'stopped', hart };
    if (this.exit !== undefined) return this.exit;
    if (reason === L.STOP_LIMIT && limit !== undefined) return { kind: 'limit', code: null };
    return this.pollSleepers(this.cycles(hart));
  }

  private engineTurns(turns: NonNullable<Engine['turns']>, goal: TurnsGoal): number {
    try {
      // The engine knows the steps of harts only.
      const { idleEvents } = this;
      return turns({ ...goal, until: goal.until - idleEvents, limit: goal.limit - idleEvents });
    } finally {
      this.memory.setU32(L.M_RUNNING, 0);
    }
  }

  /** Device events up to `cycle`. They may end the machine, or raise the line a sleeper waits for. */
  private serveDevices(cycle: number): RunState | undefined {
    this.deviceTime.runUntil(cycle);
    return this.exit ?? this.pollSleepers(cycle);
  }

  /** A device plans an event at `cycle`: the turn under way stops there. */
  private boundTurn(cycle: number): void {
    const { running } = this;
    if (running === undefined) return;
    this.memory.setU32(L.M_TURNS_BREAK, 1);
    const at = hartArea(running) + L.TURN_END;
    this.memory.setCount(at, Math.min(this.memory.count(at), cycle));
  }

  /** Sleepers other than through a timer: an IPI or a device line raised in another hart's turn wakes them. */
  private pollSleepers(clock: number): RunState | undefined {
    if (this.config.harts === 1) return undefined;
    for (const hart of this.harts) {
      if (!this.asleep(hart)) continue;
      const event = nextTimerCycle(this.memory, hart) ?? Infinity;
      this.sleepUntil(hart, Math.min(event, clock));
      this.poll(hart);
      if (this.exit !== undefined) return this.exit;
    }
    return undefined;
  }

  /** Every hart sleeps: jumps to the next event of a timer or a device. */
  private wakeNext(inputOpen: boolean): RunState | undefined {
    // A device line may have risen since they fell asleep (console input).
    for (const hart of this.harts) {
      this.poll(hart);
      if (this.exit !== undefined) return this.exit;
      if (!this.asleep(hart)) return undefined;
    }
    const events = this.harts.map((hart) => nextTimerCycle(this.memory, hart) ?? Infinity);
    const hart = first(this.harts, (candidate) => events[candidate] ?? Infinity);
    const at = hart === undefined ? Infinity : (events[hart] ?? Infinity);
    const device = this.deviceTime.next() ?? Infinity;
    if (device <= at && device !== Infinity) return this.serveWhileAsleep(device);
    if (hart === undefined || at === Infinity)
      return inputOpen && this.uart.expectsInput ? { kind: 'needs-input' } : { kind: 'deadlock', code: null };
    this.sleepUntil(hart, at);
    this.poll(hart);
    return this.exit;
  }

  /** Every hart sleeps until the device event at `cycle`, which may wake any of them. */
  private serveWhileAsleep(cycle: number): RunState | undefined {
    this.deviceTime.runUntil(cycle);
    for (const hart of this.harts) {
      if (this.exit !== undefined) return this.exit;
      this.sleepUntil(hart, cycle);
      this.poll(hart);
    }
    if (this.harts.every((hart) => this.asleep(hart))) this.idleEvents += 1;
    return this.exit;
  }

  /** Polls a hart that sleeps: it may wake, but executes nothing yet. */
  private poll(hart: number): void {
    this.bound(hart, this.cycles(hart), undefined);
    this.enter(hart);
  }

  /** The hart's turn ends when its clock reaches `end`, or `left` steps from now. */
  private bound(hart: number, end: number, left: number | undefined): void {
    const area = hartArea(hart);
    this.memory.setCount(area + L.TURN_END, end);
    if (left === undefined) this.memory.setU64(area + L.INSTRET_LIMIT, (1n << 64n) - 1n);
    else this.memory.setCount(area + L.INSTRET_LIMIT, this.steps(hart) + left);
  }

  /** STOP_*, or STOPPED. */
  private enter(hart: number): number {
    const resume = this.stopped !== undefined;
    this.stopped = undefined;
    this.memory.setU32(L.M_RUNNING, hart + 1);
    try {
      return this.runningEngine().run(hart, resume);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      this.stopped = hart;
      return STOPPED;
    } finally {
      this.memory.setU32(L.M_RUNNING, 0);
    }
  }

  private sleepUntil(hart: number, cycle: number): void {
    const area = hartArea(hart);
    const slept = cycle - this.memory.count(area + L.CYCLE);
    if (slept <= 0) return;
    this.memory.setCount(area + L.CYCLE, cycle);
    this.memory.setCount(area + L.SLEPT, this.memory.count(area + L.SLEPT) + slept);
  }

  asleep(hart: number): boolean {
    return this.memory.u32(hartArea(hart) + L.WFI) !== 0;
  }

  get harts(): readonly number[] {
    return Array.from({ length: this.config.harts }, (_, hart) => hart);
  }

  private runningEngine(): Engine {
    if (this.engine === undefined) throw new Error('machine: no engine connected');
    return this.engine;
  }

  // ---- figures -------------------------------------------------------------------------------------------------------

  cycles(hart: number): number {
    return this.memory.count(hartArea(hart) + L.CYCLE);
  }

  instret(hart: number): number {
    return this.memory.count(hartArea(hart) + L.INSTRET);
  }

  /** What the limit counts: instructions, and traps before the handler of the trap before had retired one. */
  private steps(hart: number): number {
    return this.instret(hart) + this.memory.count(hartArea(hart) + L.BARREN_TRAPS);
  }

  /** Steps of all harts, and device events that woke nobody in a machine that sleeps: it comes to an end even if it does nothing. */
  totalSteps(): number {
    return this.harts.reduce((total, hart) => total + this.steps(hart), this.idleEvents);
  }

  /** How far the machine is: the clock of the hart that is behind all others awake, or of the last that fell asleep. */
  time(): number {
    const awake = this.harts.filter((hart) => !this.asleep(hart)).map((hart) => this.cycles(hart));
    return awake.length > 0 ? Math.min(...awake) : Math.max(...this.harts.map((hart) => this.cycles(hart)));
  }

  totalInstret(): number {
    let total = 0;
    for (let hart = 0; hart < this.config.harts; hart += 1) total += this.instret(hart);
    return total;
  }

  totalCycles(): number {
    let total = 0;
    for (let hart = 0; hart < this.config.harts; hart += 1) total += this.cycles(hart);
    return total;
  }

  mode(hart: number): ImageMode {
    const area = hartArea(hart);
    if (this.memory.u32(area + L.V) !== 0) return 'guest';
    const privilege = this.memory.u32(area + L.PRV);
    return privilege === L.PRV_M ? 'M' : privilege === L.PRV_S ? 'HS' : 'U';
  }

  privilege(hart: number): PrivilegeMode {
    const area = hartArea(hart);
    return privilegeMode(this.memory.u32(area + L.PRV), this.memory.u32(area + L.V) !== 0);
  }

  slept(hart: number): number {
    return this.memory.count(hartArea(hart) + L.SLEPT);
  }

  traps(hart: number): TrapCounts {
    const at = hartArea(hart) + L.TRAP_COUNTS;
    return Array.from({ length: L.TRAP_COUNTS_SIZE / 8 }, (_, index) => this.memory.count(at + 8 * index));
  }
}

/** The element of least `key`, the first of equals. */
function first(values: readonly number[], key: (value: number) => number): number | undefined {
  return values.reduce<number | undefined>(
    (best, value) => (best === undefined || key(value) < key(best) ? value : best),
    undefined,
  );
}
