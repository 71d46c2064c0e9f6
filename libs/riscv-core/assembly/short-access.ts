/**
 * The short way of a data access to RAM: its translation is known and in the TLB of the cycle model, or it needs none; so does the permission
 * for its page. What load-store.ts does for it, without asking for more; everything else takes the long way, with the same outcome.
 */
import { DATA_DIRECT, DATA_SPACE } from '../src/hart/layout';
import { DATA_LOAD, DATA_STORE } from '../src/timing/events';
import { enterFilters, isPlain } from './data-access';
import { isRam, linearOf, loadLinear, storeLinear } from './ram';
import { knownTranslation } from './soft-tlb';
import { timeLine, timeTlbBare, timeTlbHit } from './timing-calls';

/** Physical address of an access that may go the short way, whose TLB access is done; else 0: nothing was done. RAM does not begin at 0. */
@inline
export function shortAddress(h: usize, va: u64, size: u64, access: i32): u64 {
  if (va & (size - 1)) return 0;
  if (load<i32>(h, DATA_DIRECT)) {
    if (!isRam(va, size)) return 0;
    timeTlbBare();
    return va;
  }
  const pa = knownTranslation(h, va, access);
  return pa != 0 && timeTlbHit(h, va, access, load<i32>(h, DATA_SPACE)) ? pa : 0;
}

/** Value of the load, zero-extended. */
@inline
export function loadShort(h: usize, va: u64, pa: u64, size: i32): u64 {
  const linear = linearOf(pa);
  // Before the model's work, during which the simulation host fetches what it has not in its own caches.
  const value = loadLinear(linear, size);
  timeLine(h, pa, DATA_LOAD);
  enterFilters(h, va, linear, false);
  return value;
}

/** A store to a page without code and without the HTIF word. */
@inline
export function storeShort(h: usize, va: u64, pa: u64, size: i32, value: u64): void {
  const linear = linearOf(pa);
  timeLine(h, pa, DATA_STORE);
  storeLinear(linear, size, value);
  enterFilters(h, va, linear, true);
}
