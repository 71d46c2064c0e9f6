/**
 * L1 data cache: 64-byte lines, write-back, blocking, random replacement (rocket-timing.md 4). A hit that needs no more
 * permission than the line has changes nothing but LINE_EXCLUSIVE -> LINE_MODIFIED by a store.
 */
import { CYCLE } from '../../src/hart/layout';
import {
  COUNT_L1D_LOAD_MISS,
  COUNT_L1D_STALL,
  COUNT_L1D_STORE_MISS,
  COUNT_L1D_WRITEBACK,
} from '../../src/timing/counted-events';
import { DATA_LOAD, DATA_STORE } from '../../src/timing/events';
import { P_L1D_WAYS, P_L1D_WRITEBACK } from '../../src/timing/parameter-slots';
import { add, count } from './counters';
import { findLine, firstIndexOf } from './dcache-lines';
import { filterDropLine, lineBook, rememberLine } from './filter';
import { l2Acquire, l2Granted, l2GrantedPlace, l2Release, l2Upgrade } from './l2';
import { L1D, L1D_LFSR, LINE_EXCLUSIVE, LINE_MODIFIED, LINE_PLACE, LINE_SHARED, MMIO_BUSY, stateOf } from './layout';
import { addCycles, parameter, random } from './parts';
import { settle } from './requests';

/** `kind`: DATA_*. Adds what the access waits for. */
export function dcacheAccess(h: i32, pa: i64, kind: i32): void {
  const state = stateOf(h);
  const line = i32(u64(pa) >> 6);
  const index = findLine(state, line);
  if (index < 0) {
    miss(h, state, line, kind);
    return;
  }
  rememberLine(index);
  if (kind == DATA_LOAD) return;
  const address = state + L1D + index * 4;
  const held = load<u32>(address) & 3;
  if (held == LINE_SHARED) addCycles(h, l2Upgrade(h, line));
  if (kind == DATA_STORE) store<u32>(address, (u32(line) << 2) | LINE_MODIFIED);
  else if (held == LINE_SHARED) store<u32>(address, (u32(line) << 2) | LINE_EXCLUSIVE);
}

/** Dirty victim first, then the refill (acquireBeforeRelease = false); an uncached access under way is waited for. */
@inline
function miss(h: i32, state: i32, line: i32, kind: i32): void {
  count(h, kind == DATA_LOAD ? COUNT_L1D_LOAD_MISS : COUNT_L1D_STORE_MISS);
  const wait = waitForDevice(h, state);
  const index = firstIndexOf(line) + random(state + L1D_LFSR, parameter(P_L1D_WAYS));
  const address = state + L1D + index * 4;
  const victim = load<u32>(address);
  const book = lineBook(h, index);
  let writeBack: i32 = 0;
  if (victim != 0) {
    // No branch: the simulation host could not predict it.
    const dirty = i32((victim & 3) == LINE_MODIFIED);
    filterDropLine(h, index, victim >> 2);
    l2Release(h, victim >> 2, load<i32>(book, LINE_PLACE), dirty);
    store<u32>(address, 0);
    add(h, COUNT_L1D_WRITEBACK, dirty);
    writeBack = dirty * parameter(P_L1D_WRITEBACK);
    addCycles(h, writeBack);
  }
  const cycles = l2Acquire(h, line, i32(kind != DATA_LOAD));
  addCycles(h, cycles);
  store<u32>(address, (u32(line) << 2) | (kind == DATA_STORE ? LINE_MODIFIED : l2Granted()));
  store<i32>(book, l2GrantedPlace(), LINE_PLACE);
  add(h, COUNT_L1D_STALL, wait + writeBack + cycles);
  rememberLine(index);
}

/** Until the uncached access under way is answered. Adds, and returns the cycles. */
@inline
function waitForDevice(h: i32, state: i32): i32 {
  if (load<i64>(state, MMIO_BUSY) <= load<i64>(h, CYCLE)) return 0;
  settle(h);
  const wait = max<i64>(0, load<i64>(state, MMIO_BUSY) - load<i64>(h, CYCLE));
  addCycles(h, i32(wait));
  return i32(wait);
}
