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

/**
 * The same for all runs of a campaign that are in one of the states: one statement per state, however many runs there
 * are; "in that state" is what is compared before setting. Returns how many changed.
 */
export async function transitionAll(
  db: Db,
  campaignId: string,
  from: readonly RunState[],
  { event, at, detail = '' }: Omit<Change, 'set'>,
): Promise<number> {
  let changed = 0;
  for (const state of from) {
    const to = nextState(state, event);
    if (to === undefined) throw new IllegalTransitionError(`of campaign ${campaignId}`, state, event);
    const endedAt = isFinal(to) ? at : null;
    changed += await db.$executeRaw`
      with changed as (
        update runs set state = ${to}::run_state, version = version + 1, ended_at = ${endedAt}
         where campaign_id = ${campaignId}::uuid and state = ${state}::run_state
        returning id, attempts)
      insert into events (at, campaign_id, run_id, kind, name, from_state, to_state, attempt, detail, differing)
      select ${at}, ${campaignId}::uuid, id, 'TRANSITION', ${event}, ${state}::run_state, ${to}::run_state, attempts, ${detail}, '{}'
        from changed`;
  }
  return changed;
}
