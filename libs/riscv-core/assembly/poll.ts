/** `poll` of the protocol: interrupts, sleep, limits. Called at yield points and at the start of a turn. */
import {
  BARREN_TRAPS,
  CORE_SKIP_POLL,
  CYCLE,
  EVENT,
  HART_ID,
  INSTRET,
  INSTRET_LIMIT,
  M_EXIT_REQUEST,
  M_MTIMECMP,
  NEXT_TIMER,
  STOPAT,
  STOP_EXIT,
  STOP_LIMIT,
  STOP_NONE,
  STOP_REASON,
  STOP_TURN,
  STOP_WFI,
  TURN_END,
  WFI,
} from '../src/hart/layout';
import { CSR_MIE } from '../src/hart/csr-slots';
import { IRQ_MTI } from '../src/isa/causes';
import { cycleOf, mtime } from './clock';
import { virtualClock, virtualTimerBit, vtimecmp } from './dvirq';
import { nextComparedTimer } from './envcfg';
import { pending, pickInterrupt, pickedMode } from './irq';
import { codeWaits, dropDoomed } from './stale-code';
import { csr } from './state';
import { interrupt } from './trap';

/** Takes interrupts, the highest first, until none is left to take; then says whether the hart must stop, and why. */
export function poll(h: usize): i32 {
  if (codeWaits()) dropDoomed();
  if (load<i32>(h, CORE_SKIP_POLL)) {
    store<i32>(h, 0, CORE_SKIP_POLL);
    return STOP_NONE;
  }
  const reason = decide(h);
  store<i32>(h, reason, STOP_REASON);
  return reason;
}

function decide(h: usize): i32 {
  if (load<i32>(M_EXIT_REQUEST)) return STOP_EXIT;
  if (load<i32>(h, WFI)) {
    // 3.3.3: any pending and enabled interrupt ends the wait, taken or not.
    if ((pending(h) & csr(h, CSR_MIE)) == 0) return STOP_WFI;
    store<i32>(h, 0, WFI);
  }
  // Trap entry is a yield point too: a timer may have fired while it was charged. So a poll behind a poll changes nothing.
  if (csr(h, CSR_MIE) != 0) takeInterrupts(h);

  const cycle = load<u64>(h, CYCLE);
  const steps = load<u64>(h, INSTRET) + load<u64>(h, BARREN_TRAPS);
  const limit = load<u64>(h, INSTRET_LIMIT);
  const turnEnd = load<u64>(h, TURN_END);
  if (steps >= limit) return STOP_LIMIT;
  if (cycle >= turnEnd) return STOP_TURN;
  const timer = nextTimer(h, csr(h, CSR_MIE));
  store<u64>(h, timer, NEXT_TIMER);
  let stopAt = min<u64>(turnEnd, timer);
  // Every instruction costs at least one cycle, and every trap is followed by a poll, so the limit cannot be passed before then.
  const left = limit - steps;
  if (left < stopAt - cycle) stopAt = cycle + left;
  store<u64>(h, stopAt, STOPAT);
  return STOP_NONE;
}

/** The highest first, until none is left to take. */
function takeInterrupts(h: usize): void {
  for (let number = pickInterrupt(h); number >= 0; number = pickInterrupt(h)) {
    interrupt(h, number, pickedMode);
    // EVENT speaks of slow paths only: the next one must not find this trap's.
    store<i32>(h, 0, EVENT);
  }
}

/**
 * Cycle at which a timer that is not pending yet and whose interrupt is in `enabled` will fire; all ones = none. Whatever changes
 * enables, timers or lines is a yielding instruction, so a new poll follows it.
 */
export function nextTimer(h: usize, enabled: u64): u64 {
  if (enabled == 0) return u64.MAX_VALUE;
  let next = nextComparedTimer(h, enabled);
  if (enabled & (1 << IRQ_MTI)) {
    const now = mtime(h);
    const deadline = load<u64>(M_MTIMECMP + load<i32>(h, HART_ID) * 8);
    if (now < deadline) next = min<u64>(next, cycleOf(h, now, deadline));
  }
  if (enabled & virtualTimerBit(h)) {
    const now = virtualClock(h);
    const deadline = vtimecmp(h);
    if (now < deadline) next = min<u64>(next, cycleOf(h, now, deadline));
  }
  return next;
}
