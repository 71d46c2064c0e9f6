/** Small parts used by several units: parameters, the clock, LFSR, pseudo-LRU. */
import { CYCLE, TIMING } from '../../src/hart/layout';

/** Parameter at P_* of src/timing/parameter-slots.ts. */
@inline
export function parameter(slot: i32): i32 {
  return load<i32>(TIMING + slot);
}

@inline
export function addCycles(h: i32, cycles: i32): void {
  store<i64>(h, load<i64>(h, CYCLE) + i64(cycles), CYCLE);
}

/**
 * Steps the 16-bit Fibonacci LFSR at `address` (x^16 + x^14 + x^13 + x^11 + 1, never zero) and returns its low bits below
 * the power of two `range`.
 */
@inline
export function random(address: i32, range: i32): i32 {
  const value = load<u32>(address);
  const odd = popcnt(value & 0b101101) << 15;
  store<u32>(address, (value >> 1) | (odd & 0x8000));
  return value & (range - 1);
}

/**
 * Address of the first of `ways` words from `first` on that holds `tag` above its lowest `shift` bits, 0 = none. Ways are a power of
 * two; four at a time, without a branch that the simulation host would mispredict.
 */
@inline
export function findTag(first: i32, ways: i32, shift: i32, tag: i32): i32 {
  if (ways < 4) return findTagOfFew(first, ways, shift, tag);
  const wanted = i32x4.splat(tag);
  let found = amongFour(first, shift, wanted);
  if (ways >= 8) found |= amongFour(first + 16, shift, wanted) << 4;
  if (found != 0) return first + ctz(found) * 4;
  return ways <= 8 ? 0 : findTagOfMany(first, ways, shift, wanted);
}

/** Bit per word from `first` on. */
@inline
function amongFour(first: i32, shift: i32, wanted: v128): i32 {
  return i32x4.bitmask(i32x4.eq(i32x4.shr_u(v128.load(first), shift), wanted));
}

/** Looks at the ninth way and those behind it. */
function findTagOfMany(first: i32, ways: i32, shift: i32, wanted: v128): i32 {
  const end = first + ways * 4;
  for (let four = first + 32; four < end; four += 16) {
    const found = amongFour(four, shift, wanted);
    if (found != 0) return four + ctz(found) * 4;
  }
  return 0;
}

function findTagOfFew(first: i32, ways: i32, shift: i32, tag: i32): i32 {
  const end = first + ways * 4;
  for (let word = first; word < end; word += 4) {
    if (load<u32>(word) >> shift == u32(tag)) return word;
  }
  return 0;
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
