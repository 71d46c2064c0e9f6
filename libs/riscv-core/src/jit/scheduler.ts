/**
 * The JIT's part of the interpreter's module: the counters that find hot code, the loop that goes from region to region
 * without JavaScript, and what regions call.
 */
import {
  BARREN_TRAPS,
  CODE_LOOKUP,
  CODE_LOOKUP_CONTEXT_SIZE,
  CODE_LOOKUP_ENTRIES,
  CODE_RECORD_SIZE,
  CODE_SLOT_COUNTERS,
  CODE_SLOT_REGIONS,
  CONTEXT,
  CORE_SKIP_POLL,
  CYCLE,
  EVENT,
  INSTRET,
  INSTRET_LIMIT,
  ITLB_GENERATION,
  JUMPS,
  JUMP_ENTRIES,
  NEXT_TIMER,
  PC,
  STOP_NONE,
  STOP_REASON,
  STOP_TURN,
  TURN_END,
} from '../hart/layout.js';
import { local, type CoreImports, type Exits, type RegionHooks } from '../interp/handler-semantics.js';
import type { RegionSupport } from '../interp/module.js';
import { br, brIf, call, callIndirect, get, i32, i64, mem, op, set, tee, type Code, type FunctionType, type ModuleBuilder } from '../wasm/module-builder.js'; // prettier-ignore
import { addAccountFunctions, openCode, spillCode, type AccountFunctions } from './account.js';
import { PC_IN_MEMORY, addSupport, regionType } from './region-calls.js';

export interface Thresholds {
  /** Transfers to a place until it is noted as hot. */
  readonly warm: number;
  /** Transfers until it must be compiled now. */
  readonly hot: number;
}

/** (h, pc, account, region) -> (pc, account) as of a region: runs it and those that follow while the jump table knows them. */
const runType: FunctionType = { params: ['i32', 'i64', 'i64', 'i32'], results: ['i64', 'i64'] };

export class Scheduler implements RegionSupport {
  private hot = 0;
  private account!: AccountFunctions;
  private link = 0;
  private runRegions = 0;
  quickTurn = 0;

  constructor(
    private readonly thresholds: Thresholds,
    private readonly tableElements: number,
  ) {}

  declareImports(module: ModuleBuilder): void {
    // (rec, must be compiled now)
    this.hot = module.importFunction('env', 'hot', { params: ['i32', 'i32'], results: [] });
    module.importTable('regions', this.tableElements);
  }

  addFunctions(module: ModuleBuilder, core: CoreImports): RegionHooks {
    this.account = addAccountFunctions(module);
    addSupport(module, core, this.account);
    this.link = this.addLink(module);
    this.runRegions = this.addRun(module);
    this.quickTurn = this.addQuickTurn(module, core);
    return { count: this.addCount(module) };
  }

  /** (h, rec, base, weight) */
  private addCount(module: ModuleBuilder): number {
    const [rec, base, weight, at, count] = [1, 2, 3, 4, 5];
    // Has this transfer, or the last of several, reached the threshold?
    const reached = (threshold: number): Code => [
      ...get(count), ...i32(threshold), ...op.i32_sub, ...get(weight), ...op.i32_lt_u,
    ]; // prettier-ignore
    const body: Code = [
      ...get(base), ...wordOffset(rec, base), ...op.i32_add, ...tee(at), ...mem('i32_load16_u', CODE_SLOT_REGIONS),
      ...op.if, ...op.return, ...op.end,
      ...get(at), ...get(at), ...mem('i32_load16_u', CODE_SLOT_COUNTERS), ...get(weight), ...op.i32_add, ...tee(count),
      ...mem('i32_store16', CODE_SLOT_COUNTERS),
      ...reached(this.thresholds.warm), ...op.ifUnlikely,
      ...get(rec), ...i32(0), ...call(this.hot), ...op.end,
      ...reached(this.thresholds.hot), ...op.ifUnlikely,
      ...get(rec), ...i32(1), ...call(this.hot), ...op.end,
    ]; // prettier-ignore
    return module.addFunction('count', { params: ['i32', 'i32', 'i32', 'i32'], results: [] }, ['i32', 'i32'], body);
  }

  /** (h, pc, region): enters the region into the jump table, unless PMP splits the page (then code_lookup must check each entry). */
  private addLink(module: ModuleBuilder): number {
    const [h, pc, region, entry] = [0, 1, 2, 3];
    const body: Code = [
      ...get(h), ...get(h), ...mem('i32_load', CONTEXT), ...i32(CODE_LOOKUP_CONTEXT_SIZE), ...op.i32_mul, ...op.i32_add,
      ...get(pc), ...i64(12n), ...op.i64_shr_u, ...op.i32_wrap_i64, ...i32(CODE_LOOKUP_ENTRIES - 1), ...op.i32_and,
      ...i32(4), ...op.i32_shl, ...op.i32_add, ...mem('i64_load', CODE_LOOKUP),
      ...get(pc), ...i64(12n), ...op.i64_shr_u, ...op.i64_ne, ...op.if, ...op.return, ...op.end,
      ...get(h), ...mem('i32_load', JUMPS), ...jumpOffset(pc), ...op.i32_add, ...tee(entry),
      ...get(pc), ...mem('i64_store', 0),
      ...get(entry), ...get(h), ...mem('i32_load', ITLB_GENERATION), ...mem('i32_store', 8),
      ...get(entry), ...get(region), ...mem('i32_store', 12),
    ]; // prettier-ignore
    return module.addFunction('link', { params: ['i32', 'i64', 'i32'], results: [] }, ['i32'], body);
  }

  private addRun(module: ModuleBuilder): number {
    const [h, pc, account, region, jumps, entry] = [0, 1, 2, 3, 4, 5];
    const body: Code = [
      ...get(h), ...mem('i32_load', JUMPS), ...set(jumps),
      ...op.loop,
      ...get(h), ...get(pc), ...get(account), ...get(region), ...callIndirect(module.type(regionType)),
      ...set(account), ...set(pc),
      ...get(jumps), ...jumpOffset(pc), ...op.i32_add, ...tee(entry), ...mem('i64_load', 0), ...get(pc), ...op.i64_eq,
      ...op.if,
      ...get(entry), ...mem('i32_load', 12), ...set(region),
      ...get(entry), ...mem('i32_load', 8), ...get(h), ...mem('i32_load', ITLB_GENERATION), ...op.i32_eq, ...brIf(1),
      ...op.end,
      ...op.end,
      ...get(pc), ...get(account),
    ]; // prettier-ignore
    return module.addFunction('regions', runType, ['i32', 'i32'], body);
  }

  /**
   * A turn as `run` makes it, for as long as it stays in compiled code, without the frame of a function that has every instruction. Where it
   * gives up `run` may poll once more: a poll behind a poll changes nothing.
   */
  private addQuickTurn(module: ModuleBuilder, core: CoreImports): number {
    const [h, entry, pc, account, cycle, deadline] = [0, 1, 2, 3, 4, 5];
    const forRun: Code = [...i32(STOP_NONE), ...op.return];
    const body: Code = [
      ...get(h), ...i32(0), ...mem('i32_store', EVENT),
      ...get(h), ...call(core.poll), ...op.ifUnlikely, ...forRun, ...op.end,
      ...get(h), ...mem('i64_load', PC), ...set(pc),
      ...hasJump(h, pc, entry), ...op.i32_eqz, ...op.if, ...forRun, ...op.end,
      ...get(h), ...get(pc), ...openCode(h, cycle, deadline), ...get(entry), ...mem('i32_load', 12), ...call(this.runRegions),
      ...set(account), ...tee(pc), ...i64(PC_IN_MEMORY), ...op.i64_eq, ...op.if, ...forRun, ...op.end,
      ...get(pc), ...i64(~1n), ...op.i64_and, ...set(cycle), ...spillCode(h, cycle, account),
      ...get(pc), ...i64(1n), ...op.i64_and, ...op.i64_eqz, ...op.if,
      // Left for a place that is not compiled, which is no yield point.
      ...get(h), ...i32(1), ...mem('i32_store', CORE_SKIP_POLL), ...forRun, ...op.end,
      ...this.endTurn(h),
      ...i32(STOP_NONE),
    ]; // prettier-ignore
    return module.addFunction(
      'quick',
      { params: ['i32'], results: ['i32'] },
      ['i32', 'i64', 'i64', 'i64', 'i64'],
      body,
    );
  }

  handler(exits: Exits): Code {
    const { h, pc, rec, base, cycle, instret, entry } = local;
    return [
      ...get(h), ...get(cycle), ...mem('i64_store', CYCLE), ...get(h), ...get(instret), ...mem('i64_store', INSTRET),
      ...get(base), ...wordOffset(rec, base), ...op.i32_add, ...mem('i32_load16_u', CODE_SLOT_REGIONS), ...set(entry),
      ...get(h), ...get(pc), ...get(entry), ...call(this.link),
      ...this.enter(exits.resync),
      ...br(exits.lookup),
    ]; // prettier-ignore
  }

  resume(resync: number): Code {
    const { h, pc, entry, weight } = local;
    return [
      ...hasJump(h, pc, entry), ...op.if,
      ...get(entry), ...mem('i32_load', 12), ...set(entry),
      ...i32(1), ...set(weight), ...this.enter(resync + 1),
      ...op.end,
    ]; // prettier-ignore
  }

  /** Runs region `entry` and those that follow; then the state is in the locals, or in memory and `resync` is next. */
  private enter(resync: number): Code {
    const { h, pc, cycle, instret, entry, result: account } = local;
    const flushed: Code = [...get(h), ...get(pc), ...get(account), ...call(this.account.spill)];
    return [
      ...get(h), ...get(pc), ...get(h), ...call(this.account.open), ...get(entry), ...call(this.runRegions),
      ...set(account), ...tee(pc), ...i64(PC_IN_MEMORY), ...op.i64_eq, ...brIf(resync),
      ...get(pc), ...i64(1n), ...op.i64_and, ...op.i32_wrap_i64, ...op.if,
      ...get(pc), ...i64(1n), ...op.i64_sub, ...set(pc), ...flushed, ...this.endTurn(h), ...br(resync + 1), ...op.end,
      ...flushed,
      ...get(h), ...mem('i64_load', CYCLE), ...set(cycle), ...get(h), ...mem('i64_load', INSTRET), ...set(instret),
    ]; // prettier-ignore
  }

  /**
   * Ends the turn if the poll that is due could do nothing else: since the last one no instruction was executed that changes which
   * interrupts are pending or enabled, so only a timer can have made one ready.
   */
  private endTurn(h: number): Code {
    return [
      ...get(h), ...mem('i64_load', CYCLE), ...get(h), ...mem('i64_load', TURN_END), ...op.i64_ge_u,
      ...get(h), ...mem('i64_load', CYCLE), ...get(h), ...mem('i64_load', NEXT_TIMER), ...op.i64_lt_u, ...op.i32_and,
      ...get(h), ...mem('i64_load', INSTRET), ...get(h), ...mem('i64_load', BARREN_TRAPS), ...op.i64_add,
      ...get(h), ...mem('i64_load', INSTRET_LIMIT), ...op.i64_lt_u, ...op.i32_and, ...op.if,
      ...get(h), ...i32(STOP_TURN), ...mem('i32_store', STOP_REASON), ...i32(STOP_TURN), ...op.return, ...op.end,
    ]; // prettier-ignore
  }
}

/** Pushes the offset of a record's word of two bytes; locals: the record's address, its slot's. */
function wordOffset(rec: number, base: number): Code {
  return [...get(rec), ...get(base), ...op.i32_sub, ...i32(Math.log2(CODE_RECORD_SIZE / 2)), ...op.i32_shr_u];
}

/** Pushes 1 if the jump table knows the pc; leaves the address of its entry in `entry`. */
function hasJump(h: number, pc: number, entry: number): Code {
  return [
    ...get(h), ...mem('i32_load', JUMPS), ...jumpOffset(pc), ...op.i32_add, ...tee(entry),
    ...mem('i64_load', 0), ...get(pc), ...op.i64_eq,
    ...get(entry), ...mem('i32_load', 8), ...get(h), ...mem('i32_load', ITLB_GENERATION), ...op.i32_eq, ...op.i32_and,
  ]; // prettier-ignore
}

/** Pushes the offset of the jump table's entry for the pc in a local. */
function jumpOffset(pc: number): Code {
  return [
    ...get(pc), ...get(pc), ...i64(10n), ...op.i64_shr_u, ...op.i64_xor, ...op.i32_wrap_i64,
    ...i32(3), ...op.i32_shl, ...i32((JUMP_ENTRIES - 1) * 16), ...op.i32_and,
  ]; // prettier-ignore
}
