/**
 * Turns of the harts of a machine without JavaScript between them: the rule of src/machine/machine.ts for machines of several
 * harts, up to the point where something else than a hart must act. And what that rule asks of the cycle model: which requests to the
 * shared level are answered between turns (timing/requests.ts).
 */
import {
  BARREN_TRAPS,
  CYCLE,
  DEFER_END,
  EVENT,
  HART_ID,
  INSTRET,
  INSTRET_LIMIT,
  MAX_HARTS,
  M_EXIT_REQUEST,
  M_HARTS,
  M_RUNNING,
  M_TURNS_BREAK,
  MAX_REQUESTS_LATE,
  SHARED_AHEAD,
  SLEPT,
  STOP_EXIT,
  STOP_LIMIT,
  STOP_NONE,
  STOP_TURN,
  TURNS_GO_ON,
  TURN_END,
  TURN_END_SHARED,
  WFI,
} from '../src/hart/layout';
import { CSR_MIE } from '../src/hart/csr-slots';
import { nextTimer, poll } from './poll';
import { csr, hartArea } from './state';
import { answerNext, nextRequest, waits } from './timing/requests';

let limitSteps: u64 = 0;
let eventCycle: u64 = 0;
/** No turn begins from these on. */
let goalSteps: u64 = 0;
let goalCycle: u64 = 0;
let turnCycles: u64 = 0;

/**
 * What turnNext chooses by, kept while turns are made here: u64 per hart, the cycle before which it asks for nothing any more and below that
 * its number if it is awake, all ones if it sleeps; how many sleep; steps of all harts together, and those of the hart whose turn it is when that
 * began. So a turn touches no other hart's area.
 */
const clocks: usize = memory.data(MAX_HARTS * 8, 64);
const ASLEEP = u64.MAX_VALUE;
/** MAX_HARTS is a power of two: a cycle times it leaves room for a number. */
const NUMBERS: u64 = MAX_HARTS;
let sleepers: i32 = 0;
let allSteps: u64 = 0;
let stepsBefore: u64 = 0;

@inline
function stepsOf(h: usize): u64 {
  return load<u64>(h, INSTRET) + load<u64>(h, BARREN_TRAPS);
}

@inline
function noteAwake(h: usize, id: i32): void {
  store<u64>(clocks + id * 8, nextRequest(i32(h)) * NUMBERS + id);
}

function noteClock(h: usize, id: i32): void {
  const asleep = load<i32>(h, WFI) != 0;
  if (asleep) store<u64>(clocks + id * 8, ASLEEP);
  else noteAwake(h, id);
  sleepers += i32(asleep);
}

/**
 * What the turns that follow keep to: they end when all harts together have made `until` steps or `limit` (all ones = none), when every
 * hart awake has reached `event`, which no turn passes, or `pause`; a turn lasts `quantum` cycles, or less when the hart asks the shared
 * level (SHARED_AHEAD).
 */
export function turnsBegin(until: u64, limit: u64, event: u64, pause: u64, quantum: u64): void {
  limitSteps = limit;
  eventCycle = event;
  goalSteps = min<u64>(until, limit);
  goalCycle = min<u64>(event, pause);
  turnCycles = quantum;
  store<i32>(M_TURNS_BREAK, 0);
  allSteps = 0;
  for (let id: i32 = 0, harts = load<i32>(M_HARTS); id < harts; id++) allSteps += stepsOf(hartArea(id));
  noteClocks();
}

function noteClocks(): void {
  sleepers = 0;
  for (let id: i32 = 0; id < MAX_HARTS; id++) store<u64>(clocks + id * 8, ASLEEP);
  for (let id: i32 = 0, harts = load<i32>(M_HARTS); id < harts; id++) noteClock(hartArea(id), id);
}

/** The least of `clocks`. */
@inline
function leastClock(): u64 {
  const least = leastOfFour(clocks);
  return load<i32>(M_HARTS) <= 4 ? least : min<u64>(least, leastOfFour(clocks + 32));
}

@inline
function leastOfFour(at: usize): u64 {
  return min<u64>(min<u64>(load<u64>(at), load<u64>(at, 8)), min<u64>(load<u64>(at, 16), load<u64>(at, 24)));
}

/** The least of `clocks`, when all requests before it are answered: the hart that may run. ASLEEP = none. */
@inline
function answered(): u64 {
  let least = leastClock();
  while (least != ASLEEP && waits(i32(hartArea(i32(least % NUMBERS))))) {
    answerFirst(i32(least % NUMBERS));
    least = leastClock();
  }
  return least;
}

@inline
function answerFirst(id: i32): void {
  store<u64>(clocks + id * 8, answerNext(i32(hartArea(id))) * NUMBERS + id);
}

/** Turns made by JavaScript: answers requests until the hart awake that is first by (cycle, number) has none that waits. */
export function answerRequests(): void {
  noteClocks();
  answered();
}

/** The machine has ended: answers all requests. */
export function answerAllRequests(): void {
  noteClocks();
  for (;;) {
    for (let id: i32 = 0; id < MAX_HARTS; id++) {
      if (load<u64>(clocks + id * 8) != ASLEEP && !waits(i32(hartArea(id)))) store<u64>(clocks + id * 8, ASLEEP);
    }
    const least = leastClock();
    if (least == ASLEEP) return;
    answerFirst(i32(least % NUMBERS));
  }
}

/** A turn begins, made by JavaScript: how its requests are answered. Behind answerRequests. */
export function requestsOfTurn(h: usize, quantum: u64, event: u64): void {
  turnCycles = quantum;
  eventCycle = event;
  boundRequests(h, load<i32>(h, HART_ID));
}

/**
 * Requests of the turn that begins wait for their answer if another hart is awake that may ask for something earlier, turns are long
 * enough for that to matter, and no timer or device event is near, which comes by the clock.
 */
@inline
function boundRequests(h: usize, id: i32): void {
  store<u64>(clocks + id * 8, ASLEEP);
  const others = leastClock();
  store<u64>(h, others == ASLEEP ? ASLEEP : others / NUMBERS + SHARED_AHEAD, TURN_END_SHARED);
  let end: u64 = 0;
  if (others != ASLEEP && turnCycles > u64(SHARED_AHEAD)) {
    const next = min<u64>(eventCycle, nextTimer(h, csr(h, CSR_MIE)));
    end = next - min<u64>(next, MAX_REQUESTS_LATE);
  }
  store<u64>(h, end, DEFER_END);
}

/** Area of the hart that runs next, ready to; 0 = that is not for this module to say. */
export function turnNext(): usize {
  const first = answered();
  const least = first / NUMBERS;
  if (first == ASLEEP || allSteps >= goalSteps || least >= goalCycle) return 0;
  const number = i32(first % NUMBERS);
  const next = hartArea(number);
  boundRequests(next, number);
  stepsBefore = stepsOf(next);
  store<u64>(next, min<u64>(least + turnCycles, eventCycle), TURN_END);
  store<u64>(next, limitSteps == u64.MAX_VALUE ? limitSteps : stepsBefore + (limitSteps - allSteps), INSTRET_LIMIT);
  store<i32>(M_RUNNING, number + 1);
  return next;
}

/** turnEnded for STOP_TURN of a hart that is awake, and turnNext: in one, since turns may be short. */
export function turnOver(h: usize): usize {
  if ((load<i32>(M_EXIT_REQUEST) | load<i32>(M_TURNS_BREAK) | sleepers) != 0) {
    return turnEnded(h, STOP_TURN) == TURNS_GO_ON ? turnNext() : 0;
  }
  allSteps += stepsOf(h) - stepsBefore;
  noteAwake(h, load<i32>(h, HART_ID));
  return turnNext();
}

/** The hart's turn ended for `reason`: TURNS_GO_ON, or how the turns end: STOP_EXIT, STOP_LIMIT, STOP_NONE = as turn_next's 0. */
export function turnEnded(h: usize, reason: i32): i32 {
  store<i32>(M_RUNNING, 0);
  if (load<i32>(M_EXIT_REQUEST) != 0) return STOP_EXIT;
  if (reason == STOP_LIMIT) return STOP_LIMIT;
  allSteps += stepsOf(h) - stepsBefore;
  noteClock(h, load<i32>(h, HART_ID));
  if (sleepers > 0 && pollSleepers(load<u64>(h, CYCLE))) return STOP_EXIT;
  return load<i32>(M_TURNS_BREAK) != 0 ? STOP_NONE : TURNS_GO_ON;
}

/** True = a device asks to stop. */
function pollSleepers(clock: u64): bool {
  const harts = load<i32>(M_HARTS);
  sleepers = 0;
  for (let id: i32 = 0; id < harts; id++) {
    const sleeper = hartArea(id);
    if (load<i32>(sleeper, WFI) == 0) continue;
    const before = stepsOf(sleeper);
    pollSleeper(sleeper, id, clock);
    allSteps += stepsOf(sleeper) - before;
    noteClock(sleeper, id);
    if (load<i32>(M_EXIT_REQUEST) != 0) return true;
  }
  return false;
}

/** Lets a sleeper see what has happened up to `clock`: its timer, interrupts from other harts and devices. */
function pollSleeper(h: usize, id: i32, clock: u64): void {
  // Any line that rises counts, enabled or not, as in src/machine/timers.ts.
  const at = min<u64>(nextTimer(h, u64.MAX_VALUE), clock);
  const cycle = load<u64>(h, CYCLE);
  if (at > cycle) {
    store<u64>(h, at, CYCLE);
    store<u64>(h, load<u64>(h, SLEPT) + (at - cycle), SLEPT);
  }
  store<u64>(h, load<u64>(h, CYCLE), TURN_END);
  store<u64>(h, u64.MAX_VALUE, INSTRET_LIMIT);
  store<i32>(h, 0, EVENT);
  store<i32>(M_RUNNING, id + 1);
  poll(h);
  store<i32>(M_RUNNING, 0);
}
