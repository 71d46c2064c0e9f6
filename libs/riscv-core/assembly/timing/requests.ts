/**
 * What harts ask of the shared level, in time. Harts get into each other's way in the L2, where one transaction at a time works on a set and
 * lines go back to the L1s over one path, in the LLC and in the DRAM. What is present changes when the hart asks (l2.ts).
 *
 * Harts run in turns, so a request answered when it is made would be answered before what another hart asks earlier. Therefore it waits:
 * the hart is charged what the request costs at least and goes on; between turns (turns.ts) the request is answered, when no hart can ask
 * for anything earlier, and the hart's clock moves by the rest. A hart whose requests wait makes no turn, so all are answered in the order
 * of (cycle, hart), whatever the length of a turn.
 *
 * Until then the hart's clock lacks that rest. Whoever reads the clock for more than the end of the turn settles first (`settle`): its own
 * requests are answered at once then, before those of others that might be earlier, and so are those that follow in its turn. Calendars
 * (calendar.ts) keep others from paying for that.
 */
import { CYCLE, DEFER_END, M_HARTS, SHARED_AHEAD, STOPAT, TURN_END, TURN_END_SHARED } from '../../src/hart/layout';
import { COUNT_L1D_STALL, COUNT_L1I_STALL, COUNT_L2_WAIT, COUNT_TLB_STALL } from '../../src/timing/counted-events';
import { MAX_REQUESTS, REQUESTS_OF_TURN, REQUEST_SIZE } from '../../src/timing/limits';
import { P_L2_BEATS, P_L2_HIT, P_L2_SETS } from '../../src/timing/parameter-slots';
import { reserve } from './calendar';
import { add } from './counters';
import {
  L2_CALENDAR,
  L2_SETS_BUSY,
  REQUESTS,
  REQUESTS_END,
  REQUESTS_ENTRIES,
  REQUESTS_FIRST,
  REQUESTS_LATE,
  REQUEST_CHARGED,
  REQUEST_EVICTED,
  REQUEST_FLAGS,
  REQUEST_LINE,
  SETS_BUSY,
  SET_BUSY_CYCLES,
  SET_BUSY_SET,
  SET_BUSY_SIZE,
  stateOf,
} from './layout';
import { memoryRead, memoryWrite } from './memory';
import { parameter } from './parts';

/** The L2 does not have the line; the line goes to an L1; to the L1I; the hart walks a page table. */
export const REQUEST_MEMORY = 1;
export const REQUEST_DATA = 2;
export const REQUEST_FETCH = 4;
const REQUEST_WALK = 8;

let walking: i32 = 0;

/** The requests that follow are those of a page-table walk, or no longer. */
@inline
export function noteWalk(begins: bool): void {
  walking = begins ? REQUEST_WALK : 0;
}

/** Cycles by which `settle` has moved clocks, of all harts: who takes the difference of a clock subtracts that of this. */
export let settled: u64 = 0;

@inline
function queueOf(h: i32): i32 {
  return stateOf(h) + REQUESTS;
}

/** Does a request of the hart wait? */
@inline
export function waits(h: i32): bool {
  return load<i32>(queueOf(h), REQUESTS_END) != 0;
}

/** Cycle before which the hart asks for nothing any more: that of its first request that waits; if none does, its clock. */
@inline
export function nextRequest(h: i32): u64 {
  const queue = queueOf(h);
  if (load<i32>(queue, REQUESTS_END) == 0) return load<u64>(h, CYCLE);
  return load<u64>(queue + load<i32>(queue, REQUESTS_FIRST), REQUESTS_ENTRIES) + load<u64>(queue, REQUESTS_LATE);
}

/**
 * The hart asks for `line` now. `charged`: cycles that this takes at least; `evicted`: line to write back, or -1. Returns cycles to charge
 * now, or all.
 */
@inline
export function ask(h: i32, line: i32, flags: i32, evicted: i32, charged: i32): i32 {
  const now = load<u64>(h, CYCLE);
  if (now >= load<u64>(h, DEFER_END)) return askAtOnce(h, now, line, flags, evicted, charged);
  enqueue(h, now, line, flags, evicted, charged);
  return charged;
}

@inline
function enqueue(h: i32, now: u64, line: i32, flags: i32, evicted: i32, charged: i32): void {
  const queue = queueOf(h);
  const end = load<i32>(queue, REQUESTS_END);
  const entry = queue + end;
  store<u64>(entry, now, REQUESTS_ENTRIES);
  store<i32>(entry, line, REQUESTS_ENTRIES + REQUEST_LINE);
  store<i32>(entry, evicted, REQUESTS_ENTRIES + REQUEST_EVICTED);
  store<i32>(entry, flags | walking, REQUESTS_ENTRIES + REQUEST_FLAGS);
  store<i32>(entry, charged, REQUESTS_ENTRIES + REQUEST_CHARGED);
  store<i32>(queue, end + REQUEST_SIZE, REQUESTS_END);
  if (end >= (REQUESTS_OF_TURN - 1) * REQUEST_SIZE) enough(h, end);
}

/** As many requests wait as a turn makes, the last of them at `end`. Code without a yield point goes on for a page: then there is no room some time. */
function enough(h: i32, end: i32): void {
  endTurn(h, load<u64>(h, CYCLE));
  // The caller has yet to charge the last one; its answer counts from before that.
  if (end == (MAX_REQUESTS - 1) * REQUEST_SIZE) settle(h);
}

/** Beside `ask`: most requests wait or, with one hart, none does. */
function askAtOnce(h: i32, now: u64, line: i32, flags: i32, evicted: i32, charged: i32): i32 {
  if (load<i32>(M_HARTS) == 1) return flags & REQUEST_MEMORY ? charged + fromMemory(h, now, line, evicted) : charged;
  if (waits(h)) {
    // Their answers come first: between turns, then.
    enqueue(h, now, line, flags, evicted, charged);
    endTurn(h, now);
    return charged;
  }
  endTurn(h, load<u64>(h, TURN_END_SHARED));
  return transact(h, now, line, flags, evicted, charged);
}

/** The turn ends at `cycle`, if not before. */
@inline
function endTurn(h: i32, cycle: u64): void {
  store<u64>(h, min<u64>(load<u64>(h, TURN_END), cycle), TURN_END);
  store<u64>(h, min<u64>(load<u64>(h, STOPAT), cycle), STOPAT);
}

/** What the hart asks concerns a line that another hart's L1D has: harts that meet do so in the order of time. */
export function meet(h: i32): void {
  endTurn(h, load<u64>(h, TURN_END_SHARED) - SHARED_AHEAD);
}

/** Of the record of the last transaction on the set of a line. */
@inline
function busyRecord(set: i32): i32 {
  return L2_SETS_BUSY + (set & (SETS_BUSY - 1)) * SET_BUSY_SIZE;
}

/** Cycles from `now` until the set is free of the transaction in `record`. One that begins later is not waited for. */
@inline
function waitForSet(now: u64, set: i32, record: i32): i32 {
  if (load<i32>(record, SET_BUSY_SET) != set) return 0;
  const begin = load<u64>(record);
  const end = begin + load<u32>(record, SET_BUSY_CYCLES);
  return begin > now || end <= now ? 0 : i32(end - now);
}

/**
 * The whole request of one of several harts in time, from cycle `now` on: at least `charged` cycles, and what others and the memory make of
 * it. Returns cycles.
 */
@inline
function transact(h: i32, now: u64, line: i32, flags: i32, evicted: i32, charged: i32): i32 {
  const set = line & (parameter(P_L2_SETS) - 1);
  const record = busyRecord(set);
  let wait = waitForSet(now, set, record);
  let total = charged + wait;
  if (flags & REQUEST_MEMORY) total += fromMemory(h, now + wait, line, evicted);
  if (flags & REQUEST_DATA) {
    const beats = parameter(P_L2_BEATS);
    const forWay = reserve(L2_CALENDAR, now + max(0, total - beats), beats);
    wait += forWay;
    total += forWay;
  }
  add(h, COUNT_L2_WAIT, wait);
  store<u64>(record, now);
  store<i32>(record, total, SET_BUSY_CYCLES);
  store<i32>(record, set, SET_BUSY_SET);
  return total;
}

/** Reads the line, and behind that, since reads go first (rocket-timing.md 7), writes back what it evicted. */
@inline
function fromMemory(h: i32, now: u64, line: i32, evicted: i32): i32 {
  const asked = now + parameter(P_L2_HIT);
  const cycles = memoryRead(h, asked, line);
  if (evicted >= 0) memoryWrite(h, asked, evicted);
  return cycles;
}

/** Answers the first request of the hart that waits. Returns what `nextRequest` says then. */
export function answerNext(h: i32): u64 {
  const queue = queueOf(h);
  const first = load<i32>(queue, REQUESTS_FIRST);
  const entry = queue + REQUESTS_ENTRIES + first;
  const late = load<u64>(queue, REQUESTS_LATE);
  const flags = load<i32>(entry, REQUEST_FLAGS);
  const charged = load<i32>(entry, REQUEST_CHARGED);
  const line = load<i32>(entry, REQUEST_LINE);
  const cycles = transact(h, load<u64>(entry) + late, line, flags, load<i32>(entry, REQUEST_EVICTED), charged);
  const rest = cycles - charged;
  add(h, flags & REQUEST_FETCH ? COUNT_L1I_STALL : COUNT_L1D_STALL, rest);
  if (flags & REQUEST_WALK) add(h, COUNT_TLB_STALL, rest);
  const clock = load<u64>(h, CYCLE) + rest;
  store<u64>(h, clock, CYCLE);
  if (first + REQUEST_SIZE < load<i32>(queue, REQUESTS_END)) {
    store<i32>(queue, first + REQUEST_SIZE, REQUESTS_FIRST);
    store<u64>(queue, late + rest, REQUESTS_LATE);
    return load<u64>(entry, REQUEST_SIZE) + late + rest;
  }
  store<u64>(queue, 0, REQUESTS_END);
  store<u64>(queue, 0, REQUESTS_LATE);
  return clock;
}

/** Makes the hart's clock right, and keeps it so for the rest of its turn. */
@inline
export function settle(h: i32): void {
  if (load<u64>(h, DEFER_END) != 0) settleNow(h);
}

function settleNow(h: i32): void {
  store<u64>(h, 0, DEFER_END);
  if (!waits(h)) return;
  const before = load<u64>(h, CYCLE);
  while (waits(h)) answerNext(h);
  settled += load<u64>(h, CYCLE) - before;
  endTurn(h, load<u64>(h, TURN_END_SHARED));
}
