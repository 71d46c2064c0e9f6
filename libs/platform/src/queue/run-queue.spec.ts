import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultPriority, type RunJob } from '#libs/contracts';
import { prepareQueueSchema } from '../database/queue-role.js';
import {
  eventually,
  startTestPostgres,
  startTestRedis,
  type TestPostgres,
  type TestRedis,
} from '../testkit/servers.testkit.js';
import { checkRedis, type QueueConnection } from './connection.js';
import { consumeRuns, type RunConsumer } from './run-consumer.js';
import { openRunQueue, type RunQueue } from './run-queue.js';

let postgres: TestPostgres;
let redis: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startTestPostgres(), startTestRedis()]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});

const fail = (error: Error): never => {
  throw error;
};
const job = (epoch = 1): RunJob => ({ runId: randomUUID(), epoch });
const at = (...jobs: RunJob[]) => jobs.map((one) => ({ job: one, priority: defaultPriority }));

interface Ends {
  producer: QueueConnection;
  consumer: QueueConnection;
}

// One suite for every adapter: what holds on one backend holds on the other.
describe.each<{ name: string; ends: () => Promise<Ends> }>([
  {
    name: 'PostgreSQL, workers in the role dvfarm_queue',
    ends: async () => {
      const url = await postgres.createDatabase(`queue_${randomUUID()}`);
      const workerUrl = await prepareQueueSchema(url);
      return { producer: { kind: 'postgres', url }, consumer: { kind: 'postgres', url: workerUrl } };
    },
  },
  {
    name: 'Redis',
    ends: () =>
      Promise.resolve({ producer: { kind: 'redis', url: redis.url }, consumer: { kind: 'redis', url: redis.url } }),
  },
])('the run queue on $name', ({ ends }) => {
  let connections: Ends;
  let queue: RunQueue;
  const consumers: RunConsumer[] = [];

  const consume = async (handle: (taken: RunJob) => Promise<void>, slots = 1): Promise<void> => {
    consumers.push(await consumeRuns(connections.consumer, { slots, handle, onError: fail }));
  };

  beforeEach(async () => {
    connections = await ends();
    queue = await openRunQueue(connections.producer, fail);
    await queue.empty();
  });
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close(true)));
    await queue.close();
  });

  it('hands every job to exactly one of two consumers', async () => {
    const jobs = Array.from({ length: 40 }, () => job());
    const taken: string[] = [];
    const handle = async (one: RunJob): Promise<void> => void taken.push(one.runId);
    await consume(handle, 4);
    await consume(handle, 4);
    await queue.add(at(...jobs));
    await eventually('40 jobs taken', () => taken.length >= 40);
    expect(taken.sort()).toEqual(jobs.map((one) => one.runId).sort());
  });

  it('knows where a job is from adding to the end', async () => {
    const one = job();
    expect(await queue.lookUp(one)).toEqual({ kind: 'absent' });
    await queue.add(at(one));
    expect(await queue.lookUp(one)).toEqual({ kind: 'waiting' });
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    let started = false;
    await consume(() => ((started = true), held));
    await eventually('the job is taken', () => started);
    expect(await queue.lookUp(one)).toMatchObject({ kind: 'active' });
    finish();
    await eventually('the job is done', async () => (await queue.lookUp(one)).kind === 'done');
  });

  it('adds a job once per run and epoch, also after it is done', async () => {
    const one = job();
    const taken: RunJob[] = [];
    await queue.add(at(one, one));
    await queue.add(at(one));
    await consume(async (got) => void taken.push(got));
    await eventually('the job is done', async () => (await queue.lookUp(one)).kind === 'done');
    const next = { ...one, epoch: 2 };
    await queue.add(at(one, next));
    await eventually('the next epoch is done', async () => (await queue.lookUp(next)).kind === 'done');
    expect(taken).toEqual([one, next]);
  });

  it('hands out lower priorities first', async () => {
    const [late, early] = [job(), job()];
    const taken: string[] = [];
    await queue.add([
      { job: late, priority: 200 },
      { job: early, priority: 50 },
    ]);
    await consume(async (got) => void taken.push(got.runId));
    await eventually('both taken', () => taken.length === 2);
    expect(taken).toEqual([early.runId, late.runId]);
  });

  it('forgets waiting and running jobs when it is emptied, and takes them again', async () => {
    const one = job();
    await queue.add(at(one));
    await queue.empty();
    expect(await queue.lookUp(one)).toEqual({ kind: 'absent' });
    await queue.add(at(one));
    expect(await queue.lookUp(one)).toEqual({ kind: 'waiting' });
  });

  it('takes a waiting job away', async () => {
    const one = job();
    await queue.add(at(one));
    await queue.remove(one);
    expect(await queue.lookUp(one)).toEqual({ kind: 'absent' });
  });

  it('goes on with the next job after one whose handling failed', async () => {
    const [bad, good] = [job(), job()];
    const taken: string[] = [];
    await queue.add(at(bad, good));
    await consume(async (got) => {
      if (got.runId === bad.runId) throw new Error('handler failed');
      taken.push(got.runId);
    });
    await eventually('the good one is taken', () => taken.length === 1);
    await eventually('the bad one is done', async () => (await queue.lookUp(bad)).kind === 'done');
  });
});

describe('the check of a given Redis', () => {
  it('accepts one that keeps everything', async () => {
    await expect(checkRedis(redis.url)).resolves.toBeUndefined();
  });

  it.each([
    [{ 'maxmemory-policy': 'allkeys-lru' }, /maxmemory-policy allkeys-lru, expected noeviction/],
    [{ appendonly: 'no' }, /appendonly no, expected appendonly yes/],
  ])('refuses %j and names the setting', async (settings, message) => {
    const unfit = await startTestRedis(settings as unknown as Record<string, string>);
    try {
      await expect(checkRedis(unfit.url)).rejects.toThrow(message);
    } finally {
      await unfit.stop();
    }
  });

  it('names an address where none answers', async () => {
    await expect(checkRedis('redis://127.0.0.1:1')).rejects.toThrow(
      /REDIS_URL: found redis:\/\/127.0.0.1:1.*expected a reachable Redis/,
    );
  });
});
