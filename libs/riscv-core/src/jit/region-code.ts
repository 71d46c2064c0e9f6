/**
 * The code of a region while it is written: instructions read their semantics into it one by one.
 *
 * An integer register is read from the hart area once and then kept in a local; a write goes to both, so that memory is always
 * right when something else looks at it. Costs are summed while emitting and added to the account once per block.
 */
import {
  EVENT,
  F,
  FILTER_ENTRIES,
  FILTER_ENTRY_SIZE,
  FLOAT_DIRTY,
  FLOAT_STATE,
  JIT_ACCOUNT,
  RFILTER,
  WFILTER,
  X,
} from '../hart/layout.js';
import { loadCode, mulDivKinds, storeOps } from '../interp/handler-semantics.js';
import { registerUse, type RegisterField, type RegisterUse } from '../isa/insn.js';
import type { Semantics } from '../isa/semantics.js';
import { Arithmetic, asCondition, asI64, value, type ArithmeticHelpers, type Expr } from '../wasm/arithmetic.js';
import {
  br,
  brIf,
  call,
  get,
  i32,
  i64,
  i64Small,
  mem,
  op,
  set,
  tee,
  unlikely,
  type Code,
  type ValueType,
} from '../wasm/module-builder.js';
import { accountOf } from './account.js';
import { PC_IN_MEMORY, type RegionCalls } from './region-calls.js';
import type { CodeInsn } from './region.js';
import { jumpKind, type Site, type TimingCode, type TimingFunctions, type TimingLocals } from './timing-code.js';

export interface RegionOptions {
  /** The cycle model `rocket`; undefined: an instruction is a cycle. */
  readonly timing?: TimingCode;
  /** M_FILTER_SHIFT. */
  readonly filterShift: number;
}

/** Functions of the module that a region may call. */
export interface RegionFunctions {
  readonly helpers: ArithmeticHelpers;
  readonly calls: RegionCalls;
  readonly timing?: TimingFunctions;
}

/** The page that a region is in. */
export interface RegionPage {
  /** Linear address of its slot of predecoded records. */
  readonly slot: number;
  readonly physical: bigint;
}

/** What the instructions of a region do. */
export interface RegionUses {
  readonly loads: boolean;
  readonly stores: boolean;
  readonly branches: boolean;
  readonly jumps: boolean;
}

/** What is known at a place of the code, whatever way led there. */
export interface Known {
  /** Bit per register that its local holds. */
  readonly registers: number;
  /** Bit per 64-byte line of the page that is in the instruction cache. */
  readonly lines: bigint;
}

const h = 0;
const entryPc = 1;
const account = 2;
const parameters = 3;

/** How the block's last instruction ends. */
export type Ending =
  | { readonly kind: 'none' }
  | { readonly kind: 'branch'; readonly condition: Code }
  | { readonly kind: 'jump' }
  /** The target is in {@link RegionCode.target}. */
  | { readonly kind: 'indirect' }
  | { readonly kind: 'system' };

export class RegionCode extends Arithmetic implements Semantics<Expr> {
  private readonly out: number[] = [];
  private readonly types: ValueType[] = [];
  private readonly registers = new Map<number, number>();
  /** Blocks that are open around the code. */
  private depth = 0;
  private readonly named = new Map<string, number>();
  private readonly calls: RegionCalls;
  private insn!: CodeInsn;
  private ending: Ending = { kind: 'none' };
  private pendingCycles = 0;
  private pendingInstructions = 0;
  private knownRegisters = 0;
  private knownLines = 0n;
  /** Loops that are open around the code. */
  private loops = 0;
  /** Locals hold the predictor's state. */
  private readonly predicts: boolean;
  private readonly base = this.newLocal('i64');
  private readonly timingLocals: TimingLocals | undefined;

  constructor(
    private readonly functions: RegionFunctions,
    private readonly options: RegionOptions,
    private readonly page: RegionPage,
    entry: number,
    private readonly uses: RegionUses,
  ) {
    super(functions.helpers);
    this.calls = functions.calls;
    this.emit(get(entryPc), i64Small(entry), op.i64_sub, set(this.base));
    if (uses.loads) this.emit(get(h), mem('i32_load', RFILTER), set(this.local('readFilter', 'i32')));
    if (uses.stores) this.emit(get(h), mem('i32_load', WFILTER), set(this.local('writeFilter', 'i32')));
    const { timing } = options;
    this.predicts = timing !== undefined && (uses.branches || uses.jumps);
    if (timing !== undefined) {
      const [history, pageIndex, counter, found] = Array.from({ length: 4 }, () => this.newLocal('i32'));
      this.timingLocals = {
        tree: this.newLocal('i64'),
        history: history!,
        pageIndex: pageIndex!,
        counter: counter!,
        entry: found!,
      };
      if (this.predicts)
        this.emit(timing.enterPage(this.timingLocals, this.base, page.slot, uses.branches, functions.calls));
    }
    this.open(op.block); // left by leaveForPoll
  }

  /** The function's locals and body. */
  finish(): { locals: readonly ValueType[]; body: Code } {
    this.emit(op.unreachable);
    this.close();
    this.leavePage();
    this.emit(i64(PC_IN_MEMORY), get(account));
    return { locals: this.types, body: this.out };
  }

  // ---- structure -----------------------------------------------------------------------------------------------------

  open(kind: Code): number {
    this.emit(kind);
    return ++this.depth;
  }
  close(): void {
    this.emit(op.end);
    this.depth--;
  }
  openLoop(): number {
    this.loops++;
    if (this.options.timing?.linesStay === false) this.knownLines = 0n;
    return this.open(op.loop);
  }
  closeLoop(): void {
    this.loops--;
    this.close();
  }
  /** To the label of what {@link open} numbered. */
  jumpTo(opened: number): void {
    this.emit(br(this.depth - opened));
  }
  pushCondition(condition: Code): void {
    this.emit(condition);
  }

  get knowledge(): Known {
    return { registers: this.knownRegisters, lines: this.knownLines };
  }
  set knowledge({ registers, lines }: Known) {
    this.knownRegisters = registers;
    this.knownLines = lines;
  }
  /** Loads the registers of the set that no local holds. */
  preload(registers: number): void {
    for (let r = 1; r < 32; r++) if ((registers >>> r) & 1) this.ensure(r);
  }

  // ---- instructions --------------------------------------------------------------------------------------------------

  /** One instruction, charged. Its ending is for the caller when it is the last of its block. */
  execute(insn: CodeInsn): Ending {
    this.insn = insn;
    this.ending = { kind: 'none' };
    this.fetch(insn);
    const row = insn.decoded.insn;
    this.chargeMulDiv(insn);
    row.semantics(this);
    this.pendingCycles += insn.cost;
    this.pendingInstructions++;
    return this.ending;
  }

  /** Adds what the block has cost so far. Before every way out of a block. */
  settle(): void {
    if (this.pendingInstructions === 0) return;
    this.emit(get(account), i64(this.pending), op.i64_add, set(account));
    this.pendingCycles = 0;
    this.pendingInstructions = 0;
  }

  /** Goes on behind an instruction that was executed before others were. */
  resume(insn: CodeInsn): void {
    this.insn = insn;
  }
  /** What is pending was charged elsewhere. */
  forget(): void {
    this.pendingCycles = 0;
    this.pendingInstructions = 0;
  }
  /** The fetch event of an instruction that will follow. */
  fetchBefore(insn: CodeInsn): void {
    this.fetch(insn);
  }

  /** Before the condition of the branch that was executed last is tested. */
  prepareBranch(): void {
    const { timing } = this.options;
    if (timing !== undefined) this.emit(timing.counterOf(this.timingLocals!, this.site.last));
  }
  /** That branch goes one way or the other: its cost. */
  chargeBranch(taken: boolean): void {
    const { timing } = this.options;
    if (timing === undefined) return;
    const { offset, decoded } = this.insn;
    const slow = [
      ...this.here(),
      ...i32(taken ? 1 : 0),
      ...this.address(offset + decoded.imm),
      ...this.predictor,
      ...get(this.timingLocals!.history),
      ...call(this.functions.timing!.branch),
    ];
    this.emit(timing.branch(this.timingLocals!, this.site, taken, slow, addCycles));
  }
  chargeJump(): void {
    const { timing } = this.options;
    if (timing === undefined) return;
    const { offset, decoded } = this.insn;
    const rd = decoded.rd === 0 ? SINK : decoded.rd;
    const slow = [
      ...this.here(),
      ...this.address(offset + decoded.imm),
      ...i32(rd),
      ...this.predictor,
      ...call(this.functions.timing!.jump),
    ];
    const kind = jumpKind(rd, undefined);
    this.emit(timing.jump(this.timingLocals!, this.site, kind, this.nextPc().code, slow, addCycles));
  }
  chargeIndirect(): void {
    const { timing } = this.options;
    if (timing === undefined) return;
    const { decoded } = this.insn;
    const rd = decoded.rd === 0 ? SINK : decoded.rd;
    const slow = [
      ...this.here(),
      ...this.target,
      ...i32(rd),
      ...i32(decoded.rs1),
      ...this.predictor,
      ...call(this.functions.timing!.indirect),
    ];
    const [l, kind, behind] = [this.timingLocals!, jumpKind(rd, decoded.rs1), this.nextPc().code];
    this.emit(timing.jumpIndirect(l, this.site, kind, this.target, behind, slow, addCycles));
  }

  // ---- ways out ------------------------------------------------------------------------------------------------------

  /** Code that pushes base + offset. */
  address(offset: number): Code {
    return [...get(this.base), ...i64Small(offset), ...op.i64_add];
  }
  /** Code that pushes the target of the indirect jump executed last. */
  get target(): Code {
    return get(this.local('target', 'i64'));
  }

  /** Leaves the region for the pc that `target` pushes; at a yield point bit 0 tells that the clock wants a poll. */
  leave(target: Code, yields: boolean): void {
    this.leavePage();
    this.emit(target);
    if (yields) this.emit(get(account), i64(0n), op.i64_ge_s, op.i64_extend_i32_u, op.i64_or);
    this.emit(get(account), op.return);
  }

  /** A yield point inside the region, before going to `offset`. */
  yieldTo(offset: number): void {
    this.emit(get(account), i64(0n), op.i64_ge_s, op.ifUnlikely);
    this.leavePage();
    this.emit(this.address(offset + 1), get(account), op.return, op.end);
  }

  /** The state is in the hart area: poll. */
  leaveForPoll(): void {
    this.emit(br(this.depth - 1));
  }

  // ---- operands ------------------------------------------------------------------------------------------------------

  rs1(): Expr {
    return this.read(this.fields.rs1, this.insn.decoded.rs1);
  }
  rs2(): Expr {
    return this.read(this.fields.rs2, this.insn.decoded.rs2);
  }
  imm(): Expr {
    return value(i64Small(this.insn.decoded.imm));
  }
  pc(): Expr {
    return value(this.address(this.insn.offset));
  }
  nextPc(): Expr {
    return value(this.address(this.insn.offset + this.insn.decoded.length));
  }
  setRd(v: Expr): void {
    const { rd } = this.insn.decoded;
    // A value has no effects: what has was emitted as a statement.
    if (this.fields.rd === 'f') {
      this.emit(get(h), asI64(v), mem('i64_store', F + 8 * rd));
      return;
    }
    if (rd === 0) return;
    const local = this.registerLocal(rd);
    this.emit(asI64(v), set(local), get(h), get(local), mem('i64_store', X + 8 * rd));
    this.knownRegisters |= 1 << rd;
  }
  keep(v: Expr): Expr {
    const kept = this.local('kept', 'i64');
    this.emit(asI64(v), set(kept));
    return value(get(kept));
  }

  // ---- memory --------------------------------------------------------------------------------------------------------

  load(kind: number, at: Expr): Expr {
    const { address, result } = this.accessLocals;
    this.emit(asI64(at), set(address));
    this.filterLookup('readFilter', 1 << (kind & 3));
    this.open(op.ifLikely);
    this.emit(this.filterAddress(), loadCode(kind), set(result), op.else);
    this.slow([...get(address), ...i32(kind), ...i32(this.insn.rec), ...call(this.calls.load), ...set(result)]);
    this.close();
    return value(get(result));
  }
  store(kind: number, at: Expr, v: Expr): void {
    const { address } = this.accessLocals;
    this.emit(asI64(at), set(address));
    this.filterLookup('writeFilter', 1 << (kind & 3));
    this.open(op.ifLikely);
    this.emit(this.filterAddress(), asI64(v), mem(storeOps[kind & 3]!), op.else);
    this.slow([...get(address), ...asI64(v), ...i32(kind), ...i32(this.insn.rec), ...call(this.calls.store)]);
    this.close();
  }
  amo(operation: number, kind: number, at: Expr, v: Expr): Expr {
    return this.slowValue([...asI64(at), ...asI64(v), ...i32(kind | (operation << 4))], this.calls.amo);
  }
  loadReserved(kind: number, at: Expr): Expr {
    return this.slowValue([...asI64(at), ...i32(kind)], this.calls.lr);
  }
  storeConditional(kind: number, at: Expr, v: Expr): Expr {
    return this.slowValue([...asI64(at), ...asI64(v), ...i32(kind)], this.calls.sc);
  }

  // ---- transfers -----------------------------------------------------------------------------------------------------

  branch(condition: Expr): void {
    this.ending = { kind: 'branch', condition: asCondition(condition) };
  }
  jump(): void {
    this.ending = { kind: 'jump' };
  }
  jumpIndirect(target: Expr): void {
    this.emit(asI64(target), set(this.local('target', 'i64')));
    this.ending = { kind: 'indirect' };
  }
  floatAccess(writes: boolean): void {
    const settled = writes ? [...i32(FLOAT_DIRTY), ...op.i32_ne] : op.i32_eqz;
    this.emit(get(h), mem('i32_load', FLOAT_STATE), settled);
    this.open(op.ifUnlikely);
    this.slow([...i32(writes ? 1 : 0), ...i32(this.insn.rec), ...call(this.calls.floatAccess)]);
    this.close();
  }
  float(operation: number): void {
    this.slow([...i32(operation), ...i32(this.insn.rec), ...call(this.calls.float)]);
    const { rd } = this.insn.decoded;
    // The core has written the integer register in memory only.
    if (this.fields.rd === 'x' && rd !== 0) this.setRd(value([...get(h), ...mem('i64_load', X + 8 * rd)]));
  }
  /** The core charges and retires it. */
  system(operation: number): void {
    this.emit(get(h), this.address(this.insn.offset), this.accountNow());
    this.emit(i32(operation), i32(this.insn.rec), call(this.calls.system));
    this.leaveForPoll();
    this.ending = { kind: 'system' };
  }
  fence(): void {
    // Nothing to order; its cost is static.
  }

  // ---- parts ---------------------------------------------------------------------------------------------------------

  private emit(...parts: Code[]): void {
    const { out } = this;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      for (let j = 0; j < part.length; j++) out.push(part[j]!);
    }
  }

  private get pending(): bigint {
    return accountOf(this.pendingCycles, this.pendingInstructions);
  }
  /** Pushes the account with what is not settled yet. */
  private accountNow(): Code {
    return this.pendingInstructions === 0 ? get(account) : [...get(account), ...i64(this.pending), ...op.i64_add];
  }
  /** Turns an account on the stack, in which everything is settled, into the local one. */
  private unsettle(): Code {
    return this.pendingInstructions === 0 ? set(account) : [...i64(this.pending), ...op.i64_sub, ...set(account)];
  }

  /** Multiply and divide end early: what that costs, by the operands as they are before rd is written. */
  private chargeMulDiv({ decoded, slack }: CodeInsn): void {
    const { timing } = this.options;
    const kind = mulDivKinds[decoded.insn.name];
    if (timing === undefined || kind === undefined) return;
    const [a, b] = [this.rs1(), this.rs2()];
    const stall = timing.mulDiv(this.timingLocals!, kind, a.code, b.code, slack);
    if (stall === 'none') return;
    if (stall !== undefined) this.emit(stall, addCycles);
    else this.emit(get(h), i32(kind), a.code, b.code, i32(slack), call(this.calls.t_muldiv), addCycles);
  }

  /**
   * The fetch event, where the pc enters a line that may be absent. Lines of a page never evict one another, so what was
   * present once is present until the region is left. In loops a local remembers at run time which lines were.
   */
  private fetch({ offset }: CodeInsn): void {
    const { timing } = this.options;
    const line = offset >> 6;
    if (timing === undefined) return;
    const bit = 1n << BigInt(line);
    if ((this.knownLines & bit) !== 0n) return;
    const remembers = this.loops > 0 && timing.linesStay;
    const seen = remembers ? this.local(line < 32 ? 'linesBelow32' : 'linesFrom32', 'i32') : 0;
    if (remembers) this.emit(get(seen), i32(1 << (line & 31)), op.i32_and, op.i32_eqz, op.ifUnlikely);
    this.emit(timing.hasLine(this.page.physical + BigInt(offset)), op.i32_eqz, op.ifUnlikely);
    this.emit(get(h), this.address(offset), this.accountNow(), i32(this.page.slot), call(this.calls.fetchLine));
    this.emit(this.unsettle(), op.end);
    if (remembers) this.emit(get(seen), i32(1 << (line & 31)), op.i32_or, set(seen), op.end);
    this.knownLines = timing.linesStay ? this.knownLines | bit : bit;
  }

  /** What locals hold of the predictor goes to memory, for whoever runs next. */
  private leavePage(): void {
    if (this.predicts) this.emit(this.options.timing!.leavePage(this.timingLocals!, this.uses.branches));
  }

  /** Pushes whether the filter's entry for the address matches; leaves the entry's address in `entry`. */
  private filterLookup(filter: 'readFilter' | 'writeFilter', size: number): void {
    const { address, entry } = this.accessLocals;
    const shift = this.options.filterShift - Math.log2(FILTER_ENTRY_SIZE);
    const mask = ~((1n << BigInt(this.options.filterShift)) - 1n) | BigInt(size - 1);
    this.emit(get(address), op.i32_wrap_i64, i32(shift), op.i32_shr_u, i32((FILTER_ENTRIES - 1) * FILTER_ENTRY_SIZE), op.i32_and); // prettier-ignore
    this.emit(get(this.local(filter, 'i32')), op.i32_add, tee(entry));
    this.emit(mem('i64_load', 0), get(address), i64(mask), op.i64_and, op.i64_eq);
  }
  private filterAddress(): Code {
    const { address, entry } = this.accessLocals;
    return [...get(address), ...op.i32_wrap_i64, ...get(entry), ...mem('i32_load', 8), ...op.i32_add];
  }
  private get accessLocals(): { address: number; result: number; entry: number } {
    return {
      address: this.local('address', 'i64'),
      result: this.local('result', 'i64'),
      entry: this.local('entry', 'i32'),
    };
  }

  /** A support function, with the code of its further arguments and its call; then the new account, or away. */
  private slow(argumentsAndCall: Code): void {
    this.emit(get(h), this.address(this.insn.offset), this.accountNow(), argumentsAndCall);
    this.emit(get(h), mem('i64_load', JIT_ACCOUNT), this.unsettle());
    this.emit(get(h), mem('i32_load', EVENT), unlikely, brIf(this.depth - 1));
  }
  private slowValue(args: Code, callee: number): Expr {
    const { result } = this.accessLocals;
    this.slow([...args, ...i32(this.insn.rec), ...call(callee), ...set(result)]);
    return value(get(result));
  }

  /** The control transfer that the instruction is. */
  private get site(): Site {
    return { slot: this.page.slot, last: this.insn.offset + this.insn.decoded.length - 2 };
  }
  /** Arguments of the functions of {@link TimingFunctions} behind those of the event, but for the history. */
  private get predictor(): Code {
    return [...this.options.timing!.siteAddress(this.site), ...get(this.timingLocals!.tree)];
  }
  /** The first arguments of a control-transfer event: hart, pc, length. */
  private here(): Code {
    return [...get(h), ...this.address(this.insn.offset), ...i32(this.insn.decoded.length)];
  }

  private get fields(): RegisterUse {
    return registerUse[this.insn.decoded.insn.format];
  }

  private read(field: RegisterField, register: number): Expr {
    // Floating-point registers are not kept in locals.
    if (field === 'f') return value([...get(h), ...mem('i64_load', F + 8 * register)]);
    if (register === 0) return value(i64Small(0));
    this.ensure(register);
    return value(get(this.registerLocal(register)));
  }
  private ensure(register: number): void {
    if ((this.knownRegisters >>> register) & 1) return;
    this.emit(get(h), mem('i64_load', X + 8 * register), set(this.registerLocal(register)));
    this.knownRegisters |= 1 << register;
  }
  private registerLocal(register: number): number {
    let found = this.registers.get(register);
    if (found === undefined) this.registers.set(register, (found = this.newLocal('i64')));
    return found;
  }
  private local(name: string, type: ValueType): number {
    let found = this.named.get(name);
    if (found === undefined) this.named.set(name, (found = this.newLocal(type)));
    return found;
  }
  private newLocal(type: ValueType): number {
    this.types.push(type);
    return parameters + this.types.length - 1;
  }
}

/** Adds the cycles on the stack (i32) to the account. */
const addCycles: Code = [
  ...op.i64_extend_i32_u, ...i64Small(32), ...op.i64_shl, ...get(account), ...op.i64_add, ...set(account),
]; // prettier-ignore

/** x0 as destination, in the arguments of timing events (the sink register of predecoded records). */
const SINK = 32;
