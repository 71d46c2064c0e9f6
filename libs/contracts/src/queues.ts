import { z } from 'zod';
import { strictObject } from './strict-object.js';

/** The one queue. It only dispatches: what a run is, is asked of the controller when it is leased. */
export const runQueueName = 'runs';

export const runIdSchema = z.uuid();

/** A job's data. `epoch` counts how often the run became runnable; an older one is refused at the lease. */
export const runJobSchema = strictObject({ runId: runIdSchema, epoch: z.int().min(1) });
export type RunJob = z.infer<typeof runJobSchema>;

/**
 * BullMQ ignores an add while a job of the same id exists in any state, finished ones included: so the epoch is in
 * the id, and a run that became runnable again gets a job again.
 */
export function runJobId(job: RunJob): string {
  return `${job.runId}-${job.epoch}`;
}

/** Every job has a priority: jobs without one would run before all others. Lower runs first. */
export const defaultPriority = 100;
