/**
 * Reads an instruction's semantics as the body of one interpreter handler. Operands come from the predecoded record,
 * registers live in the hart area, the rest of the machine state in the locals named in `local`.
 */
import {
  ACCESS_FLOAT,
  CYCLE,
  EVENT,
  FILTER_ENTRIES,
  FILTER_ENTRY_SIZE,
  FLOAT_DIRTY,
  FLOAT_STATE,
  INSTRET,
  PC,
  REC_COST,
  REC_IMM,
  REC_LEN,
  REC_RD,
  REC_RS1,
  REC_RS2,
  RFILTER,
  STOPAT,
  WFILTER,
  X,
} from '../hart/layout.js';
import type { Insn } from '../isa/insn.js';
import type { Semantics } from '../isa/semantics.js';
import {
  MULDIV_DIV,
  MULDIV_DIVU,
  MULDIV_DIVUW,
  MULDIV_DIVW,
  MULDIV_MUL,
  MULDIV_MULH,
  MULDIV_MULW,
  MULDIV_REM,
  MULDIV_REMU,
  MULDIV_REMUW,
  MULDIV_REMW,
} from '../timing/events.js';
import { Arithmetic, asCondition, asI64, value, type ArithmeticHelpers, type Expr } from '../wasm/arithmetic.js';
import {
  br,
  brIf,
  call,
  get,
  i32,
  i64,
  mem,
  op,
  set,
  tee,
  unlikely,
  type Code,
  type MemoryOp,
} from '../wasm/module-builder.js';

/** Locals of the run function; parameter 0 is the hart area's address. */
export const local = {
  h: 0,
  pc: 1,
  cycle: 2,
  instret: 3,
  address: 4,
  result: 5,
  kept: 6,
  operandA: 7,
  operandB: 8,
  rec: 9,
  base: 10,
  entry: 11,
  op: 12,
  line: 13,
  weight: 14,
} as const;
export const localTypes = [
  'i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64',
  'i32', 'i32', 'i32', 'i32', 'i32', 'i32',
] as const; // prettier-ignore

/** Functions of the core module that handlers call. */
export interface CoreImports {
  readonly load: number;
  readonly store: number;
  readonly amo: number;
  readonly lr: number;
  readonly sc: number;
  readonly system: number;
  readonly float: number;
  readonly floatAccess: number;
  readonly illegal: number;
  readonly codeLookup: number;
  readonly fetchCross: number;
  readonly poll: number;
  readonly turnNext: number;
  readonly turnOver: number;
  readonly turnEnded: number;
  readonly fetchLine: number;
  readonly tBranch: number;
  readonly tJal: number;
  readonly tJalr: number;
  readonly tMuldiv: number;
  readonly decode: number;
  readonly probe: number;
}

export interface Variant {
  /** True: the cycle model `rocket` is asked about every dynamic event; false: one cycle per instruction. */
  readonly timed: boolean;
  /** Parts of the JIT: this interpreter finds and enters compiled regions. */
  readonly regions?: RegionHooks;
}

/** Functions of the interpreter's module that belong to the JIT. */
export interface RegionHooks {
  /** (h, rec, base, weight): control was transferred to the record, `weight` times. */
  readonly count: number;
}

/** Where a handler's code can go; depths are relative to the handler's outermost level. */
export interface Exits {
  /** Next record: `rec` and `pc` are up to date. */
  readonly dispatch: number;
  /** The pc moved to another page: look the code up. */
  readonly lookup: number;
  /** State is in memory: poll, reload, go on. */
  readonly resync: number;
}

const { h, pc, cycle, instret, address, result, kept, operandA, operandB, rec, base, entry, line } = local;

/** Cycle and instruction counts and the pc of the current instruction go to the hart area. */
export const flush: Code = [
  ...get(h), ...get(pc), ...mem('i64_store', PC),
  ...get(h), ...get(cycle), ...mem('i64_store', CYCLE),
  ...get(h), ...get(instret), ...mem('i64_store', INSTRET),
]; // prettier-ignore

export const reloadCycle: Code = [...get(h), ...mem('i64_load', CYCLE), ...set(cycle)];

const LINE_RECORDS_SHIFT = 9;
/** 64 bytes of code are 512 bytes of records. */
export const lineOfRecord: Code = [...get(rec), ...i32(LINE_RECORDS_SHIFT), ...op.i32_shr_u];
export const forgetLine: Code = [...i32(-1), ...set(line)];

export class HandlerSemantics extends Arithmetic implements Semantics<Expr> {
  private readonly out: number[] = [];
  private finished = false;
  private keptUsed = false;

  constructor(
    helpers: ArithmeticHelpers,
    private readonly core: CoreImports,
    private readonly variant: Variant,
    private readonly filterShift: number,
    private readonly exits: Exits,
    private readonly insn: Insn,
  ) {
    super(helpers);
  }

  /** The handler's code; ends in a jump. */
  body(): Code {
    this.insn.semantics(this);
    if (!this.finished) this.retireSequential();
    return this.out;
  }

  rs1(): Expr {
    return this.register(REC_RS1);
  }
  rs2(): Expr {
    return this.register(REC_RS2);
  }
  imm(): Expr {
    return value([...get(rec), ...mem('i64_load32_s', REC_IMM)]);
  }
  pc(): Expr {
    return value(get(pc));
  }
  nextPc(): Expr {
    return value([...get(pc), ...this.length(), ...op.i64_add]);
  }
  setRd(v: Expr): void {
    this.emit(this.registerAddress(REC_RD), asI64(v), mem('i64_store', X));
  }
  keep(v: Expr): Expr {
    if (this.keptUsed) throw new Error(`${this.insn.name}: only one value can be kept`);
    this.keptUsed = true;
    this.emit(asI64(v), set(kept));
    return value(get(kept));
  }

  load(kind: number, at: Expr): Expr {
    this.emit(asI64(at), set(address));
    this.filterLookup(RFILTER, 1 << (kind & 3));
    this.emit(op.ifLikely, this.filterAddress(), loadCode(kind), set(result), op.else);
    this.emit(flush, get(h), get(address), i32(kind), get(rec), call(this.core.load), set(result));
    this.afterSlowPath(1);
    this.emit(op.end);
    return value(get(result));
  }

  store(kind: number, at: Expr, v: Expr): void {
    this.emit(asI64(at), set(address));
    this.filterLookup(WFILTER, 1 << (kind & 3));
    this.emit(op.ifLikely, this.filterAddress(), asI64(v), mem(storeOps[kind & 3]!), op.else);
    this.emit(flush, get(h), get(address), asI64(v), i32(kind), get(rec), call(this.core.store));
    this.afterSlowPath(1);
    this.emit(op.end);
  }

  amo(operation: number, kind: number, at: Expr, v: Expr): Expr {
    return this.slowValue([
      ...asI64(at),
      ...asI64(v),
      ...i32(kind | (operation << 4)),
      ...get(rec),
      ...call(this.core.amo),
    ]);
  }
  loadReserved(kind: number, at: Expr): Expr {
    return this.slowValue([...asI64(at), ...i32(kind), ...get(rec), ...call(this.core.lr)]);
  }
  storeConditional(kind: number, at: Expr, v: Expr): Expr {
    return this.slowValue([...asI64(at), ...asI64(v), ...i32(kind), ...get(rec), ...call(this.core.sc)]);
  }

  branch(condition: Expr, target: Expr): void {
    this.finished = true;
    this.emit(asCondition(condition), op.if);
    this.emit(asI64(target), set(kept));
    this.charge([...this.here(), ...i32(1), ...get(kept), ...call(this.core.tBranch)]);
    this.transfer(1, 'branch');
    this.emit(op.end);
    this.charge([...this.here(), ...i32(0), ...asI64(target), ...call(this.core.tBranch)]);
    this.retireSequential();
  }
  jump(target: Expr): void {
    this.finished = true;
    this.emit(asI64(target), set(kept));
    this.charge([...this.here(), ...get(kept), ...this.recordByte(REC_RD), ...call(this.core.tJal)]);
    this.transfer(0, 'jump');
  }
  jumpIndirect(target: Expr): void {
    this.finished = true;
    this.emit(asI64(target), set(kept));
    this.charge([
      ...this.here(),
      ...get(kept),
      ...this.recordByte(REC_RD),
      ...this.recordByte(REC_RS1),
      ...call(this.core.tJalr),
    ]);
    this.transfer(0, 'indirect');
  }

  floatAccess(writes: boolean): void {
    // What the core would do is known already when the state is dirty, or clean and only read.
    const settled = writes ? [...i32(FLOAT_DIRTY), ...op.i32_ne] : op.i32_eqz;
    this.emit(get(h), mem('i32_load', FLOAT_STATE), settled, op.ifUnlikely);
    this.emit(flush, get(h), i32(writes ? 1 : 0), get(rec), call(this.core.floatAccess), brIf(this.exits.resync + 1));
    this.emit(op.end);
  }
  float(operation: number): void {
    this.emit(flush, get(h), i32(operation), get(rec), call(this.core.float), brIf(this.exits.resync));
  }
  system(operation: number): void {
    this.finished = true;
    this.emit(flush, get(h), i32(operation), get(rec), call(this.core.system), br(this.exits.resync));
  }
  fence(): void {
    // Nothing to order; its cost is in the record.
  }

  private emit(...parts: Code[]): void {
    for (const part of parts) for (const byte of part) this.out.push(byte);
  }

  /** Adds a dynamic cost given by code that pushes cycles as i32; nothing without the cycle model. */
  private charge(cost: Code): void {
    if (!this.variant.timed) return;
    this.emit(get(cycle), cost, op.i64_extend_i32_u, op.i64_add, set(cycle));
  }

  /** Retires the instruction: its static cost and the instruction count. */
  private retire(): void {
    const muldiv = mulDivKinds[this.insn.name];
    if (this.variant.timed && muldiv !== undefined) {
      const slack = [...get(rec), ...mem('i32_load', REC_IMM)];
      this.charge([
        ...get(h),
        ...i32(muldiv),
        ...get(operandA),
        ...get(operandB),
        ...slack,
        ...call(this.core.tMuldiv),
      ]);
    }
    const cost = this.variant.timed ? [...get(rec), ...mem('i64_load16_u', REC_COST)] : i64(1n);
    this.emit(get(cycle), cost, op.i64_add, set(cycle));
    this.emit(get(instret), i64(1n), op.i64_add, set(instret));
  }

  private retireSequential(): void {
    this.retire();
    this.emit(this.nextPc().code, set(pc));
    this.emit(get(rec), this.recordByte(REC_LEN), i32(3), op.i32_shl, op.i32_add, set(rec));
    this.emit(br(this.exits.dispatch));
  }

  /** A taken transfer to the address in `kept`. `depth` = blocks open inside the handler. */
  private transfer(depth: number, how: 'branch' | 'jump' | 'indirect'): void {
    this.retire();
    // Yield points: backward or indirect transfers, and leaving the page (engine rule: architectural points only).
    const backward: Code = how === 'indirect' ? i32(1) : [...get(kept), ...get(pc), ...op.i64_le_u];
    const leavesPage: Code = [
      ...get(kept),
      ...get(pc),
      ...op.i64_xor,
      ...i64(12n),
      ...op.i64_shr_u,
      ...op.i64_eqz,
      ...op.i32_eqz,
    ];
    const { regions } = this.variant;
    if (regions !== undefined && how === 'branch') this.emit(backward, set(local.op));
    this.emit(leavesPage, tee(entry), backward, op.i32_or);
    this.emit(get(kept), set(pc));
    this.emit(get(cycle), get(h), mem('i64_load', STOPAT), op.i64_ge_u, op.i32_and);
    this.emit(op.ifUnlikely, flush, br(this.exits.resync + depth + 1), op.end);
    this.emit(get(entry), unlikely, brIf(this.exits.lookup + depth));
    this.emit(recordOfPc);
    if (regions !== undefined) {
      // Where loops and calls go may become a region; what a forward branch skips to is a part of one.
      const counted = [...get(h), ...get(rec), ...get(base), ...i32(1), ...call(regions.count)];
      if (how === 'branch') this.emit(get(local.op), op.if, counted, op.end);
      else this.emit(counted);
    }
    this.emit(br(this.exits.dispatch + depth));
  }

  /** Pushes whether the filter's entry for `address` matches; leaves the entry's address in `entry`. */
  private filterLookup(table: number, size: number): void {
    const shift = BigInt(this.filterShift);
    const mask = ~((1n << shift) - 1n) | BigInt(size - 1);
    this.emit(get(address), i64(shift), op.i64_shr_u, op.i32_wrap_i64, i32(FILTER_ENTRIES - 1), op.i32_and);
    this.emit(i32(Math.log2(FILTER_ENTRY_SIZE)), op.i32_shl, get(h), mem('i32_load', table), op.i32_add, tee(entry));
    this.emit(mem('i64_load', 0), get(address), i64(mask), op.i64_and, op.i64_eq);
  }
  private filterAddress(): Code {
    return [...get(address), ...op.i32_wrap_i64, ...get(entry), ...mem('i32_load', 8), ...op.i32_add];
  }

  private slowValue(argumentsAndCall: Code): Expr {
    this.emit(flush, get(h), argumentsAndCall, set(result));
    this.afterSlowPath(0);
    return value(get(result));
  }
  /** The core may have taken a trap or finished the instruction itself. */
  private afterSlowPath(depth: number): void {
    this.emit(reloadCycle, get(h), mem('i32_load', EVENT), unlikely, brIf(this.exits.resync + depth));
  }

  private register(field: number): Expr {
    const read = value([...this.registerAddress(field), ...mem('i64_load', X)]);
    if (!this.variant.timed || !(this.insn.name in mulDivKinds)) return read;
    // Multiply and divide: the operands are needed once more for their cost.
    const keepIn = field === REC_RS1 ? operandA : operandB;
    return value([...read.code, ...tee(keepIn)]);
  }
  private registerAddress(field: number): Code {
    return [...get(h), ...this.recordByte(field), ...i32(3), ...op.i32_shl, ...op.i32_add];
  }
  private recordByte(field: number): Code {
    return [...get(rec), ...mem('i32_load8_u', field)];
  }
  /** The first arguments of a control-transfer event: hart, pc, length. */
  private here(): Code {
    return [...get(h), ...get(pc), ...this.recordByte(REC_LEN)];
  }
  private length(): Code {
    return [...this.recordByte(REC_LEN), ...op.i64_extend_i32_u];
  }
}

/** rec := the record of `pc` in the current slot. */
export const recordOfPc: Code = [
  ...get(base), ...get(pc), ...op.i32_wrap_i64, ...i32(0xfff), ...op.i32_and, ...i32(3), ...op.i32_shl, ...op.i32_add, ...set(rec),
]; // prettier-ignore

/** Instructions whose cost depends on operand values or on when the unit is free: argument `kind` of t_muldiv. */
export const mulDivKinds: Readonly<Record<string, number>> = {
  mul: MULDIV_MUL,
  mulw: MULDIV_MULW,
  mulh: MULDIV_MULH,
  mulhu: MULDIV_MULH,
  mulhsu: MULDIV_MULH,
  div: MULDIV_DIV,
  divu: MULDIV_DIVU,
  rem: MULDIV_REM,
  remu: MULDIV_REMU,
  divw: MULDIV_DIVW,
  divuw: MULDIV_DIVUW,
  remw: MULDIV_REMW,
  remuw: MULDIV_REMUW,
};

/** Loads from the linear address on the stack; a binary32 number is NaN-boxed. */
export function loadCode(kind: number): Code {
  if ((kind & ACCESS_FLOAT) === 0) return mem(loadOps[kind]!);
  if ((kind & 3) === 3) return mem('i64_load');
  return [...mem('i64_load32_u'), ...i64(-1n << 32n), ...op.i64_or];
}

export const loadOps: Readonly<Record<number, MemoryOp>> = {
  0: 'i64_load8_s',
  1: 'i64_load16_s',
  2: 'i64_load32_s',
  3: 'i64_load',
  4: 'i64_load8_u',
  5: 'i64_load16_u',
  6: 'i64_load32_u',
};
export const storeOps: readonly MemoryOp[] = ['i64_store8', 'i64_store16', 'i64_store32', 'i64_store'];
