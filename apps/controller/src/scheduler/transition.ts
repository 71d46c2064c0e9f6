import { isFinal, nextState, type RunEvent, type RunState } from '#libs/contracts';
import { Prisma, type Run } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';

/** Somebody else changed the run first: read it again and decide anew. */
export class LostRaceError extends Error {}

/** The table has no such transition: whoever asked must check before. */
export class IllegalTransitionError extends Error {
  constructor(runId: string, state: RunState, event: RunEvent) {
    super(`run ${runId}: found event "${event}" in state ${state}, which the transition table does not have`);
  }
}

export interface Change {
  event: RunEvent;
  at: Date;
  detail?: string;
  /** Further columns that change with the state. */
  set?: Prisma.RunUncheckedUpdateManyInput;
}

/**
 * The only writer of `runs.state`: compare-and-set on (state, version), and a line in the log, in the caller's
 * transaction. Returns the run as it is now.
 */
export async function transition(db: Db, run: Run, change: Change): Promise<Run> {
  const to = nextState(run.state, change.event);
  if (to === undefined) throw new IllegalTransitionError(run.id, run.state, change.event);
  const [changed] = await db.run.updateManyAndReturn({
    where: { id: run.id, state: run.state, version: run.version },
    data: { ...change.set, state: to, version: { increment: 1 }, endedAt: isFinal(to) ? change.at : null },
  });
  if (changed === undefined) throw new LostRaceError(`run ${run.id}: changed since version ${run.version}`);
  await db.runLogEntry.create({
    data: {
      at: change.at,
      campaignId: run.campaignId,
      runId: run.id,
      kind: 'TRANSITION',
      name: change.event,
      fromState: run.state,
      toState: to,
      attempt: changed.attempts,
      detail: change.detail ?? '',
    },
  });
  return changed;
}

/** The same for all runs of a campaign that are in one of the states, in two statements however many there are. */
export async function transitionAll(
  db: Db,
  campaignId: string,
  from: readonly RunState[],
  change: Omit<Change, 'set'>,
): Promise<number> {
  const changed: { run: Run; from: RunState }[] = [];
  for (const state of from) {
    const to = nextState(state, change.event);
    if (to === undefined) throw new IllegalTransitionError(`of campaign ${campaignId}`, state, change.event);
    const runs = await db.run.updateManyAndReturn({
      where: { campaignId, state },
      data: { state: to, version: { increment: 1 }, endedAt: isFinal(to) ? change.at : null },
    });
    changed.push(...runs.map((run) => ({ run, from: state })));
  }
  await db.runLogEntry.createMany({
    data: changed.map(({ run, from: fromState }) => ({
      at: change.at,
      campaignId,
      runId: run.id,
      kind: 'TRANSITION' as const,
      name: change.event,
      fromState,
      toState: run.state,
      attempt: run.attempts,
      detail: change.detail ?? '',
    })),
  });
  return changed.length;
}
