/**
 * Records that have stopped being true: which slots, and when they go. What writes to RAM tells it here (stores, devices, page
 * walks); code.ts gives out the slots.
 */
import {
  CODE_MAP,
  CODE_RECORD_SIZE,
  CODE_SLOTS,
  CODE_SLOT_COUNT,
  CODE_SLOT_LINES,
  CODE_SLOT_PAGE,
  CODE_SLOT_RECORDS,
  CODE_SLOT_REGIONS,
  CODE_SLOT_REGIONS_SIZE,
  CODE_SLOT_STRIDE,
  M_RAM_BASE,
} from '../src/hart/layout';
import { code_dropped } from './env';

/** u32 in the padding of a slot. */
const DOOMED_NEXT: usize = CODE_SLOT_PAGE + 8;
const LAST: usize = 1;

/** Address of the CODE_MAP word of the RAM page at `pa`. */
@inline
export function mapWord(pa: u64): usize {
  return usize(CODE_MAP) + (usize(pa - load<u64>(M_RAM_BASE)) >> 12) * 4;
}

/** Does the RAM page have a slot? */
@inline
export function hasCode(pa: u64): bool {
  return load<i32>(mapWord(pa)) != 0;
}

/**
 * Slots whose records are no longer true wait here until the instruction that caused it is finished: its own record may be
 * among them. A list through DOOMED_NEXT of the slots (0 = not in it, LAST = end); poll, which follows, drops them.
 */
let doomed: usize = LAST;

function doom(slot: usize): void {
  if (load<u32>(slot, DOOMED_NEXT) != 0) return;
  store<u32>(slot, u32(doomed), DOOMED_NEXT);
  doomed = slot;
}

/** A store to [pa, pa + size), inside one page. True = records will be dropped. */
export function codeStored(pa: u64, size: i32): bool {
  const slot: usize = load<u32>(mapWord(pa));
  if (slot == 0) return false;
  const first = (i32(pa) >> 6) & 63;
  const last = (i32(pa + size - 1) >> 6) & 63;
  const lines: u64 = (u64.MAX_VALUE >> (63 - (last - first))) << first;
  if ((load<u64>(slot, CODE_SLOT_LINES) & lines) == 0) return false;
  doom(slot);
  return true;
}

/** A device wrote [pa, pa + size) of RAM: the records decoded from there go at the next poll. */
export function memoryWritten(pa: u64, size: u64): void {
  for (let at = pa, end = pa + size; at < end;) {
    const next = min<u64>(end, (at | 4095) + 1);
    codeStored(at, i32(next - at));
    at = next;
  }
}

/** RAM was changed by something else than a hart: no record can be trusted from the next poll on. */
export function doomAllCode(): void {
  for (let i: i32 = 0; i < CODE_SLOT_COUNT; i++) {
    const slot = slotAt(i);
    if (load<u64>(slot, CODE_SLOT_PAGE) != 0) doom(slot);
  }
}

/** Have records stopped being true that are still there? */
@inline
export function codeWaits(): bool {
  return doomed != LAST;
}

/** Drops what waits for it. */
export function dropDoomed(): void {
  while (doomed != LAST) {
    const slot = doomed;
    doomed = load<u32>(slot, DOOMED_NEXT);
    store<u32>(slot, 0, DOOMED_NEXT);
    dropSlot(slot);
  }
}

function dropSlot(slot: usize): void {
  store<i32>(mapWord(load<u64>(slot, CODE_SLOT_PAGE)), 0);
  memory.fill(slot, 0, CODE_SLOT_RECORDS * CODE_RECORD_SIZE);
  memory.fill(slot + CODE_SLOT_REGIONS, 0, CODE_SLOT_REGIONS_SIZE);
  store<u64>(slot, 0, CODE_SLOT_LINES);
  store<u64>(slot, 0, CODE_SLOT_PAGE);
  code_dropped(slot);
}

export function slotAt(index: i32): usize {
  return CODE_SLOTS + index * CODE_SLOT_STRIDE;
}
