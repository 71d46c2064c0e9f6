/**
 * Price of a page-table walk (rocket-timing.md 5) from the trace that the functional walker left at PTE_TRACE: the order
 * of its reads, stage and level of each. Reads go through the L1D.
 *
 * Two caches shorten it: non-leaf PTEs of either stage (by their physical address), and host pages of VS-stage tables
 * (a hit replaces the G-stage walk in front of a VS-stage read).
 */
import { PTE_TRACE, PTE_TRACE_ENTRIES } from '../../src/hart/layout';
import { COUNT_WALK_READ } from '../../src/timing/counted-events';
import { DATA_LOAD } from '../../src/timing/events';
import { P_GSTAGE_CACHE, P_PTE_CACHE, P_WALK_BASE, P_WALK_CACHED, P_WALK_STEP } from '../../src/timing/parameter-slots';
import { count } from './counters';
import { dcacheAccess } from './dcache';
import { MAX_PTE_CACHE } from '../../src/timing/limits';
import { GSTAGE_CACHE, GSTAGE_PLRU, PTE_CACHE, PTE_PLRU } from './layout';
import { addCycles, parameter, plruTouch, plruVictim } from './parts';

const ENTRY_SIZE = 16;
const STAGE = 8;
const LEVEL = 12;
const G_STAGE: u32 = 1;

/** True = present, and touched. */
function cacheHit(cache: i32, plru: i32, entries: i32, key: u64): bool {
  for (let entry = 0; entry < entries; entry++) {
    if (load<u64>(cache + entry * 8) == key) {
      plruTouch(plru, entries, entry);
      return true;
    }
  }
  return false;
}

function cacheInsert(cache: i32, plru: i32, entries: i32, key: u64): void {
  if (entries == 0) return;
  let entry = 0;
  while (entry < entries && load<u64>(cache + entry * 8) != 0) entry++;
  if (entry == entries) entry = plruVictim(plru, entries);
  store<u64>(cache + entry * 8, key);
  plruTouch(plru, entries, entry);
}

function read(h: i32, state: i32, pa: u64, isLeaf: bool): void {
  const entries = parameter(P_PTE_CACHE);
  if (!isLeaf && cacheHit(state + PTE_CACHE, state + PTE_PLRU, entries, pa | 1)) {
    addCycles(h, parameter(P_WALK_CACHED));
    return;
  }
  count(h, COUNT_WALK_READ);
  addCycles(h, parameter(P_WALK_STEP));
  dcacheAccess(h, pa, DATA_LOAD);
  if (!isLeaf) cacheInsert(state + PTE_CACHE, state + PTE_PLRU, entries, pa | 1);
}

/** Adds the cycles of the walk recorded at PTE_TRACE. */
export function walk(h: i32, state: i32): void {
  addCycles(h, parameter(P_WALK_BASE));
  const begin = h + PTE_TRACE_ENTRIES;
  const end = begin + load<i32>(h, PTE_TRACE) * ENTRY_SIZE;
  // The last read of the first stage is a leaf (or the place of the fault); those before it are not.
  let lastFirstStage = end;
  for (let entry = begin; entry < end; entry += ENTRY_SIZE) {
    if (load<u32>(entry, STAGE) != G_STAGE) lastFirstStage = entry;
  }
  let entry = begin;
  while (entry < end) {
    if (load<u32>(entry, STAGE) != G_STAGE) {
      read(h, state, load<u64>(entry), entry == lastFirstStage);
      entry += ENTRY_SIZE;
      continue;
    }
    // One walk of the G-stage: levels fall.
    let last = entry;
    while (
      last + ENTRY_SIZE < end &&
      load<u32>(last + ENTRY_SIZE + STAGE) == G_STAGE &&
      load<u32>(last + ENTRY_SIZE + LEVEL) < load<u32>(last, LEVEL)
    ) {
      last += ENTRY_SIZE;
    }
    const next = last + ENTRY_SIZE;
    const entries = parameter(P_GSTAGE_CACHE);
    const key = next < end ? (load<u64>(next) >> 12) | (u64(1) << 63) : 0;
    if (key != 0 && cacheHit(state + GSTAGE_CACHE, state + GSTAGE_PLRU, entries, key)) {
      addCycles(h, parameter(P_WALK_CACHED));
    } else {
      for (; entry <= last; entry += ENTRY_SIZE) read(h, state, load<u64>(entry), entry == last);
      if (key != 0) cacheInsert(state + GSTAGE_CACHE, state + GSTAGE_PLRU, entries, key);
    }
    entry = next;
  }
}

export function walkCachesFlush(state: i32): void {
  memory.fill(state + PTE_CACHE, 0, MAX_PTE_CACHE * 8);
  memory.fill(state + GSTAGE_CACHE, 0, MAX_PTE_CACHE * 8);
}
