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
import { registerUse, type Insn } from '../isa/insn.js';
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
    };
  }

  /** Cycles, at least 1. Multiply and divide: without the wait for their result, which is t_muldiv's. */
  cost(insn: IssuedInsn, successors: readonly IssuedInsn[]): number {
    const own = this.ownCycles(insn);
    if (insn.insn.latency === 'store') return own + this.replayedLoad(insn, successors);
    const latency = this.latency(insn);
    if (latency <= own || insn.rd === 0) return own;
    const window = successors.slice(0, this.lookahead);
    // Each instruction takes a cycle at least: a consumer further away finds the result ready.
    if (!window.slice(0, latency - own).some((next) => needs(next, insn.rd))) return own;
    return own + this.issueOf(insn, latency, window) - this.issueOf(insn, own, window);
  }

  /**
   * Multiply and divide: cycles until something waits for the result or for the unit. If nothing does in sight, the first
   * instruction out of sight is taken to need it.
   */
  slack(insn: IssuedInsn, successors: readonly IssuedInsn[]): number {
    const state = new Issue(this);
    state.issue(insn, 1);
    for (const next of successors.slice(0, this.lookahead)) {
      if (isMulDiv(next) || needs(next, insn.rd)) return state.readyFor(next);
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
      if (endsWindow(next) || writes(next, store.rs1)) return 0;
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
      default:
        return 1;
    }
  }
}

type Value = 'load' | 'loadSub' | 'amo' | 'sc' | 'csr' | 'flush' | 'fence' | 'storeLoad';

/** The issue stage: when each register is ready, when the next instruction issues. */
class Issue {
  now = 0;
  private readonly ready = new Map<number, number>();

  constructor(private readonly costs: StaticCosts) {}

  /** When `insn` can issue. Decode interlocks on registers read (RAW) and written (WAW). */
  readyFor(insn: IssuedInsn): number {
    const use = registerUse[insn.insn.format];
    let at = this.now;
    if (use.rs1) at = Math.max(at, this.ready.get(insn.rs1) ?? 0);
    if (use.rs2) at = Math.max(at, this.ready.get(insn.rs2) ?? 0);
    if (use.rd) at = Math.max(at, this.ready.get(insn.rd) ?? 0);
    return at;
  }

  issue(insn: IssuedInsn, latency: number): void {
    const at = this.readyFor(insn);
    if (registerUse[insn.insn.format].rd && insn.rd !== 0) this.ready.set(insn.rd, at + latency);
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
  return insn.latency === 'load' || insn.latency === 'load-sub';
}

function writes(insn: IssuedInsn, register: number): boolean {
  return registerUse[insn.insn.format].rd && insn.rd === register && register !== 0;
}

/** Reads or writes it: RAW and WAW wait alike. */
function needs(insn: IssuedInsn, register: number): boolean {
  if (register === 0) return false;
  const use = registerUse[insn.insn.format];
  return (use.rs1 && insn.rs1 === register) || (use.rs2 && insn.rs2 === register) || writes(insn, register);
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
