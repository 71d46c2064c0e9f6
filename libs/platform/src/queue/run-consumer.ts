import { runJobSchema, runQueueName, type RunJob } from '#libs/contracts';
import { backendOf, connectionOptions, type QueueConnection } from './connection.js';

/** The taking end of the queue, in a worker. */
export interface RunConsumer {
  /** Takes no more; resolves when the jobs in hand are done, or at once when `force` is set. */
  close(force?: boolean): Promise<void>;
}

export interface ConsumerOptions {
  /** Jobs in hand at the same time. */
  slots: number;
  /**
   * One job. Must not block the event loop: the job's lock is renewed there. The job is done when the promise settles,
   * however it settles: whether the run is done is decided in PostgreSQL, which makes a new job if it is not.
   */
  handle(job: RunJob): Promise<void>;
  onError(error: Error): void;
}

/**
 * A stalled job (its worker died) is handed out again after about 30 s; the lease, which expires sooner, has by then
 * made a newer epoch of it, and the old one is refused. Attempts are counted in PostgreSQL, so stalling is never fatal here.
 */
const stalled = { lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 1000 };

export async function consumeRuns(connection: QueueConnection, options: ConsumerOptions): Promise<RunConsumer> {
  const { Worker } = backendOf(connection);
  const worker = new Worker(
    runQueueName,
    async (job) => {
      const known = runJobSchema.safeParse(job.data);
      if (!known.success) throw new Error(`queue "${runQueueName}": job ${job.id ?? '?'} is not one of ours`);
      await options.handle(known.data);
    },
    { connection: connectionOptions(connection, 'consumer'), concurrency: options.slots, autorun: false, ...stalled },
  );
  worker.on('error', options.onError);
  await worker.waitUntilReady();
  worker.run().catch(options.onError);
  return { close: (force) => worker.close(force) };
}
