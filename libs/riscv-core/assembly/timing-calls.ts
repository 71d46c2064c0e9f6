/** The core's calls of the cycle model: nothing with M_TIMING = 0. Order: assembly/timing/api.ts. */
import { CYCLE, M_TIMING, RES_END } from '../src/hart/layout';
import * as model from './timing/api';

@inline
export function timed(): bool {
  return load<i32>(M_TIMING) != 0;
}

@inline
export function timeTlb(h: usize, va: u64, access: i32, space: i32): void {
  if (timed()) model.t_tlb(i32(h), va, access, space);
}

/** A data access without translation. */
@inline
export function timeTlbBare(): void {
  if (timed()) model.t_tlb_bare();
}

/** timeTlb, if the cycle model's TLB has the translation; false = nothing was done. */
@inline
export function timeTlbHit(h: usize, va: u64, access: i32, space: i32): bool {
  return !timed() || model.t_tlb_hit(i32(h), va, access, space) != 0;
}

export function timeTlbFault(h: usize, va: u64, access: i32, space: i32): void {
  if (timed()) model.t_tlb_fault(i32(h), va, access, space);
}

/** `pa` .. `pa` + `size` - 1 in RAM: one event per line. */
@inline
export function timeData(h: usize, pa: u64, size: i32, kind: i32): void {
  timeLine(h, pa, kind);
  const last = pa + (size - 1);
  if ((last ^ pa) >> 6) timeLine(h, last, kind);
}

/** An access inside one line of RAM. */
@inline
export function timeLine(h: usize, pa: u64, kind: i32): void {
  if (timed()) model.t_data(i32(h), pa, kind);
}

export function timeReserve(h: usize): void {
  if (timed()) model.t_reserve(i32(h));
}

/** Is the reservation of LR gone by time? Behind timeSettle. */
export function reservationOver(h: usize): bool {
  return timed() && load<u64>(h, CYCLE) >= load<u64>(h, RES_END);
}

/** Before whatever depends on the hart's clock, or on the mode that it counts in. */
@inline
export function timeSettle(h: usize): void {
  if (timed()) model.t_settle(i32(h));
}

@inline
export function timeMmio(h: usize, isStore: bool): void {
  if (timed()) model.t_mmio(i32(h), isStore);
}

/** Without the cycle model a trap counts as one cycle, so that a program that only traps still comes to the end of its turn. */
export function timeTrap(h: usize): void {
  if (timed()) model.t_trap(i32(h));
  else store<u64>(h, load<u64>(h, CYCLE) + 1, CYCLE);
}

export function timeFlushTlb(h: usize, scope: i32, hasVa: bool, va: u64): void {
  if (timed()) model.t_flush_tlb(i32(h), scope, hasVa, va);
}

export function timeFlushIcache(h: usize): void {
  if (timed()) model.t_flush_icache(i32(h));
}

/** Will the cycle model price a walk for this access? Then PTE_TRACE must be that of this access. */
export function tlbNeedsWalk(h: usize, va: u64, access: i32, space: i32): bool {
  return timed() && model.t_tlb_misses(i32(h), va, access, space) != 0;
}

/** Filter entries of the timed variant prove presence in DTLB and L1D too: the model keeps them. */
@inline
export function enterFilter(h: usize, va: u64, linear: usize, writable: bool): void {
  model.t_filter_enter(i32(h), va, i32(linear), writable);
}

export function timeFetch(h: usize, va: u64, pa: u64, space: i32): void {
  model.t_fetch(i32(h), va, pa, space);
}
