/**
 * The short way of a data access that means the byte of RAM at its address (DATA_DIRECT): what load-store.ts does for it, without
 * asking what is known. A store beside code or the HTIF word takes the long way, as does what is not aligned.
 */
import { DATA_DIRECT } from '../src/hart/layout';
import { DATA_LOAD, DATA_STORE } from '../src/timing/events';
import { enterFilters, isPlain } from './data-access';
import { isRam, linearOf, loadLinear, storeLinear } from './ram';
import { timeDirect } from './timing-calls';

/** May an access of `size` bytes be tried here? Its page is RAM as a whole, so its filter block is, too. */
@inline
export function isDirect(h: usize, va: u64, size: u64): bool {
  return load<i32>(h, DATA_DIRECT) != 0 && (va & (size - 1)) == 0 && isRam(va & ~4095, 4096);
}

/** Value of the load, zero-extended. */
@inline
export function loadDirect(h: usize, va: u64, size: i32): u64 {
  const linear = linearOf(va);
  // Before the model's work, during which the simulation host fetches what it has not in its own caches.
  const value = loadLinear(linear, size);
  timeDirect(h, va, DATA_LOAD);
  enterFilters(h, va, linear, false);
  return value;
}

/** False = nothing was done: the long way. */
@inline
export function storeDirect(h: usize, va: u64, size: i32, value: u64): bool {
  const linear = linearOf(va);
  if (!isPlain(va, linear)) return false;
  timeDirect(h, va, DATA_STORE);
  storeLinear(linear, size, value);
  enterFilters(h, va, linear, true);
  return true;
}
