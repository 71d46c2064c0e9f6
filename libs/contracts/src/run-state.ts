/**
 * A run's life: one table, read by every writer. No state changes anywhere else.
 *
 *             reuse ─────────────────────────────────────────────► SUCCEEDED
 *   QUEUED ── lease ─► LEASED ── start ─► RUNNING ── finish ─► COLLECTING ── pass / fail / timeout ─► SUCCEEDED / FAILED / TIMED_OUT
 *     ▲ │                │                  │                     │
 *     │ │ cancel         ├── expire, release (attempts left): back to QUEUED
 *     │ ▼                ├── exhaust (no attempts left) ──► LOST       the infrastructure's fault
 *     │ CANCELLED ◄──┐   ├── crash ──────────────────────► BROKEN     our bug: not retried, state kept
 *     └──────────────│───┤
 *                    └── CANCELLING ◄── cancel    (ends when the worker says so, or when its lease expires)
 */
export const runStates = [
  'QUEUED',
  'LEASED',
  'RUNNING',
  'COLLECTING',
  'CANCELLING',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'CANCELLED',
  'LOST',
  'BROKEN',
] as const;
export type RunState = (typeof runStates)[number];

export const runEvents = [
  /** A worker took the run: new attempt, new lease. */
  'lease',
  /** Another run with the same key has passed: its result stands for this one. */
  'reuse',
  /** The target executes its first instruction. */
  'start',
  /** The target has stopped; artefacts and the result are on their way. */
  'finish',
  'pass',
  'fail',
  'timeout',
  /** The lease ran out and another attempt is allowed. */
  'expire',
  /** The worker handed the run back unfinished. */
  'release',
  /** Lease lost or handed back for the last allowed time. */
  'exhaust',
  /** The simulator itself failed. */
  'crash',
  'cancel',
  /** The worker has stopped a cancelled run, or its lease ran out. */
  'stop',
] as const;
export type RunEvent = (typeof runEvents)[number];

type TransitionTable = Record<RunState, Partial<Record<RunEvent, RunState>>>;

const whileHeld = {
  expire: 'QUEUED',
  release: 'QUEUED',
  exhaust: 'LOST',
  crash: 'BROKEN',
  cancel: 'CANCELLING',
} as const;

export const runTransitions = {
  QUEUED: { lease: 'LEASED', reuse: 'SUCCEEDED', cancel: 'CANCELLED' },
  LEASED: { start: 'RUNNING', ...whileHeld },
  RUNNING: { finish: 'COLLECTING', ...whileHeld },
  COLLECTING: { pass: 'SUCCEEDED', fail: 'FAILED', timeout: 'TIMED_OUT', ...whileHeld },
  CANCELLING: { stop: 'CANCELLED' },
  SUCCEEDED: {},
  FAILED: {},
  TIMED_OUT: {},
  CANCELLED: {},
  LOST: {},
  BROKEN: {},
} as const satisfies TransitionTable;

/** The state after `event`, or undefined where the table has no such transition. */
export function nextState(state: RunState, event: RunEvent): RunState | undefined {
  return (runTransitions as TransitionTable)[state][event];
}

/** No event leaves it. */
export function isFinal(state: RunState): boolean {
  return Object.keys(runTransitions[state]).length === 0;
}

/** A worker holds a lease in exactly these states. */
export function isHeld(state: RunState): boolean {
  return state === 'LEASED' || state === 'RUNNING' || state === 'COLLECTING' || state === 'CANCELLING';
}

/** Ended with a result of its own (or a reused one). */
export function hasResult(state: RunState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'TIMED_OUT';
}

/** What users see. Derived from the state, never stored. */
export const runStatuses = [
  'waiting',
  'running',
  'cancelling',
  'passed',
  'failed',
  'timed-out',
  'cancelled',
  'lost',
  'broken',
] as const;
export type RunStatus = (typeof runStatuses)[number];

const statusOf: Readonly<Record<RunState, RunStatus>> = {
  QUEUED: 'waiting',
  LEASED: 'running',
  RUNNING: 'running',
  COLLECTING: 'running',
  CANCELLING: 'cancelling',
  SUCCEEDED: 'passed',
  FAILED: 'failed',
  TIMED_OUT: 'timed-out',
  CANCELLED: 'cancelled',
  LOST: 'lost',
  BROKEN: 'broken',
};

export function runStatus(state: RunState): RunStatus {
  return statusOf[state];
}

/** What users see of a campaign, from how many of its runs are in each status. */
export const campaignStatuses = ['waiting', 'running', 'cancelling', 'passed', 'failed', 'cancelled'] as const;
export type CampaignStatus = (typeof campaignStatuses)[number];

/** `passed` only when every run has passed; `cancelled` when it ended and at least one run was cancelled. */
export function campaignStatus(counts: Readonly<Record<RunStatus, number>>): CampaignStatus {
  const open = counts.waiting + counts.running + counts.cancelling;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (open > 0) {
    if (counts.cancelling > 0 || counts.cancelled > 0) return 'cancelling';
    return counts.waiting === total ? 'waiting' : 'running';
  }
  if (counts.passed === total) return 'passed';
  return counts.cancelled > 0 ? 'cancelled' : 'failed';
}

/** Zero runs in every status. */
export function noCounts(): Record<RunStatus, number> {
  return Object.fromEntries(runStatuses.map((status) => [status, 0])) as Record<RunStatus, number>;
}
