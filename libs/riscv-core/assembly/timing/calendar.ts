/**
 * When a shared part is busy, as a calendar of slots of two cycles: whoever comes takes the first gap at or after its own time.
 * Harts run in turns, so requests do not come in the order of their times; one whose time lies before another hart's is not
 * held up by it. A calendar remembers SLOTS slots; what is older counts as free.
 */
import { CALENDAR_SLOTS } from '../../src/timing/limits';

/** Takes `cycles` in a row at or after `time` from the calendar at this address. Returns how long they had to wait. */
export function reserve(calendar: i32, time: u64, cycles: i32): i32 {
  const wanted = time >> 1;
  const count = (cycles + 1) >> 1;
  let start = wanted;
  let free = 0;
  for (let slot = wanted; free < count; slot++) {
    if (load<u32>(slotAddress(calendar, slot)) == u32(slot) + 1) {
      start = slot + 1;
      free = 0;
    } else {
      free++;
    }
  }
  for (let slot = start; slot < start + count; slot++) store<u32>(slotAddress(calendar, slot), u32(slot) + 1);
  return start == wanted ? 0 : i32((start << 1) - time);
}

/** Of the u32 that holds the number of the slot that is taken, plus one. */
@inline
function slotAddress(calendar: i32, slot: u64): i32 {
  return calendar + (i32(slot) & (CALENDAR_SLOTS - 1)) * 4;
}
