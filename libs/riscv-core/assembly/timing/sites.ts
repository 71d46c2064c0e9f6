/**
 * Where compiled code finds its transfers in the target buffer. A site is a byte of SITES (src/hart/layout.ts): number + 1 of the entry whose
 * key is the address of the transfer, 0 = not known. So compiled code looks neither for a hash chain nor at a key.
 *
 * At most one site names an entry, and SITE_OF_ENTRY names that site: an entry that goes takes what is known of it along. The
 * sites of a slot speak of one virtual page; who enters its code through another calls sitesOfPage first.
 * None of this is state of the machine: nothing else depends on it.
 */
import { CODE_SLOT_RECORDS, SITES, SITE_BASES } from '../../src/hart/layout';
import { MAX_BTB } from '../../src/timing/limits';
import { SITE_OF_ENTRY, bookOfState, stateOf } from './layout';

@inline
function siteOf(state: i32, number: i32): i32 {
  return bookOfState(state) + SITE_OF_ENTRY + number * 4;
}

/** The entry will be another's. */
export function forgetSite(state: i32, number: i32): void {
  const at = siteOf(state, number);
  const site = load<u32>(at);
  if (site == 0) return;
  store<u8>(site, 0);
  store<u32>(at, 0);
}

/** The entry is that of the transfer at `site`. */
export function noteSite(state: i32, number: i32, site: i32): void {
  forgetSite(state, number);
  store<u32>(siteOf(state, number), site);
  store<u8>(site, number + 1);
}

/** The target buffer was written from outside. */
export function forgetSites(h: i32): void {
  for (let number = 0; number < MAX_BTB; number++) forgetSite(stateOf(h), number);
}

/** The sites of code slot number `slot` speak of the page at `base` from now on. */
export function sitesOfPage(h: i32, slot: i32, base: u64): void {
  const state = stateOf(h);
  const begin = h + SITES + slot * CODE_SLOT_RECORDS;
  for (let number = 0; number < MAX_BTB; number++) {
    const site = load<i32>(siteOf(state, number));
    if (site >= begin && site < begin + CODE_SLOT_RECORDS) forgetSite(state, number);
  }
  store<u64>(h + SITE_BASES + slot * 8, base);
}
