/**
 * Code slots: the predecoded records of physical pages that are executed. A page with a slot is in no write filter, so a
 * store into it comes through the slow path; one into a line that records were decoded from drops the slot.
 */
import {
  ACCESS_FETCH,
  CODE_BASE,
  CODE_LOOKUP,
  CODE_LOOKUP_CONTEXT_SIZE,
  CODE_LOOKUP_ENTRIES,
  CODE_MAP,
  CODE_SLOT_COUNT,
  CODE_SLOT_LINES,
  CODE_SLOT_PAGE,
  CONTEXT,
  CONTEXTS,
  CROSS_BITS,
  CROSS_RECORD,
  EMPTY_TAG,
  FILTERS,
  FILTER_CONTEXT_SIZE,
  FILTER_ENTRY_SIZE,
  FILTER_TABLE_SIZE,
  M_CODE_NEXT,
  M_HARTS,
  M_RAM_BASE,
  REC_OP,
} from '../src/hart/layout';
import { CAUSE_FETCH_ACCESS, CAUSE_FETCH_PAGE } from '../src/isa/causes';
import { spaceOf } from './context';
import { decode } from './env';
import { NO_FAULT, trGpa, trInstruction, trPa, translate } from './mmu';
import { pmpUniform } from './pmp';
import { isRam, linearOf } from './ram';
import { doomAllCode, dropDoomed, mapWord, slotAt } from './stale-code';
import { hartArea, prv, virt } from './state';
import { timeFetch, timeTlbFault, tlbNeedsWalk } from './timing-calls';
import { raiseWalk } from './trap';

/** Gives the RAM page at `page` a slot. When none is free, all are dropped. */
function allocateSlot(page: u64): i32 {
  let next = load<i32>(M_CODE_NEXT);
  for (let tries = 0; tries < CODE_SLOT_COUNT; tries++) {
    const slot = slotAt(next);
    if (load<u64>(slot, CODE_SLOT_PAGE) == 0) break;
    next = (next + 1) % CODE_SLOT_COUNT;
  }
  let slot = slotAt(next);
  if (load<u64>(slot, CODE_SLOT_PAGE) != 0) {
    doomAllCode();
    dropDoomed();
    slot = slotAt(0);
    next = 0;
  }
  store<i32>(M_CODE_NEXT, (next + 1) % CODE_SLOT_COUNT);
  store<u64>(slot, page, CODE_SLOT_PAGE);
  store<u64>(slot, 0, CODE_SLOT_LINES);
  store<i32>(mapWord(page), i32(slot));
  leaveWriteFilters(page);
  return i32(slot);
}

/** Removes the page from the write filters of all harts: from now on stores into it must be seen. */
function leaveWriteFilters(page: u64): void {
  const linearPage = i32(linearOf(page)) >> 12;
  const harts = load<i32>(M_HARTS);
  for (let id: i32 = 0; id < harts; id++) {
    for (let context: i32 = 0; context < CONTEXTS; context++) {
      let entry = hartArea(id) + FILTERS + context * FILTER_CONTEXT_SIZE + FILTER_TABLE_SIZE;
      const end = entry + FILTER_TABLE_SIZE;
      for (; entry < end; entry += FILTER_ENTRY_SIZE) {
        if ((load<i32>(entry, 0) + load<i32>(entry, 8)) >> 12 == linearPage) store<u64>(entry, EMPTY_TAG);
      }
    }
  }
}

/** Raises the fault of a fetch; `va` = the part that failed. */
function fetchFault(h: usize, cause: i32, va: u64): void {
  const v = virt(h);
  if (cause >= CAUSE_FETCH_PAGE) timeTlbFault(h, va, ACCESS_FETCH, spaceOf(h, prv(h), v));
  raiseWalk(h, cause, va, v, trGpa, trInstruction);
}

/** Translates for execution; false = trap taken. */
function resolveFetch(h: usize, va: u64): bool {
  let cause = translate(h, va, 2, ACCESS_FETCH, prv(h), virt(h), false);
  if (cause == NO_FAULT && !isRam(trPa, 2)) cause = CAUSE_FETCH_ACCESS;
  if (cause == NO_FAULT) return true;
  fetchFault(h, cause, va);
  return false;
}

/** `code_lookup` of the protocol: slot of the page that `pc` executes from, or 0 with a trap taken. */
export function codeLookup(h: usize, pc: u64): i32 {
  const page = pc >> 12;
  const entry =
    h + CODE_LOOKUP + load<i32>(h, CONTEXT) * CODE_LOOKUP_CONTEXT_SIZE + (usize(page) & (CODE_LOOKUP_ENTRIES - 1)) * 16;
  if (load<u64>(entry, 0) == page) {
    const known = load<i32>(entry, 8);
    if (load<i32>(CODE_MAP + load<i32>(entry, 12) * 4) == known) {
      store<i32>(h, known, CODE_BASE);
      return known;
    }
  }
  if (!resolveFetch(h, pc)) return 0;
  // The walk may have written to a table that is executed too.
  dropDoomed();
  const physical = trPa & ~4095;
  let slot = load<i32>(mapWord(physical));
  if (slot == 0) slot = allocateSlot(physical);
  // A page that PMP splits is looked up again whenever the pc enters it; inside it only the entered address was checked.
  if (pmpUniform(h, physical, 4096)) {
    store<u64>(entry, page, 0);
    store<i32>(entry, slot, 8);
    store<i32>(entry, i32((physical - load<u64>(M_RAM_BASE)) >> 12), 12);
  }
  store<i32>(h, slot, CODE_BASE);
  return slot;
}

/** `fetch_cross` of the protocol: the record of the 4-byte instruction in the last halfword of a page and the next page. */
export function fetchCross(h: usize, pc: u64): i32 {
  const next = (pc | 4095) + 1;
  if (!resolveFetch(h, next)) return 0;
  const first = load<u64>(usize(load<i32>(h, CODE_BASE)), CODE_SLOT_PAGE) | 4094;
  const bits = i32(load<u16>(linearOf(first))) | (i32(load<u16>(linearOf(trPa))) << 16);
  const rec = h + CROSS_RECORD;
  if (load<i32>(h, CROSS_BITS) != bits || load<u16>(rec, REC_OP) == 0) {
    store<i32>(h, bits, CROSS_BITS);
    decode(h, rec, pc);
  }
  return i32(rec);
}

/** `t_fetch` of the protocol (timed variant only): the pc entered another line of the page that CODE_BASE holds. */
export function fetchLine(h: usize, pc: u64): void {
  const v = virt(h);
  const space = spaceOf(h, prv(h), v);
  // The walk is needed for its trace only: code_lookup has translated this page.
  if (tlbNeedsWalk(h, pc, ACCESS_FETCH, space)) translate(h, pc, 2, ACCESS_FETCH, prv(h), v, false);
  const page = load<u64>(usize(load<i32>(h, CODE_BASE)), CODE_SLOT_PAGE);
  timeFetch(h, pc, page | (pc & 4095), space);
}
