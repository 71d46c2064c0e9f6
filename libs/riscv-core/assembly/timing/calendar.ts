/**
 * When a shared part is busy, as a calendar of slots of two cycles: whoever comes takes the first free ones at or after its own time.
 * Harts run in turns, so requests do not come in the order of their times; one whose time lies before another hart's is not
 * held up by it. A calendar is a ring of CALENDAR_WORDS words {u64 number + 1, u64 bit per slot that is taken}; what is older than
 * the ring counts as free.
 */
import { M_HARTS } from '../../src/hart/layout';
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
  return select<u64>(load<u64>(at, 8), 0, load<u64>(at) == number + 1);
}

@inline
function take(calendar: i32, number: u64, slots: u64): void {
  const at = wordAddress(calendar, number);
  store<u64>(at, taken(calendar, number) | slots, 8);
  store<u64>(at, number + 1);
}

/**
 * Takes `cycles` (at most 126) at or after `time` from the calendar at this address. Returns how long they had to wait: for what is
 * under way then; and, where others that come later are entered already, as long as all of those would now have to wait. A lone hart meets
 * only what it has planned itself: it waits for that, and pushes nobody.
 */
@inline
export function reserve(calendar: i32, time: u64, cycles: i32): i32 {
  const wanted = time >> 1;
  const slots = (cycles + 1) >> 1;
  if (slots == 0) return 0;
  // Most often there are as many free ones next to each other, in the same word.
  const others = taken(calendar, wanted / SLOTS);
  const first = u64(ctz(~others & (u64.MAX_VALUE << (wanted % SLOTS))));
  const bits = ((u64(1) << u64(slots)) - 1) << first;
  if (first + u64(slots) > SLOTS || (others & bits) != 0) return reserveLater(calendar, time, slots);
  const at = wordAddress(calendar, wanted / SLOTS);
  store<u64>(at, wanted / SLOTS + 1);
  store<u64>(at, others | bits, 8);
  return first == wanted % SLOTS ? 0 : i32((((wanted & ~(SLOTS - 1)) | first) << 1) - time);
}

function reserveLater(calendar: i32, time: u64, slots: i32): i32 {
  const wanted = time >> 1;
  let number = wanted / SLOTS;
  let free = ~taken(calendar, number) & (u64.MAX_VALUE << (wanted % SLOTS));
  while (free == 0) free = ~taken(calendar, ++number);
  const first = u64(ctz(free));
  const start = number * SLOTS + first;
  const wait = start == wanted ? 0 : i32((start << 1) - time);

  const run = ((u64(1) << u64(slots)) - 1) << first;
  if (first + u64(slots) <= SLOTS && (free & run) == run) {
    take(calendar, number, run);
    return wait;
  }
  if (load<i32>(M_HARTS) != 1) return wait + takeParts(calendar, start, slots);
  const inTheWay = takenWithin(calendar, start, slots);
  takeParts(calendar, start, slots);
  return wait + 2 * inTheWay;
}

/** How many of the slots from `start` on are taken. */
function takenWithin(calendar: i32, start: u64, slots: i32): i32 {
  const first = start % SLOTS;
  let window = taken(calendar, start / SLOTS) >> first;
  if (first != 0) window |= taken(calendar, start / SLOTS + 1) << (SLOTS - first);
  return i32(popcnt(window & ((u64(1) << u64(slots)) - 1)));
}

/**
 * Takes the first free slots from `start` on. Returns the cycles by which that pushes what others have entered: each slot taken by as much of
 * the work as the free ones before it have not done, counted for a request of the same length.
 */
function takeParts(calendar: i32, start: u64, slots: i32): i32 {
  let number = start / SLOTS;
  let free = ~taken(calendar, number) & (u64.MAX_VALUE << (start % SLOTS));
  let bits: u64 = 0;
  let sum: i32 = 0;
  // One run of free slots after the other.
  for (let done: i32 = 0; done < slots;) {
    while (free == 0) {
      take(calendar, number, bits);
      bits = 0;
      free = ~taken(calendar, ++number);
    }
    const first = u64(ctz(free));
    const length = min<i32>(slots - done, i32(ctz(~(free >> first))));
    sum += length * (i32(number * SLOTS + first - start) - done);
    const run = ((u64(1) << u64(length)) - 1) << first;
    bits |= run;
    free &= ~run;
    done += length;
  }
  take(calendar, number, bits);
  return 2 * ((sum + (slots >> 1)) / slots);
}
