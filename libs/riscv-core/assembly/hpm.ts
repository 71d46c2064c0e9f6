/**
 * Zihpm: mhpmcounter3 to 31 count what mhpmevent chooses of the cycle model's events (Privileged ISA 3.1.10; timing/counted-events.ts).
 * 0 is chosen at reset: nothing is counted.
 *
 * mhpmevent: bits 7:0 the event's number + 1, 0 = none; bits 62:58 leave out M, S, U, VS, VU, as Sscofpmf has them.
 */
import { EVENT_BANK_SIZE, EVENT_COUNTS, PRV_M, PRV_S, PRV_U } from '../src/hart/layout';
import { CSR_MHPMCOUNTER, CSR_MHPMEVENT } from '../src/hart/csr-slots';
import { COUNTED_EVENTS } from '../src/timing/counted-events';
import { csr } from './state';

const SELECTOR: u64 = 0xff;
const V: i32 = 4;

/** Slot of the event register that belongs to the counter's. */
function eventSlot(counter: usize): usize {
  return counter - CSR_MHPMCOUNTER + CSR_MHPMEVENT;
}

function inMode(h: usize, choice: u64, inhibit: u64, mode: i32): u64 {
  if ((choice >> inhibit) & 1) return 0;
  const event = usize(choice & SELECTOR) - 1;
  return load<u64>(h + EVENT_COUNTS + mode * EVENT_BANK_SIZE + event * 8);
}

/** Events that happened since reset of those that the counter with this slot counts. */
export function counted(h: usize, slot: usize): u64 {
  const choice = csr(h, eventSlot(slot));
  if ((choice & SELECTOR) == 0) return 0;
  return (
    inMode(h, choice, 62, PRV_M) +
    inMode(h, choice, 61, PRV_S) +
    inMode(h, choice, 60, PRV_U) +
    inMode(h, choice, 59, PRV_S | V) +
    inMode(h, choice, 58, PRV_U | V)
  );
}

/** What is kept of a value of mhpmevent: an event that does not exist is none. */
export function legalChoice(value: u64): u64 {
  return (value & SELECTOR) > u64(COUNTED_EVENTS) ? value & ~SELECTOR : value;
}
