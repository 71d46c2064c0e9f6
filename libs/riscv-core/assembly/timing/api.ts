/**
 * The dynamic part of the cycle model `rocket`: every event whose outcome is not known when an instruction is decoded.
 * Called by the core's slow path, by the generated interpreter and by the reference engine, in the same order:
 *
 *     fetch event -> t_settle of a system instruction or SC -> for each data access: t_tlb, then t_data or t_mmio -> on
 *     retirement: static cost of the record, then t_branch / t_jal / t_jalr / t_muldiv
 *
 * With M_TIMING = 0 none of these is called.
 *
 * Rules all callers rely on
 * - `h` is the linear address of the hart area. Events marked "adds" add their cycles to CYCLE at `h`; events marked
 *   "returns" change no CYCLE and return the cycles for the caller to add.
 * - A hit changes no state (t_tlb, t_data of a present and sufficiently owned line, t_fetch): calling again is free, not
 *   calling because a filter proved the hit is the same thing.
 * - FETCH_LINE at `h` belongs to the engine that skips repeated fetch events. The timing model sets it to all ones when
 *   the current line may have become absent (fences); whoever changes privilege, V or address space must do so too.
 * - A walk is priced from PTE_TRACE and TR_LEVEL at `h`. They need to be right only if t_tlb_misses() says 1 for this access;
 *   so a caller with a cache of translations asks first and walks again only then.
 */
import {
  ACCESS_FETCH,
  COUNTS_ACTIVE,
  CYCLE,
  EVENT_BANK_SIZE,
  EVENT_COUNTS,
  FETCH_LINE,
  HART_TIMING_SIZE,
  M_HARTS,
  PRV,
  RES_END,
  V,
} from '../../src/hart/layout';
import { COUNT_UNCACHED } from '../../src/timing/counted-events';
import {
  P_L1D_LFSR,
  P_L1I_LFSR,
  P_L2_LFSR,
  P_LLC_LFSR,
  P_LRSC_BACKOFF,
  P_LRSC_CYCLES,
  P_MMIO_ROUND_TRIP,
  P_TLB_EXACT,
  P_TRAP_ENTRY,
} from '../../src/timing/parameter-slots';
import { count } from './counters';
import { dcacheAccess } from './dcache';
import { filterEnter, filterReset, rememberTlb } from './filter';
import { icacheAccess, icacheFlush } from './icache';
import { L1D_LFSR, L1I_LFSR, L2_LFSR, LLC_LFSR, MMIO_BUSY, STATE, STATE_END, hartArea, stateOf } from './layout';
import { l2Read, l2Write } from './l2';
import { coreEdge, memoryEdge, prepareClocks } from './memory';
import { muldivLatency } from './muldiv';
import { addCycles, parameter } from './parts';
import { branch, findSite, jump, jumpIndirect } from './predictor';
import { settle } from './requests';
import { forgetSites, sitesOfPage } from './sites';
import { tlbAccess, tlbFlush, tlbHit, tlbMisses } from './tlb';

/** Puts caches, TLBs, predictors, L2 and LLC of all harts into their state after reset. The parameter block stays. */
export function t_reset(): void {
  prepareClocks();
  memory.fill(STATE, 0, STATE_END - STATE);
  store<u32>(L2_LFSR, parameter(P_L2_LFSR));
  store<u32>(LLC_LFSR, parameter(P_LLC_LFSR));
  const harts = load<i32>(M_HARTS);
  for (let index = 0; index < harts; index++) {
    const h = hartArea(index);
    memory.fill(stateOf(h), 0, HART_TIMING_SIZE);
    store<u32>(stateOf(h) + L1I_LFSR, parameter(P_L1I_LFSR));
    store<u32>(stateOf(h) + L1D_LFSR, parameter(P_L1D_LFSR));
    store<i64>(h, -1, FETCH_LINE);
    store<i32>(h, h + EVENT_COUNTS + (load<i32>(h, PRV) | (load<i32>(h, V) << 2)) * EVENT_BANK_SIZE, COUNTS_ACTIVE);
    filterReset(h);
    forgetSites(h);
  }
}

/** 1 = a walk (or at least an L2 TLB look-up) will be needed. `access`: ACCESS_*; `space`: SPACE_*. Changes nothing. */
export function t_tlb_misses(h: i32, va: i64, access: i32, space: i32): i32 {
  return i32(tlbMisses(h, va, access, space));
}

/** Translation of a data access succeeded. Adds: 0 on a hit, else L2 TLB or walk, and refills. */
export function t_tlb(h: i32, va: i64, access: i32, space: i32): void {
  tlbAccess(h, va, access, space, false);
}

/** t_tlb of a data access of SPACE_BARE. */
@inline
export function t_tlb_bare(): void {
  rememberTlb(-1);
}

/** 1 = t_tlb, which would be a hit, is done; 0 = it would not be one, nothing was done. */
export function t_tlb_hit(h: i32, va: i64, access: i32, space: i32): i32 {
  return i32(tlbHit(h, va, access, space));
}

/** Translation of a fetch or data access raised a page fault or guest-page fault. Adds the walk; nothing is refilled. */
export function t_tlb_fault(h: i32, va: i64, access: i32, space: i32): void {
  tlbAccess(h, va, access, space, true);
}

/** The pc is in the 64-byte line of `va` = `pa`: ITLB, then L1I. Adds. Only the line that holds the first halfword of an instruction counts. */
export function t_fetch(h: i32, va: i64, pa: i64, space: i32): void {
  tlbAccess(h, va, ACCESS_FETCH, space, false);
  icacheAccess(h, pa);
}

/** Access to RAM at physical `pa`, not crossing a line. `kind`: DATA_*. Adds: 0 on a hit. */
@inline
export function t_data(h: i32, pa: i64, kind: i32): void {
  dcacheAccess(h, pa, kind);
}

/**
 * Enters the line of `va` into the active read filter, and into the write filter too if `writable` is 1: only directly after t_tlb and
 * t_data of the same access succeeded, `writable` only after DATA_STORE. `linear` = linear address of the byte at `va`.
 */
@inline
export function t_filter_enter(h: i32, va: i64, linear: i32, writable: i32): void {
  // A hit that a filter proves would touch no replacement state.
  if (!parameter(P_TLB_EXACT)) filterEnter(h, va, linear, writable);
}

/**
 * Empties all filters of the hart. Whoever wants single entries gone writes EMPTY_TAG into their tags and touches nothing else: the
 * last word of an entry belongs to filter.ts.
 */
export function t_filter_reset(h: i32): void {
  filterReset(h);
}

/** Uncached access to a device: loads wait for the answer, a store only for the access before it. Adds. */
export function t_mmio(h: i32, isStore: i32): void {
  settle(h);
  const busy = stateOf(h) + MMIO_BUSY;
  const now = load<i64>(h, CYCLE);
  const start = max(now, load<i64>(busy));
  const end = start + i64(parameter(P_MMIO_ROUND_TRIP));
  store<i64>(busy, end);
  count(h, COUNT_UNCACHED);
  store<i64>(h, isStore ? start : end, CYCLE);
}

/**
 * A device reads or writes [pa, pa + size) of RAM through the L2. Costs no hart anything: how long a transfer takes is the
 * device's own affair. Not in the order of a hart's events, so nothing of a hart but its L1D lines changes.
 */
export function t_dma(pa: i64, size: i32, write: i32): void {
  const end = u64(pa) + size;
  for (let at = u64(pa); at < end;) {
    const next = min<u64>(end, (at | 63) + 1);
    const line = i32(at >> 6);
    if (write) l2Write(line, next - at == 64);
    else l2Read(line);
    at = next;
  }
}

/** LR has reserved: the reservation holds until RES_END. */
export function t_reserve(h: i32): void {
  settle(h);
  store<i64>(h, load<i64>(h, CYCLE) + i64(parameter(P_LRSC_CYCLES) - parameter(P_LRSC_BACKOFF)), RES_END);
}

/**
 * What is next depends on the hart's clock or changes the mode that it counts in: system instructions, traps, SC. With several harts the
 * clock may lack part of what its requests to the shared level cost (requests.ts). Adds.
 */
@inline
export function t_settle(h: i32): void {
  settle(h);
}

/** First edge of the memory clock at or after a core cycle, and of the core clock at or after a memory cycle. For tests. */
export function t_memory_edge(cycle: u64): u64 {
  return memoryEdge(cycle);
}

export function t_core_edge(cycle: u64): u64 {
  return coreEdge(cycle);
}

/** A trap was taken (exception or interrupt): redirect from write-back. Adds. */
export function t_trap(h: i32): void {
  addCycles(h, parameter(P_TRAP_ENTRY));
}

/** A fence of `scope` FLUSH_*; `hasVa` = 1 when rs1 is not x0 and `va` its value. State only: its cycles are static. */
export function t_flush_tlb(h: i32, scope: i32, hasVa: i32, va: i64): void {
  tlbFlush(h, scope, hasVa != 0, va);
}

/** FENCE.I: drops the instruction cache. State only. */
export function t_flush_icache(h: i32): void {
  icacheFlush(h);
  store<i64>(h, -1, FETCH_LINE);
}

/** Conditional branch of `length` 2 or 4 bytes at `pc` retired; `target` is where it goes when taken. Returns. */
export function t_branch(h: i32, pc: i64, length: i32, taken: i32, target: i64): i32 {
  return branch(h, pc, length, taken != 0, target);
}

/** JAL retired; `rd` as in the record (32 for x0). Returns. */
export function t_jal(h: i32, pc: i64, length: i32, target: i64, rd: i32): i32 {
  return jump(h, pc, length, target, rd);
}

/** JALR retired. Returns. */
export function t_jalr(h: i32, pc: i64, length: i32, target: i64, rd: i32, rs1: i32): i32 {
  return jumpIndirect(h, pc, length, target, rd, rs1);
}

/** After t_branch, t_jal or t_jalr of compiled code: `site` = its byte of SITES (sites.ts). Changes no state of the machine, nor do the next two. */
export function t_site(h: i32, pc: i64, length: i32, site: i32): void {
  findSite(h, pc, length, site);
}

/** Code slot number `slot` is entered through the virtual page at `base`. */
export function t_sites_of_page(h: i32, slot: i32, base: i64): void {
  sitesOfPage(h, slot, base);
}

/** The predictor's state was written from outside. */
export function t_forget_sites(h: i32): void {
  forgetSites(h);
}

/**
 * Multiply or divide retired: `kind` MULDIV_*, operands as in the registers before the result was written. `slack`: cycles until the result or
 * the unit is needed (StaticTiming.slack; the decoder puts it into the record's immediate). Returns the stall.
 */
export function t_muldiv(h: i32, kind: i32, a: i64, b: i64, slack: i32): i32 {
  return max(0, muldivLatency(kind, a, b) - slack);
}
