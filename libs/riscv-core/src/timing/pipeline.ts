/**
 * Static cost of an instruction: what it costs if every cache, TLB and prediction hits (rocket-timing.md 2 and 3).
 *
 * Rocket issues one instruction per cycle in order; an instruction waits in decode for operands that are not ready. The
 * wait is charged to the producer of the operand, so that the cost is a function of the producer's address and of the
 * bytes behind it, wherever execution came from:
 *
 *     cost = its own cycles + the delay of the instructions behind it, compared with a result that were ready at once
 *
 * Behind it means: in memory order, inside the page, up to a transfer that is always taken. A conditional branch is looked
 * across as if not taken; a consumer at a branch target is not seen.
 */
import { registerIndex, registerUse, type Insn, type RegisterField } from '../isa/insn.js';
import { csrWriteFlushes } from '../isa/csrs.js';
import type { ParameterValues } from './parameters.js';

/** What the model needs to know of a decoded instruction; decode/decoder.ts's DecodedInsn is one. */
export interface IssuedInsn {
  readonly insn: Pick<Insn, 'format' | 'latency' | 'match'>;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly imm: number;
  /** The bits as fetched. */
  readonly raw: number;
}

/** Cost of one instruction given those that follow it in memory (at most `lookahead` of them count). */
export class StaticCosts {
  readonly lookahead: number;
  private readonly values: Readonly<Record<Value, number>>;

  constructor(parameters: ParameterValues) {
    const value = (name: string): number => {
      const found = parameters.get(name);
      if (found === undefined) throw new Error(`no parameter ${name}`);
      return found;
    };
    this.lookahead = value('pipeline.lookahead');
    this.values = {
      load: value('pipeline.load'),
      loadSub: value('pipeline.loadSub'),
      amo: value('pipeline.amo'),
      sc: value('pipeline.sc'),
      csr: value('pipeline.csr'),
      flush: value('pipeline.flush'),
      fence: value('pipeline.fence'),
      storeLoad: value('pipeline.storeLoad'),
      fpLoad: value('pipeline.fpLoad'),
      fpToX: value('pipeline.fpToX'),
      fpShort: value('pipeline.fpShort'),
      fpSingle: value('pipeline.fpSingle'),
      fpDouble: value('pipeline.fpDouble'),
      fpDivSingle: value('pipeline.fpDivSingle'),
      fpDivDouble: value('pipeline.fpDivDouble'),
    };
  }

  /** Cycles of an instruction that nothing behind it waits for. */
  fixed(insn: IssuedInsn): number | undefined {
    if (insn.insn.latency === 'store') return undefined;
    const own = this.ownCycles(insn);
    return this.latency(insn) <= own || resultOf(insn) === undefined ? own : undefined;
  }

  /** Cycles, at least 1. Multiply and divide: without the wait for their result, which is t_muldiv's. */
  cost(insn: IssuedInsn, successors: readonly IssuedInsn[]): number {
    const own = this.ownCycles(insn);
    if (insn.insn.latency === 'store') return own + this.replayedLoad(insn, successors);
    const latency = this.latency(insn);
    const result = resultOf(insn);
    if (latency <= own || result === undefined) return own;
    const window = successors.slice(0, this.lookahead);
    // Each instruction takes a cycle at least: a consumer further away finds the result ready.
    if (!window.slice(0, latency - own).some((next) => needs(next, result) || waitsForUnit(insn, next))) return own;
    return own + this.issueOf(insn, latency, window) - this.issueOf(insn, own, window);
  }

  /**
   * Multiply and divide: cycles until something waits for the result or for the unit. If nothing does in sight, the first
   * instruction out of sight is taken to need it.
   */
  slack(insn: IssuedInsn, successors: readonly IssuedInsn[]): number {
    const state = new Issue(this);
    state.issue(insn, 1);
    const result = resultOf(insn);
    for (const next of successors.slice(0, this.lookahead)) {
      if (isMulDiv(next) || (result !== undefined && needs(next, result))) return state.readyFor(next);
      state.issue(next, this.latency(next));
      if (endsWindow(next)) break;
    }
    return state.now;
  }

  /** When the first instruction out of sight issues, if the result of `insn` takes `latency` cycles. */
  private issueOf(insn: IssuedInsn, latency: number, successors: readonly IssuedInsn[]): number {
    const state = new Issue(this);
    state.issue(insn, latency);
    for (const next of successors) {
      state.issue(next, this.latency(next));
      if (endsWindow(next)) break;
    }
    return state.now;
  }

  /**
   * The load behind a store that reads a byte of it before it left the store buffer. The buffer drains in a cycle without a
   * load, from the second cycle behind the store on.
   */
  private replayedLoad(store: IssuedInsn, successors: readonly IssuedInsn[]): number {
    for (const [index, next] of successors.slice(0, this.lookahead).entries()) {
      if (isLoad(next)) {
        if (next.rs1 === store.rs1 && overlap(store, next)) return this.values.storeLoad;
      } else if (index > 0) {
        return 0;
      }
      if (endsWindow(next) || resultOf(next) === store.rs1) return 0;
    }
    return 0;
  }

  /** Cycles until the next instruction may issue. */
  ownCycles(insn: IssuedInsn): number {
    switch (insn.insn.latency) {
      case 'csr':
        return 1 + (csrWrites(insn) && csrWriteFlushes(insn.raw >>> 20) ? this.values.flush : 0);
      case 'system':
      case 'wfi':
      case 'sfence':
      case 'fence-i':
      case 'hlv':
      case 'hsv':
        return 1 + this.values.flush;
      case 'fence':
        return 1 + this.values.fence;
      default:
        return 1;
    }
  }

  /** Cycles until a dependent instruction may issue. */
  private latency({ insn }: IssuedInsn): number {
    switch (insn.latency) {
      case 'load':
        return this.values.load;
      case 'load-sub':
        return this.values.loadSub;
      case 'amo':
        return this.values.amo;
      case 'sc':
        return this.values.sc;
      case 'csr':
        return this.values.csr;
      case 'fp-load':
        return this.values.fpLoad;
      case 'fp-to-x':
        return this.values.fpToX;
      case 'fp-short':
        return this.values.fpShort;
      case 'fp-single':
        return this.values.fpSingle;
      case 'fp-double':
        return this.values.fpDouble;
      case 'fp-div-single':
        return this.values.fpDivSingle;
      case 'fp-div-double':
        return this.values.fpDivDouble;
      default:
        return 1;
    }
  }
}

type Value =
  | ('load' | 'loadSub' | 'amo' | 'sc' | 'csr' | 'flush' | 'fence' | 'storeLoad')
  | ('fpLoad' | 'fpToX' | 'fpShort' | 'fpSingle' | 'fpDouble' | 'fpDivSingle' | 'fpDivDouble');

/** The issue stage: when each register is ready, when the next instruction issues. */
class Issue {
  now = 0;
  private readonly ready = new Map<number, number>();
  /** When the unit that divides and takes square roots is free again: no floating-point operation issues before. */
  private dividerFree = 0;

  constructor(private readonly costs: StaticCosts) {}

  /** When `insn` can issue. Decode interlocks on registers read (RAW) and written (WAW). */
  readyFor(insn: IssuedInsn): number {
    const use = registerUse[insn.insn.format];
    let at = this.now;
    const wait = (field: RegisterField, number: number): void => {
      if (field !== false) at = Math.max(at, this.ready.get(registerIndex(field, number)) ?? 0);
    };
    wait(use.rs1, insn.rs1);
    wait(use.rs2, insn.rs2);
    wait(use.rs3 ?? false, insn.raw >>> 27);
    wait(use.rd, insn.rd);
    return isFloat(insn) ? Math.max(at, this.dividerFree) : at;
  }

  issue(insn: IssuedInsn, latency: number): void {
    const at = this.readyFor(insn);
    const result = resultOf(insn);
    if (result !== undefined) this.ready.set(result, at + latency);
    if (isFloatDivide(insn)) this.dividerFree = at + latency;
    this.now = at + this.costs.ownCycles(insn);
  }
}

function isMulDiv({ insn }: IssuedInsn): boolean {
  return (
    insn.latency === 'mul' ||
    insn.latency === 'mulw' ||
    insn.latency === 'mulh' ||
    insn.latency === 'div' ||
    insn.latency === 'divw'
  );
}

function isLoad({ insn }: IssuedInsn): boolean {
  return insn.latency === 'load' || insn.latency === 'load-sub' || insn.latency === 'fp-load';
}

/** Index of the register that the instruction writes (registerIndex); x0 is none. */
function resultOf(insn: IssuedInsn): number | undefined {
  const field = registerUse[insn.insn.format].rd;
  return field === false ? undefined : registerIndex(field, insn.rd) || undefined;
}

/** Reads or writes it: RAW and WAW wait alike. `register` as registerIndex gives it, not 0. */
function needs(insn: IssuedInsn, register: number): boolean {
  const use = registerUse[insn.insn.format];
  const is = (field: RegisterField, number: number): boolean =>
    field !== false && registerIndex(field, number) === register;
  return is(use.rs1, insn.rs1) || is(use.rs2, insn.rs2) || is(use.rs3 ?? false, insn.raw >>> 27) || is(use.rd, insn.rd);
}

function isFloatDivide({ insn }: IssuedInsn): boolean {
  return insn.latency === 'fp-div-single' || insn.latency === 'fp-div-double';
}

/** Goes through the floating-point pipeline; loads and stores do not. */
function isFloat({ insn }: IssuedInsn): boolean {
  return insn.latency.startsWith('fp-') && insn.latency !== 'fp-load';
}

function waitsForUnit(insn: IssuedInsn, next: IssuedInsn): boolean {
  return isFloatDivide(insn) && isFloat(next);
}

/** Execution never falls through. */
function endsWindow({ insn }: IssuedInsn): boolean {
  return insn.latency === 'jump' || insn.latency === 'jalr' || insn.latency === 'system';
}

/** CSRRS/CSRRC with x0 and CSRRSI/CSRRCI with 0 only read. funct3 1 and 5 are the swaps. */
function csrWrites({ raw }: IssuedInsn): boolean {
  const funct3 = (raw >>> 12) & 7;
  return (funct3 & 3) === 1 || ((raw >>> 15) & 31) !== 0;
}

/** Bytes of a load or store: log2 is in the low bits of funct3. */
function size({ insn }: IssuedInsn): number {
  return 1 << ((insn.match >>> 12) & 3);
}

function overlap(a: IssuedInsn, b: IssuedInsn): boolean {
  return a.imm < b.imm + size(b) && b.imm < a.imm + size(a);
}
