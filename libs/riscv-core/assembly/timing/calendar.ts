/**
 * When a shared part is busy, as a calendar of slots of two cycles: whoever comes takes the first free ones at or after its own time.
 * Harts run in turns, so requests do not come in the order of their times; one whose time lies before another hart's is not
 * held up by it. A calendar is a ring of CALENDAR_WORDS words {u64 number + 1, u64 bit per slot that is taken}; what is older than
 * the ring counts as free.
 */
import { CALENDAR_WORDS } from '../../src/timing/limits';

const SLOTS: u64 = 64;

@inline
function wordAddress(calendar: i32, number: u64): i32 {
  return calendar + (i32(number) & (CALENDAR_WORDS - 1)) * 16;
}

/** Slots taken of word `number`. */
@inline
function taken(calendar: i32, number: u64): u64 {
  const at = wordAddress(calendar, number);
  return load<u64>(at) == number + 1 ? load<u64>(at, 8) : 0;
}

@inline
function take(calendar: i32, number: u64, slots: u64): void {
  const at = wordAddress(calendar, number);
  store<u64>(at, taken(calendar, number) | slots, 8);
  store<u64>(at, number + 1);
}

/** The lowest `count` bits of a set that has more. */
@inline
function lowest(bits: u64, count: i32): u64 {
  let rest = bits;
  for (let i = 0; i < count; i++) rest &= rest - 1;
  return bits ^ rest;
}

/**
 * Takes `cycles` (at most 126) at or after `time` from the calendar at this address. Returns how long they had to wait: for what is
 * under way then; and, where others that come later are entered already, as long as they would now have to wait in turn.
 */
export function reserve(calendar: i32, time: u64, cycles: i32): i32 {
  const wanted = time >> 1;
  let left = (cycles + 1) >> 1;
  if (left == 0) return 0;
  let number = wanted / SLOTS;
  let free = ~taken(calendar, number) & (u64.MAX_VALUE << (wanted % SLOTS));
  while (free == 0) free = ~taken(calendar, ++number);
  const first = u64(ctz(free));
  const start = number * SLOTS + first;
  let wait = start == wanted ? 0 : i32((start << 1) - time);

  let window = taken(calendar, number) >> first;
  if (first != 0) window |= taken(calendar, number + 1) << (SLOTS - first);
  wait += 2 * i32(popcnt(window & ((u64(1) << u64(left)) - 1)));

  while (left > 0) {
    const here = i32(popcnt(free));
    take(calendar, number, here > left ? lowest(free, left) : free);
    left -= here;
    free = ~taken(calendar, ++number);
  }
  return wait;
}
