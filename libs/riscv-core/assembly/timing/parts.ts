/** Small parts used by several units: parameters, the clock, LFSR, pseudo-LRU. */
import { CYCLE, TIMING } from '../../src/hart/layout';

/** Parameter at P_* of src/timing/parameter-slots.ts. */
@inline
export function parameter(slot: i32): i32 {
  return load<i32>(TIMING + slot);
}

@inline
export function addCycles(h: i32, cycles: i32): void {
  store<i64>(h + CYCLE, load<i64>(h + CYCLE) + i64(cycles));
}

/**
 * Steps the 16-bit Fibonacci LFSR at `address` (x^16 + x^14 + x^13 + x^11 + 1, never zero) and returns its low bits below
 * the power of two `range`.
 */
export function random(address: i32, range: i32): i32 {
  const value = load<u32>(address);
  const bit = (value ^ (value >> 2) ^ (value >> 3) ^ (value >> 5)) & 1;
  store<u32>(address, (value >> 1) | (bit << 15));
  return value & (range - 1);
}

/** Levels of the tree over `entries` leaves. */
@inline
function levels(entries: i32): i32 {
  return 32 - clz(entries - 1);
}

/** Tree pseudo-LRU over at most 64 entries, one u64 of bits at `address`: makes every node on the way point away from `entry`. */
export function plruTouch(address: i32, entries: i32, entry: i32): void {
  let bits = load<u64>(address);
  let node: i32 = 1;
  for (let level = levels(entries) - 1; level >= 0; level--) {
    const side = (entry >> level) & 1;
    const mask = u64(1) << u64(node);
    bits = side ? bits & ~mask : bits | mask;
    node = node * 2 + side;
  }
  store<u64>(address, bits);
}

/** The entry that the tree points to; a subtree without entries is never entered. */
export function plruVictim(address: i32, entries: i32): i32 {
  const bits = load<u64>(address);
  let node: i32 = 1;
  let entry: i32 = 0;
  for (let level = levels(entries) - 1; level >= 0; level--) {
    let side = i32(bits >> u64(node)) & 1;
    if (((entry * 2 + side) << level) >= entries) side = 0;
    entry = entry * 2 + side;
    node = node * 2 + side;
  }
  return entry;
}
