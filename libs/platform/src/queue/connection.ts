import { InputError, type WorkerRegistered } from '#libs/contracts';
import {
  createPostgresBackend,
  createRedisBackend,
  setDefaultBackendFactory,
  withBackend,
  type Job,
  type JobsOptions,
  type Processor,
} from 'bullmq';
import { Redis } from 'ioredis';
import { reasonOf, withoutPassword } from '../database/database.js';

/** Where the queue lives. On PostgreSQL the URL is that of a role which sees schema `bullmq`, or of its owner. */
export type QueueConnection = WorkerRegistered['queue'];

/** BullMQ classes of either backend behind one shape; nothing else of them is used. */
interface Backend {
  Queue: new (name: string, options: object) => BackendQueue;
  Worker: new (name: string, processor: Processor | null, options: object) => BackendWorker;
}

export interface BackendQueue {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  addBulk(jobs: { name: string; data: unknown; opts: JobsOptions }[]): Promise<unknown>;
  getJob(id: string): Promise<Job | undefined>;
  remove(id: string): Promise<number>;
  obliterate(options: { force: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface BackendWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  run(): Promise<void>;
  close(force?: boolean): Promise<void>;
}

/** Connections of one Queue or Worker: BullMQ adds a LISTEN client of its own. */
const poolSize = { producer: 3, consumer: 4 } as const;

export function backendOf(connection: QueueConnection): Backend {
  return (connection.kind === 'postgres'
    ? withBackend(createPostgresBackend)
    : withBackend(createRedisBackend)) as unknown as Backend;
}

/** The backend for queues that are made without naming one, as `@nestjs/bullmq` makes them. One per process. */
export function useBackend(connection: QueueConnection): void {
  if (connection.kind === 'postgres') setDefaultBackendFactory(createPostgresBackend);
  else setDefaultBackendFactory();
}

/** Producers fail at once when the queue is away (the outbox keeps the work); consumers wait for it to come back. */
export function connectionOptions(connection: QueueConnection, use: 'producer' | 'consumer'): object {
  if (connection.kind === 'postgres')
    return { connectionString: connection.url, max: poolSize[use], application_name: `dvfarm queue ${use}` };
  return {
    url: connection.url,
    maxRetriesPerRequest: use === 'consumer' ? null : 1,
    enableOfflineQueue: use === 'consumer',
  };
}

/**
 * Refuses a Redis that may drop jobs: one that evicts keys when memory is short, or that keeps nothing on disk.
 * Throws InputError naming the setting.
 */
export async function checkRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  let connectionError: Error | undefined;
  redis.on('error', (error: Error) => (connectionError = error));
  try {
    await redis.connect();
    const memory = infoOf(await redis.info('memory'));
    const persistence = infoOf(await redis.info('persistence'));
    if (memory['maxmemory_policy'] !== 'noeviction')
      throw unfit(url, `maxmemory-policy ${memory['maxmemory_policy']}`, 'noeviction: another policy throws jobs away');
    if (persistence['aof_enabled'] !== '1')
      throw unfit(url, 'appendonly no', 'appendonly yes: jobs must outlive a restart');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unfit(
      url,
      reasonOf(connectionError ?? error),
      'a reachable Redis 6.2 or later, or no REDIS_URL for a queue on PostgreSQL',
    );
  } finally {
    redis.disconnect();
  }
}

function infoOf(text: string): Record<string, string | undefined> {
  return Object.fromEntries(text.split('\r\n').map((line) => line.split(':', 2) as [string, string]));
}

function unfit(url: string, found: string, expected: string): InputError {
  return new InputError('environment', [
    { path: 'REDIS_URL', at: ['REDIS_URL'], found: `${withoutPassword(url)}: ${found}`, expected },
  ]);
}
