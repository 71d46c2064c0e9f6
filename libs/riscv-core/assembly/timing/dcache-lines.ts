/** Lines of the L1 data caches: u32 each, line number << 2 | LINE_*; and the probes by which the L2 takes them back. */
import { P_L1D_SETS, P_L1D_WAYS } from '../../src/timing/parameter-slots';
import { filterDropLine } from './filter';
import { L1D, LINE_MODIFIED, LINE_SHARED, stateOf } from './layout';
import { findTag, parameter } from './parts';

/** First index of the set that a line maps to. */
@inline
export function firstIndexOf(line: i32): i32 {
  return (line & (parameter(P_L1D_SETS) - 1)) * parameter(P_L1D_WAYS);
}

/** Index of the line in the cache, -1 = absent. */
@inline
export function findLine(state: i32, line: i32): i32 {
  const lines = state + L1D;
  const found = findTag(lines + firstIndexOf(line) * 4, parameter(P_L1D_WAYS), 2, line);
  return found == 0 ? -1 : (found - lines) >> 2;
}

/** Probe to nothing. True = the line was modified here. */
@inline
export function dcacheInvalidate(h: i32, line: i32): bool {
  const state = stateOf(h);
  const index = findLine(state, line);
  if (index < 0) return false;
  const address = state + L1D + index * 4;
  const dirty = (load<u32>(address) & 3) == LINE_MODIFIED;
  filterDropLine(h, index, line);
  store<u32>(address, 0);
  return dirty;
}

/** Probe to shared. True = the line was modified here. */
export function dcacheShare(h: i32, line: i32): bool {
  const state = stateOf(h);
  const index = findLine(state, line);
  if (index < 0) return false;
  const address = state + L1D + index * 4;
  const dirty = (load<u32>(address) & 3) == LINE_MODIFIED;
  filterDropLine(h, index, line);
  store<u32>(address, (u32(line) << 2) | LINE_SHARED);
  return dirty;
}
