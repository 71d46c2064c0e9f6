/** Event counters of a hart: u64 per event, a bank per privilege mode; COUNTS_ACTIVE points to the bank of the mode it is in. */
import { COUNTS_ACTIVE } from '../../src/hart/layout';

/** `event`: COUNT_* of src/timing/counted-events.ts. */
@inline
export function count(h: i32, event: i32): void {
  add(h, event, 1);
}

@inline
export function add(h: i32, event: i32, amount: i32): void {
  const at = load<i32>(h, COUNTS_ACTIVE) + event * 8;
  store<i64>(at, load<i64>(at) + i64(amount));
}
