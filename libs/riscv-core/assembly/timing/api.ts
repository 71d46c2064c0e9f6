/**
 * The dynamic part of the cycle model `rocket`: every event whose outcome is not known when an instruction is decoded.
 * Called by the core's slow path, by the generated interpreter and by the reference engine, in the same order:
 *
 *     fetch event -> for each data access: t_tlb, then t_data or t_mmio -> on retirement: static cost of the record,
 *     then t_branch / t_jal / t_jalr / t_muldiv
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
import { SPACE_BARE } from '../../src/timing/events';

/** Puts caches, TLBs, predictors, L2 and LLC of all harts into their state after reset. The parameter block stays. */
export function t_reset(): void {}

/** 1 = a walk (or at least an L2 TLB look-up) will be needed. `access`: ACCESS_*; `space`: SPACE_*. Changes nothing. */
export function t_tlb_misses(h: i32, va: i64, access: i32, space: i32): i32 {
  return space == SPACE_BARE ? 0 : 0;
}

/** Translation of a data access succeeded. Adds: 0 on a hit, else L2 TLB or walk, and refills. */
export function t_tlb(h: i32, va: i64, access: i32, space: i32): void {}

/** Translation of a fetch or data access raised a page fault or guest-page fault. Adds the walk; nothing is refilled. */
export function t_tlb_fault(h: i32, va: i64, access: i32, space: i32): void {}

/** The pc is in the 64-byte line of `va` = `pa`: ITLB, then L1I. Adds. Only the line that holds the first halfword of an instruction counts. */
export function t_fetch(h: i32, va: i64, pa: i64, space: i32): void {}

/** Access to RAM at physical `pa`, not crossing a line. `kind`: DATA_*. Adds: 0 on a hit. */
export function t_data(h: i32, pa: i64, kind: i32): void {}

/**
 * Enters the line of `va` into the active read filter, and into the write filter too if `writable` is 1: only directly after t_tlb and
 * t_data of the same access succeeded, `writable` only after DATA_STORE. `linear` = linear address of the byte at `va`.
 */
export function t_filter_enter(h: i32, va: i64, linear: i32, space: i32, writable: i32): void {}

/** Uncached access to a device. Adds. */
export function t_mmio(h: i32, isStore: i32): void {}

/** A trap was taken (exception or interrupt): redirect from write-back. Adds. */
export function t_trap(h: i32): void {}

/** A fence of `scope` FLUSH_*; `hasVa` = 1 when rs1 is not x0 and `va` its value. State only: its cycles are static. */
export function t_flush_tlb(h: i32, scope: i32, hasVa: i32, va: i64): void {}

/** FENCE.I: drops the instruction cache. State only. */
export function t_flush_icache(h: i32): void {}

/** Conditional branch of `length` 2 or 4 bytes at `pc` retired; `target` is where it goes when taken. Returns. */
export function t_branch(h: i32, pc: i64, length: i32, taken: i32, target: i64): i32 {
  return 0;
}

/** JAL retired; `rd` as in the record (32 for x0). Returns. */
export function t_jal(h: i32, pc: i64, length: i32, target: i64, rd: i32): i32 {
  return 0;
}

/** JALR retired. Returns. */
export function t_jalr(h: i32, pc: i64, length: i32, target: i64, rd: i32, rs1: i32): i32 {
  return 0;
}

/**
 * Multiply or divide retired: `kind` MULDIV_*, operands as in the registers before the result was written. `slack`: cycles until the result or
 * the unit is needed (StaticTiming.slack; the decoder puts it into the record's immediate). Returns the stall.
 */
export function t_muldiv(h: i32, kind: i32, a: i64, b: i64, slack: i32): i32 {
  return 0;
}
