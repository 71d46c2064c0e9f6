/**
 * The cycle model's most frequent answers as code of the regions themselves: the transfer is in the target buffer, the line in
 * the instruction cache. They read the state that the core's functions keep (timing/hart-state.ts), change it as those would,
 * and call them in every other case. Calling for each event costs ten times as much (bench/engine).
 */
import {
  CODE_SLOTS,
  CODE_SLOT_RECORDS,
  CODE_SLOT_STRIDE,
  COUNTS_ACTIVE,
  HART_TIMING,
  M_JIT_PLRU,
  SITES,
  SITE_BASES,
  TIMING,
} from '../hart/layout.js';
import { COUNT_BRANCH_MISPREDICT } from '../timing/counted-events.js';
import { MULDIV_DIVU, MULDIV_DIVUW, MULDIV_MUL, MULDIV_MULW, MULDIV_REMU, MULDIV_REMUW } from '../timing/events.js';
import * as S from '../timing/hart-state.js';
import * as P from '../timing/parameter-slots.js';
import { call, get, i32, i64, mem, op, set, tee, v128Load, type Code, type ModuleBuilder, type ValueType } from '../wasm/module-builder.js'; // prettier-ignore
import { eventTypes, type RegionCalls } from './region-calls.js';

/** Local: address of the hart's area; what follows are offsets from it. */
const h = 0;
const BHT_HISTORY = HART_TIMING + S.BHT_HISTORY;
const BHT = HART_TIMING + S.BHT;
const BTB_PLRU = HART_TIMING + S.BTB_PLRU;
const BTB_TARGET = HART_TIMING + S.BTB + S.BTB_TARGET;
const L1I = HART_TIMING + S.L1I;
const RAS = HART_TIMING + S.RAS;
const RAS_COUNT = HART_TIMING + S.RAS_COUNT;
const RAS_POSITION = HART_TIMING + S.RAS_POSITION;

const LINK_REGISTERS = [1, 5];

export type JumpKind = 'plain' | 'call' | 'return';

/** How the return-address stack takes part in a jump. `rs1` of a direct one: undefined. */
export function jumpKind(rd: number, rs1: number | undefined): JumpKind {
  if (LINK_REGISTERS.includes(rd)) return 'call';
  return rs1 !== undefined && LINK_REGISTERS.includes(rs1) ? 'return' : 'plain';
}

/** Locals of the emitting function. */
export interface TimingLocals {
  /** i32: global branch history; i64: tree bits of the target buffer. Memory has them when the region is left. */
  readonly history: number;
  readonly tree: number;
  /** i32: what the page adds to an index of the history table. */
  readonly pageIndex: number;
  /** i32 */
  readonly counter: number;
  readonly entry: number;
}

/** A control transfer of compiled code. */
export interface Site {
  /** Linear address of its page's slot of predecoded records. */
  readonly slot: number;
  /** Page offset of the instruction's last halfword. */
  readonly last: number;
}

export class TimingCode {
  private readonly view: DataView;

  /** The parameter block is filled and stays. */
  constructor(memory: WebAssembly.Memory) {
    this.view = new DataView(memory.buffer);
    this.fillTree();
  }

  /** Fills the locals; `base` = i64 local with the address of the page, `history`: there are conditional branches. */
  enterPage(l: TimingLocals, base: number, slot: number, history: boolean, calls: RegionCalls): Code {
    const word: Code = [...get(base), ...i64(2n), ...op.i64_shr_u, ...op.i32_wrap_i64];
    const bits = this.historyBits;
    return [
      ...get(h), ...mem('i64_load', SITE_BASES + slotNumber(slot) * 8), ...get(base), ...op.i64_ne, ...op.ifUnlikely,
      ...get(h), ...i32(slotNumber(slot)), ...get(base), ...call(calls.t_sites_of_page), ...op.end,
      ...get(h), ...mem('i64_load', BTB_PLRU), ...set(l.tree),
      ...(history
        ? [
            ...get(h), ...mem('i32_load', BHT_HISTORY), ...set(l.history),
            ...word, ...i32((1 << bits) - 1), ...op.i32_and,
            ...word, ...i32(bits), ...op.i32_shr_u, ...i32(3), ...op.i32_and, ...op.i32_xor, ...set(l.pageIndex),
          ]
        : []),
    ]; // prettier-ignore
  }

  /** A line that was fetched needs no event again inside its page: its lines are in different sets of the instruction cache. */
  get linesStay(): boolean {
    return this.parameter(P.P_L1I_SETS) >= 64 && this.parameter(P.P_TLB_EXACT) === 0;
  }

  /** Pushes 1 if the 64-byte line at this physical address is in the instruction cache. */
  hasLine(physical: bigint): Code {
    // Each use of the instruction TLB counts then.
    if (this.parameter(P.P_TLB_EXACT) !== 0) return i32(0);
    const word = Number(((physical >> 6n) << 2n) & 0xffff_ffffn) | S.LINE_SHARED;
    const number = Number((physical >> 6n) & BigInt(this.parameter(P.P_L1I_SETS) - 1));
    const at = L1I + number * this.parameter(P.P_L1I_WAYS) * 4;
    const code: number[] = [];
    for (let way = 0; way < this.parameter(P.P_L1I_WAYS); way += 4) {
      code.push(...get(h), ...v128Load(at + way * 4), ...i32(word), ...op.i32x4_splat, ...op.i32x4_eq);
      if (way > 0) code.push(...op.v128_or);
    }
    return [...code, ...op.v128_any_true];
  }

  /**
   * A conditional branch whose last halfword is at page offset `last`. `counterOf` comes before the condition is tested, then
   * the code of one way. `slow` = what {@link TimingFunctions.branch} takes first, and its call; `charge` adds cycles from the stack.
   */
  counterOf(l: TimingLocals, last: number): Code {
    const bits = this.historyBits;
    const length = this.parameter(P.P_BHT_HISTORY);
    const fold = this.parameter(P.P_BHT_HISTORY_FOLD);
    const factor = S.ROOT_3_HALF >> (16 - length);
    // As historyIndex of assembly/timing/predictor.ts, with the two shifts made one.
    const shift = length - bits;
    const word = last >> 2;
    const index = (word & ((1 << bits) - 1)) ^ ((word >> bits) & 3);
    return [
      ...get(l.history), ...i32(factor), ...op.i32_mul,
      ...(shift >= 0 ? [...i32(shift), ...op.i32_shr_u] : [...i32(-shift), ...op.i32_shl]),
      ...i32(((1 << fold) - 1) << (bits - fold)), ...op.i32_and,
      ...get(l.pageIndex), ...op.i32_xor, ...i32(index), ...op.i32_xor,
      ...get(h), ...op.i32_add, ...set(l.counter),
    ]; // prettier-ignore
  }
  branch(l: TimingLocals, site: Site, taken: boolean, slow: Code, charge: Code): Code {
    const newest = taken ? 1 << (this.parameter(P.P_BHT_HISTORY) - 1) : 0;
    const predicted: Code = [...get(l.counter), ...mem('i32_load8_u', BHT)];
    const shift: Code = [
      ...get(l.history), ...i32(1), ...op.i32_shr_u, ...(taken ? [...i32(newest), ...op.i32_or] : []), ...set(l.history),
    ]; // prettier-ignore
    const wrong: Code = [
      ...get(l.counter), ...i32(taken ? 1 : 0), ...mem('i32_store8', BHT), ...i32(this.parameter(P.P_MISPREDICT)), ...charge,
      ...this.count(COUNT_BRANCH_MISPREDICT),
    ]; // prettier-ignore
    const unknown: Code = [...slow, ...set(l.tree), ...set(l.history), ...charge];
    const known = this.findEntry(l, site);
    const touch = this.touch(l);
    return taken
      ? [
          ...known, ...op.ifLikely, ...predicted, ...op.ifLikely, ...touch, ...op.else, ...wrong, ...op.end, ...shift,
          ...op.else, ...unknown, ...op.end,
        ]
      : [
          ...predicted, ...op.i32_eqz, ...op.ifLikely, ...shift,
          ...op.else, ...known, ...op.ifLikely, ...touch, ...wrong, ...shift, ...op.else, ...unknown, ...op.end, ...op.end,
        ]; // prettier-ignore
  }

  /** As count of assembly/timing/counters.ts. */
  private count(event: number): Code {
    const bank: Code = [...get(h), ...mem('i32_load', COUNTS_ACTIVE)];
    return [...bank, ...bank, ...mem('i64_load', event * 8), ...i64(1n), ...op.i64_add, ...mem('i64_store', event * 8)];
  }

  /** A direct jump; `behind` pushes the address behind it. `slow` = what {@link TimingFunctions.jump} takes first, and its call. */
  jump(l: TimingLocals, site: Site, kind: JumpKind, behind: Code, slow: Code, charge: Code): Code {
    return [
      ...this.findEntry(l, site), ...op.ifLikely, ...(kind === 'call' ? this.push(l, behind) : []), ...this.touch(l),
      ...op.else, ...slow, ...set(l.tree), ...charge, ...op.end,
    ]; // prettier-ignore
  }

  /** An indirect jump to what `target` pushes. `slow` = what {@link TimingFunctions.indirect} takes first, and its call. */
  jumpIndirect(
    l: TimingLocals,
    site: Site,
    kind: JumpKind,
    target: Code,
    behind: Code,
    slow: Code,
    charge: Code,
  ): Code {
    const right: Code =
      kind === 'return'
        ? [
            ...get(h), ...mem('i32_load', RAS_COUNT), ...op.i32_eqz, ...op.i32_eqz,
            ...get(h), ...get(h), ...mem('i32_load', RAS_POSITION), ...i32(3), ...op.i32_shl, ...op.i32_add,
            ...mem('i64_load', RAS), ...target, ...op.i64_eq, ...op.i32_and,
          ]
        : [
            ...get(h), ...get(l.entry), ...i32(Math.log2(S.BTB_ENTRY_SIZE)), ...op.i32_shl, ...op.i32_add,
            ...mem('i64_load', BTB_TARGET - S.BTB_ENTRY_SIZE), ...target, ...op.i64_eq,
          ]; // prettier-ignore
    const stack = kind === 'return' ? this.pop() : kind === 'call' ? this.push(l, behind) : [];
    return [
      ...this.findEntry(l, site), ...op.i32_eqz, ...op.i32_eqz, ...right, ...op.i32_and, ...op.ifLikely, ...stack, ...this.touch(l),
      ...op.else, ...slow, ...set(l.tree), ...charge, ...op.end,
    ]; // prettier-ignore
  }

  /** Puts what locals hold of the predictor into memory. */
  leavePage(l: TimingLocals, history: boolean): Code {
    return [
      ...(history ? [...get(h), ...get(l.history), ...mem('i32_store', BHT_HISTORY)] : []),
      ...get(h), ...get(l.tree), ...mem('i64_store', BTB_PLRU),
    ]; // prettier-ignore
  }

  /** Pushes the address of the site's byte. */
  siteAddress(site: Site): Code {
    return [...get(h), ...i32(siteOffset(site)), ...op.i32_add];
  }

  /** Pushes number + 1 of the target buffer's entry for the transfer, 0 = not known; it is in `entry` too. */
  private findEntry(l: TimingLocals, site: Site): Code {
    return [...get(h), ...mem('i32_load8_u', siteOffset(site)), ...tee(l.entry)];
  }

  /** Marks the entry as used. */
  private touch(l: TimingLocals): Code {
    const at = M_JIT_PLRU - 16;
    const address: Code = [...get(l.entry), ...i32(4), ...op.i32_shl];
    return [
      ...get(l.tree), ...address, ...mem('i64_load', at), ...op.i64_and, ...address, ...mem('i64_load', at + 8), ...op.i64_or,
      ...set(l.tree),
    ]; // prettier-ignore
  }

  /** Puts what `address` pushes onto the return-address stack. */
  private push(l: TimingLocals, address: Code): Code {
    const entries = this.parameter(P.P_RAS_ENTRIES);
    const count: Code = [...get(h), ...mem('i32_load', RAS_COUNT)];
    return [
      ...get(h), ...count, ...count, ...i32(entries), ...op.i32_ne, ...op.i32_add, ...mem('i32_store', RAS_COUNT),
      ...get(h), ...mem('i32_load', RAS_POSITION), ...i32(1), ...op.i32_add, ...tee(l.counter),
      ...i32(0), ...get(l.counter), ...i32(entries), ...op.i32_ne, ...op.select, ...set(l.counter),
      ...get(h), ...get(l.counter), ...mem('i32_store', RAS_POSITION),
      ...get(h), ...get(l.counter), ...i32(3), ...op.i32_shl, ...op.i32_add, ...address, ...mem('i64_store', RAS),
    ]; // prettier-ignore
  }

  private pop(): Code {
    const last = this.parameter(P.P_RAS_ENTRIES) - 1;
    const position: Code = [...get(h), ...mem('i32_load', RAS_POSITION)];
    return [
      ...get(h), ...get(h), ...mem('i32_load', RAS_COUNT), ...i32(1), ...op.i32_sub, ...mem('i32_store', RAS_COUNT),
      ...get(h), ...position, ...i32(1), ...op.i32_sub, ...i32(last), ...position, ...op.select, ...mem('i32_store', RAS_POSITION),
    ]; // prettier-ignore
  }

  /** Pushes the stall of a multiplication or division by operands, which `a` and `b` push; undefined: only t_muldiv knows. */
  mulDiv(l: TimingLocals, kind: number, a: Code, b: Code, slack: number): Code | 'none' | undefined {
    const offset = this.parameter(P.P_MULDIV_FIXED) - slack;
    switch (kind) {
      case MULDIV_MUL:
      case MULDIV_MULW:
        return this.multiply(l, kind, a, offset);
      case MULDIV_DIVU:
      case MULDIV_REMU:
        return divideUnsigned(l, a, b, offset);
      case MULDIV_DIVUW:
      case MULDIV_REMUW:
        return divideUnsigned(l, [...a, ...lowHalf], [...b, ...lowHalf], offset);
      default:
        return undefined;
    }
  }

  private multiply(l: TimingLocals, kind: number, a: Code, offset: number): Code | 'none' | undefined {
    const bits = this.parameter(P.P_MUL_BITS);
    if (!Number.isInteger(Math.log2(bits))) return undefined;
    const width = kind === MULDIV_MUL ? 64 : 32;
    const all = Math.ceil(width / bits);
    if (offset + all <= 0) return 'none';
    // As multiplySteps of assembly/timing/muldiv.ts: steps = ceil(used bits / bits) + 1, from `fewest` to `all`.
    const least = Math.max(width === 64 ? 2 : 1, -offset);
    return [
      ...i64(BigInt(64 + bits - 1)), ...a, ...(width === 32 ? lowHalf : []), ...op.i64_clz, ...op.i64_sub, ...op.i32_wrap_i64,
      ...i32(Math.log2(bits)), ...op.i32_shr_u, ...i32(1), ...op.i32_add,
      ...tee(l.counter), ...i32(least), ...get(l.counter), ...i32(least), ...op.i32_gt_u, ...op.select,
      ...tee(l.counter), ...i32(all), ...get(l.counter), ...i32(all), ...op.i32_lt_u, ...op.select,
      ...i32(offset), ...op.i32_add,
    ]; // prettier-ignore
  }

  /** Functions of a module with regions, for what is too long to write out each time. */
  addFunctions(module: ModuleBuilder, calls: RegionCalls): TimingFunctions {
    return {
      branch: this.addTransfer(module, calls, 't_branch', true),
      jump: this.addTransfer(module, calls, 't_jal', false),
      indirect: this.addTransfer(module, calls, 't_jalr', false),
    };
  }

  /** A core's event (see {@link TimingFunctions}): memory is up to date before it, what changes is read again behind it. */
  private addTransfer(
    module: ModuleBuilder,
    calls: RegionCalls,
    event: 't_branch' | 't_jal' | 't_jalr',
    history: boolean,
  ): number {
    const { params } = eventTypes[event];
    const [site, tree, past] = [0, 1, 2].map((i) => params.length + i) as [number, number, number];
    const l = { history: past, tree } as TimingLocals;
    const locals: readonly ValueType[] = ['i32', 'i64', ...(history ? (['i32'] as const) : [])];
    const results: readonly ValueType[] = ['i32', ...(history ? (['i32'] as const) : []), 'i64'];
    return module.addFunction(event, { params: [...params, ...locals], results }, [], [
      ...this.leavePage(l, history),
      ...params.flatMap((_, i) => get(i)), ...call(calls[event]),
      // (h, pc, length) come first.
      ...get(h), ...get(1), ...get(2), ...get(site), ...call(calls.t_site),
      ...(history ? [...get(h), ...mem('i32_load', BHT_HISTORY)] : []),
      ...get(h), ...mem('i64_load', BTB_PLRU),
    ]); // prettier-ignore
  }

  private get historyBits(): number {
    return Math.log2(this.parameter(P.P_BHT_ENTRIES));
  }

  private parameter(slot: number): number {
    return this.view.getUint32(TIMING + slot, true);
  }

  /** M_JIT_PLRU: as plruTouch of assembly/timing/parts.ts. */
  private fillTree(): void {
    const entries = this.parameter(P.P_BTB_ENTRIES);
    const levels = 32 - Math.clz32(entries - 1);
    for (let entry = 0; entry < entries; entry++) {
      let kept = -1n;
      let set = 0n;
      let node = 1;
      for (let level = levels - 1; level >= 0; level--) {
        const side = (entry >> level) & 1;
        const bit = 1n << BigInt(node);
        kept &= ~bit;
        if (side === 0) set |= bit;
        node = node * 2 + side;
      }
      this.view.setBigUint64(M_JIT_PLRU + entry * 16, BigInt.asUintN(64, kept), true);
      this.view.setBigUint64(M_JIT_PLRU + entry * 16 + 8, set, true);
    }
  }
}

/**
 * What compiled code calls where it does not know an entry, or the entry's target is wrong: arguments of the core's event, then the address of
 * the site and the tree bits.
 */
export interface TimingFunctions {
  /** As t_branch, with the history behind the tree -> (cycles, history, tree). */
  readonly branch: number;
  /** As t_jal and t_jalr -> (cycles, tree). */
  readonly jump: number;
  readonly indirect: number;
}

const lowHalf: Code = [...i64(0xffff_ffffn), ...op.i64_and];

/** As divideSteps of assembly/timing/muldiv.ts, and max(0, steps + `offset`). */
function divideUnsigned(l: TimingLocals, a: Code, b: Code, offset: number): Code {
  const zeros = (operand: Code): Code => [...operand, ...i64(1n), ...op.i64_or, ...op.i64_clz, ...op.i32_wrap_i64];
  return [
    // The quotient's leading zero bits; 1 stands for what skips none: no such bits, or a divisor of 0.
    ...zeros(a), ...zeros(b), ...op.i32_sub, ...i32(1), ...op.i32_sub, ...i32(63), ...op.i32_and, ...set(l.counter),
    ...i32(66 + offset),
    ...get(l.counter), ...i32(1), ...get(l.counter), ...i32(0), ...op.i32_ne, ...b, ...i64(0n), ...op.i64_ne, ...op.i32_and, ...op.select,
    ...op.i32_sub, ...tee(l.counter), ...i32(0), ...get(l.counter), ...i32(0), ...op.i32_gt_s, ...op.select,
  ]; // prettier-ignore
}

function slotNumber(slot: number): number {
  return (slot - CODE_SLOTS) / CODE_SLOT_STRIDE;
}

/** Of its byte, from `h`. */
function siteOffset({ slot, last }: Site): number {
  return SITES + slotNumber(slot) * CODE_SLOT_RECORDS + (last >> 1);
}
