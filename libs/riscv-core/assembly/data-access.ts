/** The data access in progress: its effective mode, its translation, its faults, and the filter entry it earns. */
import {
  EVENT_DONE,
  EVENT_TRAP,
  FILTER_ENTRIES,
  FILTER_ENTRY_SIZE,
  M_FILTER_SHIFT,
  M_HTIF_TOHOST,
  RFILTER,
  WFILTER,
} from '../src/hart/layout';
import { CAUSE_LOAD_PAGE } from '../src/isa/causes';
import { SPACE_BARE } from '../src/timing/events';
import { dataMode, spaceOf } from './context';
import { NO_FAULT, mayAccess, setTranslated, trGpa, trInstruction, trPa, translate } from './mmu';
import { pmpUniform } from './pmp';
import { isRam, linearOf } from './ram';
import { keepTranslation, knownTranslation } from './soft-tlb';
import { hasCode } from './stale-code';
import { enterFilter, timeTlb, timeTlbFault, timeTlbHit, timed } from './timing-calls';
import { raise, raiseWalk } from './trap';

/** How an access ended. */
export const DONE: i32 = 0;
export const TRAPPED: i32 = EVENT_TRAP;
export const YIELDED: i32 = EVENT_DONE;
/** Done, but records of code were dropped: the interpreter must look its code up again. May be set beside YIELDED. */
export const DROPPED: i32 = 4;

// Effective mode of the access in progress.
let dataPrv: i32 = 0;
let dataVirt: bool = false;
let dataSpace: i32 = 0;
/** The load needs execute permission instead of read (HLVX). */
let dataExecute: bool = false;
/** The active filters belong to this mode (not so for HLV, HSV). */
let dataFilters: bool = false;

/** An ordinary access: mode by MPRV. */
@inline
export function ordinary(h: usize): void {
  const mode = dataMode(h);
  dataPrv = mode & 3;
  dataVirt = mode >> 2 != 0;
  dataSpace = spaceOf(h, dataPrv, dataVirt);
  dataExecute = false;
  dataFilters = true;
}

/** A guest-memory access from the host (HLV, HSV): V=1 with privilege `prv`. */
export function onBehalf(h: usize, prv: i32, execute: bool): void {
  dataPrv = prv;
  dataVirt = true;
  dataSpace = spaceOf(h, prv, true);
  dataExecute = execute;
  dataFilters = false;
}

function trap(h: usize, cause: i32, va: u64): i32 {
  raiseWalk(h, cause, va, dataVirt, trGpa, trInstruction);
  return TRAPPED;
}

/** A fault that is not a translation's. */
@inline
export function plainTrap(h: usize, cause: i32, va: u64): i32 {
  raise(h, cause, va, dataVirt, 0);
  return TRAPPED;
}

/** No translation is in force: nothing to walk, nothing to remember. False = the access faults. */
@inline
function resolveBare(h: usize, va: u64, size: u64, access: i32): bool {
  if (!mayAccess(h, va, size, access, dataPrv, dataVirt, dataExecute)) return false;
  setTranslated(va);
  timeTlb(h, va, access, SPACE_BARE);
  return true;
}

/** Translates [va, va + size), inside one page; trPa holds the result. */
@inline
export function resolve(h: usize, va: u64, size: u64, access: i32): i32 {
  if (dataSpace == SPACE_BARE && resolveBare(h, va, size, access)) return DONE;
  if (dataFilters) {
    const known = knownTranslation(h, va, access);
    // A walk that the cycle model prices is made in full, for its trace.
    if (known != 0 && timeTlbHit(h, va, access, dataSpace)) {
      setTranslated(known);
      return DONE;
    }
  }
  const cause = translate(h, va, size, access, dataPrv, dataVirt, dataExecute);
  if (cause == NO_FAULT) {
    timeTlb(h, va, access, dataSpace);
    if (dataFilters) keepTranslation(h, va, trPa, access);
    return DONE;
  }
  const isPageFault = cause >= CAUSE_LOAD_PAGE;
  if (isPageFault) timeTlbFault(h, va, access, dataSpace);
  return trap(h, cause, va);
}

/** Lets following accesses to the block of `va` bypass this module. */
@inline
export function fillFilter(h: usize, va: u64, pa: u64, isStore: bool): void {
  if (!dataFilters) return;
  const size = u64(1) << u64(load<i32>(M_FILTER_SHIFT));
  const block = pa & ~(size - 1);
  if (!isRam(block, size) || !pmpUniform(h, block, size)) return;
  const linear = linearOf(pa);
  if (!isStore || isPlain(pa, linear)) enterFilters(h, va, linear, isStore);
}

/** Is there nothing in the page of the byte of RAM that a store to it might concern: code, the HTIF word? */
@inline
export function isPlain(pa: u64, linear: usize): bool {
  return !hasCode(pa) && linear >> 12 != usize(load<u64>(M_HTIF_TOHOST)) >> 12;
}

/** Enters the block of `va`, whose byte is at `linear`. */
@inline
export function enterFilters(h: usize, va: u64, linear: usize, isStore: bool): void {
  if (timed()) {
    enterFilter(h, va, linear, isStore);
    return;
  }
  const shift: u64 = load<i32>(M_FILTER_SHIFT);
  const table: usize = isStore ? load<u32>(h, WFILTER) : load<u32>(h, RFILTER);
  const entry = table + (usize(va >> shift) & (FILTER_ENTRIES - 1)) * FILTER_ENTRY_SIZE;
  store<u64>(entry, (va >> shift) << shift, 0);
  store<i32>(entry, i32(linear) - i32(va), 8);
}
