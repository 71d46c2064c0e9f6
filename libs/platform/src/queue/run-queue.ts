import { runJobId, runJobSchema, runQueueName, type RunJob } from '#libs/contracts';
import { backendOf, connectionOptions, type BackendQueue, type QueueConnection } from './connection.js';

/** Where a job is. `done` jobs stay known for a while and block a second add of the same id. */
export type JobPlace = { kind: 'absent' | 'waiting' | 'done' } | { kind: 'active'; sinceMs: number };

/** The dispatching end of the queue: told what may run, it tells workers. It decides nothing and may forget everything. */
export interface RunQueue {
  /** Adding a job that is there already changes nothing. Lower priorities run first, equal ones in order of adding. */
  add(jobs: readonly { job: RunJob; priority: number }[]): Promise<void>;
  lookUp(job: RunJob): Promise<JobPlace>;
  /** Takes a waiting job away; one that runs is left alone. */
  remove(job: RunJob): Promise<void>;
  /** Forgets every job, running ones too. For tests and for starting afresh. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Finished jobs are kept so long for whoever looks into the queue; the truth is elsewhere. */
const keptJobs = { removeOnComplete: { age: 3600, count: 1000 }, removeOnFail: { age: 24 * 3600, count: 1000 } };

/** Options for a BullMQ queue that producers use; the schema must exist (queue-role.ts). */
export function producerOptions(connection: QueueConnection): { connection: object } {
  return { connection: connectionOptions(connection, 'producer') };
}

/** A queue of its own. `onError` hears of lost connections; BullMQ reconnects by itself. */
export async function openRunQueue(connection: QueueConnection, onError: (error: Error) => void): Promise<RunQueue> {
  const { Queue } = backendOf(connection);
  const queue = new Queue(runQueueName, producerOptions(connection));
  queue.on('error', onError);
  await queue.waitUntilReady();
  return runQueueOver(queue);
}

/** The port over a BullMQ queue that somebody else made, `@nestjs/bullmq` for one. */
export function runQueueOver(queue: BackendQueue): RunQueue {
  return {
    async add(jobs) {
      await queue.addBulk(
        jobs.map(({ job, priority }) => ({
          name: 'run',
          data: runJobSchema.parse(job),
          opts: { jobId: runJobId(job), priority, attempts: 1, ...keptJobs },
        })),
      );
    },
    async lookUp(job) {
      const found = await queue.getJob(runJobId(job));
      if (found === undefined) return { kind: 'absent' };
      const state = await found.getState();
      if (state === 'unknown') return { kind: 'absent' };
      if (state === 'completed' || state === 'failed') return { kind: 'done' };
      if (state === 'active') return { kind: 'active', sinceMs: found.processedOn ?? Date.now() };
      return { kind: 'waiting' };
    },
    async remove(job) {
      await queue.remove(runJobId(job)).catch(() => undefined); // locked: a worker has it
    },
    empty: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}
