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

/** Slots `slots` of word `number` are taken, and no others. */
@inline
function enter(calendar: i32, number: u64, slots: u64): void {
  const at = wordAddress(calendar, number);
  store<u64>(at, number + 1);
  store<u64>(at, slots, 8);
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
  enter(calendar, wanted / SLOTS, others | bits);
  return first == wanted % SLOTS ? 0 : i32((((wanted & ~(SLOTS - 1)) | first) << 1) - time);
}

/** The same where the first free slots are fewer than wanted, or lie in more than one word. */
function reserveLater(calendar: i32, time: u64, slots: i32): i32 {
  const wanted = time >> 1;
  let number = wanted / SLOTS;
  let word = taken(calendar, number);
  let free = ~word & (u64.MAX_VALUE << (wanted % SLOTS));
  while (free == 0) {
    word = taken(calendar, ++number);
    free = ~word;
  }
  const start = number * SLOTS + u64(ctz(free));
  const wait = start == wanted ? 0 : i32((start << 1) - time);
  if (load<i32>(M_HARTS) > 1) return wait + takeParts(calendar, number, word, free, slots);
  const inTheWay = takenWithin(calendar, start, slots);
  takeParts(calendar, number, word, free, slots);
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
 * Takes the first slots that are free, in word `number`, of which the slots `word` are taken and `free` may be used, or behind it. Returns the
 * cycles by which that pushes what others have entered: each slot taken by as much of the work as the free ones before it have not done,
 * counted for a request of the same length.
 */
@inline
function takeParts(calendar: i32, number: u64, word: u64, free: u64, slots: i32): i32 {
  // Slots from the first one taken to the beginning of the word.
  let offset = -i32(ctz(free));
  let done = 0;
  let sum = 0;
  // One run of free slots after the other.
  for (;;) {
    const first = u64(ctz(free));
    const length = min<i32>(slots - done, i32(ctz(~(free >> first))));
    const run = ((u64(1) << u64(length)) - 1) << first;
    sum += length * (offset + i32(first) - done);
    done += length;
    word |= run;
    if (done == slots) break;
    free &= ~run;
    while (free == 0) {
      enter(calendar, number, word);
      word = taken(calendar, ++number);
      free = ~word;
      offset += i32(SLOTS);
    }
  }
  enter(calendar, number, word);
  return sum == 0 ? 0 : 2 * ((sum + (slots >> 1)) / slots);
}
