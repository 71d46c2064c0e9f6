/** What the machine asks of an engine, and what an engine may ask of the machine around it. */

import type { AccessSize } from '../devices/device.js';
import type { Csr } from '../isa/csrs.js';
import type { MachineConfig } from './config.js';

export const engineNames = ['interpreter', 'reference', 'jit'] as const;
export type EngineName = (typeof engineNames)[number];

export type { AccessSize };

/**
 * The machine as an engine sees it. Called only between instructions' effects, in program order of each hart, so every
 * engine makes the same calls in the same order. All registers of the hart are in its area while a call lasts.
 */
export interface MachineHost {
  /** Load from outside RAM and CLINT, zero-extended; undefined = nothing answers there: load access fault. */
  load(physical: number, size: AccessSize): bigint | undefined;
  /** Store outside RAM and CLINT; false = nothing answers there: store access fault. */
  store(physical: number, size: AccessSize, value: bigint): boolean;
  /** Software stored to the HTIF word at M_HTIF_TOHOST; the value is already in RAM. May set M_EXIT_REQUEST. */
  tohost(): void;
  /**
   * An instruction marked as a probe, with the bits `raw`, is about to execute at virtual address `pc`; PC, CYCLE and INSTRET are up to
   * date. May throw {@link Interruption}, which leaves the engine before the instruction.
   */
  probe(hart: number, pc: bigint, raw: number): void;
  /** Architectural event (EV_TRAP, EV_RETURN of hart/layout.ts); made only while M_EVENTS is 1. */
  event(hart: number, kind: number, a: number, b: number): void;
}

/** When {@link Engine.turns} end. Infinity = never. */
export interface TurnsGoal {
  /** Steps of all harts together: when to come back, and the limit, which no hart passes. */
  readonly until: number;
  readonly limit: number;
  /** Cycle of the next device event, at which turns end too; cycle to come back at, when every hart awake has reached it. */
  readonly event: number;
  readonly pause: number;
  /** Cycles of a turn. */
  readonly quantum: number;
}

/**
 * With the cycle model, several harts' requests to the shared level wait for their answer until no hart can ask for anything earlier
 * (assembly/timing/requests.ts). Until then a hart's clock lacks part of what they cost.
 */
export interface WaitingRequests {
  /** Answers requests until the hart awake that is first by (cycle, hart) has none that waits: it may run. Between turns. */
  answer(): void;
  /** Answers all. The machine has ended. */
  answerAll(): void;
  /** The hart's turn begins: `quantum` cycles at most, and not past the next device event at cycle `event` (Infinity = none). */
  beginTurn(hart: number, quantum: number, event: number): void;
}

/** Thrown by a probe: the machine stops before the instruction, which is no yield point, and goes on there later. */
export class Interruption extends Error {}

/** An engine bound to one machine's memory. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Runs hart `hart` from a poll until a poll stops it; returns that poll's STOP_* (never STOP_NONE). The caller has set
   * TURN_END and INSTRET_LIMIT in the hart area. The hart area is up to date when it returns. `resume`: the last run of this hart
   * was left by an {@link Interruption}; goes on in the middle, without the first poll.
   */
  run(hart: number, resume?: boolean): number;
  /**
   * Turns of all harts as Machine makes them one by one, while nothing but harts has to act. Returns STOP_EXIT, STOP_LIMIT, or
   * STOP_NONE: the machine looks what is next. Without it the machine makes each turn itself, and so it does where an observer may stop it.
   */
  turns?(goal: TurnsGoal): number;
  /** Only with the cycle model. `turns` and `run` leave requests waiting. */
  readonly requests?: WaitingRequests | undefined;
  /**
   * Marks every instruction at a virtual address whose low 12 bits are in `pageOffsets` as a probe, and no other. Not while a
   * hart runs.
   */
  setProbes(pageOffsets: ReadonlySet<number>): void;
  /** RAM was changed from outside (an image loaded): forget whatever was derived from its content. */
  memoryChanged(): void;
  /** The hart areas and RAM were filled from a snapshot: derive anew what is derived from them. Before the first `run`. */
  restored(): void;
  /** A device reads these bytes of RAM: the cycle model's caches take part. */
  deviceReads(physical: number, size: number): void;
  /** A device has written these bytes of RAM: what was derived from them goes, and the cycle model's caches take part. */
  deviceWrote(physical: number, size: number): void;
}

/** What the choice of an engine's parts depends on. The memory is filled: machine block, CSR table, hart areas, RAM. */
export interface EngineSetup {
  /** Extensions by the names of the instruction tables. */
  readonly extensions: ReadonlySet<string>;
  /** The registers of this machine (isa/csrs.ts, resolveCsrs). */
  readonly csrs: readonly Csr[];
  readonly config: MachineConfig;
}

/** Builds an engine over a machine's memory. */
export type EngineFactory = (memory: WebAssembly.Memory, host: MachineHost) => Engine;
