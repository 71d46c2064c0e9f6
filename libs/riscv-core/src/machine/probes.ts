/**
 * Observation at zero target cost: labels in the target software and architectural events say to which phase and step the
 * cycles and instructions of a hart belong.
 *
 * Labels: `phase.<name>.<n>`, `step.<name>.<n>`, `op.<n>`, `measure.begin`, `measure.end`. A label fires before the
 * instruction at its address, in the mode its image runs in. A trap out of V=1 (other than to VS) begins phase `exit` and
 * step `trap`; entering V=1 begins phase and step `guest`. Everything is counted per hart between measure.begin and
 * measure.end, so the phases sum to the total to the last cycle.
 */
import { EV_RETURN, EV_TRAP } from '../hart/layout.js';
import type { CodeSymbol } from './symbols.js';

/** Mode in which the code of an image runs. */
export type ImageMode = 'M' | 'HS' | 'U' | 'guest';

type Effect =
  { readonly kind: 'phase' | 'step'; readonly name: string } | { readonly kind: 'begin' | 'end' | 'operation' };

export interface Label {
  readonly address: bigint;
  readonly mode: ImageMode;
  readonly effect: Effect;
}

/** The labels among an image's symbols. */
export function labelsOf(symbols: readonly CodeSymbol[], mode: ImageMode): Label[] {
  return symbols.flatMap(({ address, name }) => {
    const effect = effectOf(name);
    return effect === undefined ? [] : [{ address, mode, effect }];
  });
}

function effectOf(name: string): Effect | undefined {
  if (name === 'measure.begin') return { kind: 'begin' };
  if (name === 'measure.end') return { kind: 'end' };
  if (name.startsWith('op.')) return { kind: 'operation' };
  const match = /^(phase|step)\.(.+)\.[^.]+$/.exec(name);
  if (match?.[2] === undefined) return undefined;
  return { kind: match[1] === 'phase' ? 'phase' : 'step', name: match[2] };
}

/** What the probes read of a hart. */
export interface HartClock {
  cycles(hart: number): number;
  instret(hart: number): number;
  mode(hart: number): ImageMode;
  /** Traps so far: [from V=1][to mode: 0 HU, 1 HS, 2 VS, 3 M][cause, or 64 + interrupt number]. */
  traps(hart: number): TrapCounts;
}

/** Index: ((from V) * 4 + to mode) * 128 + cause. */
export type TrapCounts = readonly number[];

const TO_VS = 2;

/** What was measured between measure.begin and measure.end. */
export interface Measurement {
  readonly operations: number;
  readonly cycles: number;
  readonly instructions: number;
  /** Cycles by phase; they sum to `cycles`. */
  readonly phases: ReadonlyMap<string, number>;
  /** Instructions by step; they sum to `instructions`. */
  readonly steps: ReadonlyMap<string, number>;
  /** Traps taken between begin and end, indexed as {@link TrapCounts}. */
  readonly traps: TrapCounts;
}

interface HartRecord {
  measuring: boolean;
  operations: number;
  phase: string;
  step: string;
  /** Where the running phase (cycles) and step (instructions) began. */
  phaseSince: number;
  stepSince: number;
  beganAt: { cycles: number; instructions: number; traps: TrapCounts };
  cycles: number;
  instructions: number;
  phases: Map<string, number>;
  steps: Map<string, number>;
  traps: number[];
}

/** What probes have measured so far, as plain data. */
export type ProbesState = ReadonlyMap<number, HartRecord>;

export class Probes {
  private readonly labels = new Map<bigint, Label[]>();
  private readonly harts = new Map<number, HartRecord>();
  private measuredHarts = 0;

  constructor(
    labels: readonly Label[],
    private readonly clock: HartClock,
    /** Told when the first hart begins to measure and when the last one ends: events matter only in between. */
    private readonly listen: (on: boolean) => void,
  ) {
    for (const label of labels) {
      const there = this.labels.get(label.address);
      if (there === undefined) this.labels.set(label.address, [label]);
      else there.push(label);
    }
  }

  /** Low 12 bits of every label's address. */
  pageOffsets(): ReadonlySet<number> {
    return new Set([...this.labels.keys()].map((address) => Number(address & 0xfffn)));
  }

  /** A hart is about to execute the instruction at `pc`. */
  probe(hart: number, pc: bigint): void {
    const labels = this.labels.get(BigInt.asUintN(64, pc));
    if (labels === undefined) return;
    const mode = this.clock.mode(hart);
    for (const label of labels) if (label.mode === mode) this.apply(hart, label.effect);
  }

  /** Architectural event as reported by an engine (MachineHost.event). */
  event(hart: number, kind: number, a: number): void {
    const record = this.harts.get(hart);
    if (record === undefined || !record.measuring) return;
    if (kind === EV_TRAP && ((a >>> 16) & 1) === 1 && ((a >>> 20) & 3) !== TO_VS) {
      this.enter(hart, record, 'exit', 'trap');
    } else if (kind === EV_RETURN && ((a >>> 4) & 1) === 1) {
      this.enter(hart, record, 'guest', 'guest');
    }
  }

  /** Sum over all harts; undefined when no hart has completed a measured section. */
  measurement(): Measurement | undefined {
    const done = [...this.harts.values()].filter((record) => !record.measuring && record.cycles > 0);
    if (done.length === 0) return undefined;
    const sum = (read: (record: HartRecord) => number): number =>
      done.reduce((total, record) => total + read(record), 0);
    const merge = (read: (record: HartRecord) => Map<string, number>): Map<string, number> => {
      const merged = new Map<string, number>();
      for (const record of done) for (const [name, value] of read(record)) add(merged, name, value);
      return merged;
    };
    return {
      operations: sum((record) => record.operations),
      cycles: sum((record) => record.cycles),
      instructions: sum((record) => record.instructions),
      phases: merge((record) => record.phases),
      steps: merge((record) => record.steps),
      traps: (done[0]?.traps ?? []).map((_, index) => sum((record) => record.traps[index] ?? 0)),
    };
  }

  state(): ProbesState {
    return this.harts;
  }

  /** Goes on as the probes did that had this state, in a machine restored to the same moment. First call; the state becomes their own. */
  restore(state: ProbesState): void {
    for (const [hart, record] of state) this.harts.set(hart, record);
    this.measuredHarts = [...state.values()].filter((record) => record.measuring).length;
    if (this.measuredHarts > 0) this.listen(true);
  }

  private apply(hart: number, effect: Effect): void {
    if (effect.kind === 'begin') {
      this.begin(hart);
      return;
    }
    const record = this.harts.get(hart);
    if (record === undefined || !record.measuring) return;
    switch (effect.kind) {
      case 'phase':
        this.enter(hart, record, effect.name, record.step);
        break;
      case 'step':
        this.enter(hart, record, record.phase, effect.name);
        break;
      case 'operation':
        record.operations += 1;
        break;
      case 'end':
        this.end(hart, record);
        break;
    }
  }

  private begin(hart: number): void {
    const cycles = this.clock.cycles(hart);
    const instructions = this.clock.instret(hart);
    const before = this.harts.get(hart);
    if (before?.measuring === true) throw new Error('measure.begin inside a measured section');
    this.harts.set(hart, {
      measuring: true,
      operations: before?.operations ?? 0,
      phase: 'guest',
      step: 'guest',
      phaseSince: cycles,
      stepSince: instructions,
      beganAt: { cycles, instructions, traps: this.clock.traps(hart) },
      cycles: before?.cycles ?? 0,
      instructions: before?.instructions ?? 0,
      phases: before?.phases ?? new Map<string, number>(),
      steps: before?.steps ?? new Map<string, number>(),
      traps: before?.traps ?? [],
    });
    this.measuredHarts += 1;
    if (this.measuredHarts === 1) this.listen(true);
  }

  private end(hart: number, record: HartRecord): void {
    this.closePhase(hart, record);
    this.closeStep(hart, record);
    record.measuring = false;
    record.cycles += this.clock.cycles(hart) - record.beganAt.cycles;
    record.instructions += this.clock.instret(hart) - record.beganAt.instructions;
    const { traps } = record.beganAt;
    record.traps = this.clock
      .traps(hart)
      .map((count, index) => count - (traps[index] ?? 0) + (record.traps[index] ?? 0));
    this.measuredHarts -= 1;
    if (this.measuredHarts === 0) this.listen(false);
  }

  /** From this point of the hart's time on it is in `phase` and `step`; what goes on is left running. */
  private enter(hart: number, record: HartRecord, phase: string, step: string): void {
    if (phase !== record.phase) {
      this.closePhase(hart, record);
      record.phase = phase;
    }
    if (step !== record.step) {
      this.closeStep(hart, record);
      record.step = step;
    }
  }

  private closePhase(hart: number, record: HartRecord): void {
    const now = this.clock.cycles(hart);
    add(record.phases, record.phase, now - record.phaseSince);
    record.phaseSince = now;
  }

  private closeStep(hart: number, record: HartRecord): void {
    const now = this.clock.instret(hart);
    add(record.steps, record.step, now - record.stepSince);
    record.stepSince = now;
  }
}

function add(map: Map<string, number>, name: string, value: number): void {
  if (value !== 0) map.set(name, (map.get(name) ?? 0) + value);
}
