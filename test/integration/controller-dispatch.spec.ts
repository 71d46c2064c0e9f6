import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignView, RunJob } from '#libs/contracts';
import { consumeRuns, openRunQueue, type RunConsumer, type RunQueue } from '#libs/platform';
import {
  eventually,
  startTestPostgres,
  startTestRedis,
  type TestPostgres,
  type TestRedis,
} from '../../libs/platform/src/testkit/servers.testkit.js';
import {
  ProblemError,
  query,
  resultOf,
  smallCampaign,
  startTestController,
  submit,
  type TestController,
  type TestWorker,
} from './controller.testkit.js';

let postgres: TestPostgres;
let redis: TestRedis;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startTestPostgres(), startTestRedis()]);
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});
afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

const fail = (error: Error): never => {
  throw error;
};

/** What a sim-worker does with a job, without the simulating. */
async function work(test: TestController, worker: TestWorker, job: RunJob): Promise<string> {
  try {
    const lease = await worker.lease(job);
    await worker.heartbeat(lease);
    return (await worker.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest))).state;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'LEASE_REFUSED') return 'refused';
    throw error;
  }
}

const untilEnded = (test: TestController, campaign: CampaignView): Promise<void> =>
  eventually(
    'the campaign ends',
    async () => (await test.user.get<CampaignView>(`/campaigns/${campaign.id}`)).endedAt !== null,
  );

describe.each([
  { name: 'PostgreSQL', redisUrl: (): string | undefined => undefined },
  { name: 'Redis', redisUrl: (): string | undefined => redis.url },
])('dispatch with the queue on $name', ({ redisUrl }) => {
  const start = async (): Promise<{ test: TestController; queue: RunQueue }> => {
    const url = redisUrl();
    const test = await startTestController({ postgres, ...(url === undefined ? {} : { redisUrl: url }) });
    cleanUp.push(() => test.stop());
    const queue = await openRunQueue(
      url === undefined ? { kind: 'postgres', url: test.databaseUrl } : { kind: 'redis', url },
      fail,
    );
    cleanUp.push(() => queue.close());
    await queue.empty();
    return { test, queue };
  };
  const consume = async (worker: TestWorker, handle: (job: RunJob) => Promise<unknown>): Promise<RunConsumer> => {
    const consumer = await consumeRuns(worker.registered.queue, {
      slots: 2,
      handle: async (job) => void (await handle(job)),
      onError: fail,
    });
    cleanUp.push(() => consumer.close(true));
    return consumer;
  };
  const file = { ...smallCampaign, seeds: 10 };

  it('brings every run of a campaign to exactly one of two workers, which know the queue from the controller only', async () => {
    const { test } = await start();
    const [one, two] = await Promise.all([test.worker('one'), test.worker('two')]);
    const states: string[] = [];
    for (const worker of [one, two]) await consume(worker, async (job) => states.push(await work(test, worker, job)));
    const campaign = await submit(test, file);
    await untilEnded(test, campaign);
    expect(states).toEqual(Array.from({ length: 20 }, () => 'SUCCEEDED'));
    expect(await query(test.databaseUrl, 'select 1 from attempts')).toHaveLength(20);
  });

  it('loses nothing when the queue is emptied in mid-campaign', async () => {
    const { test, queue } = await start();
    const worker = await test.worker('one');
    const campaign = await submit(test, file);
    await eventually(
      'all jobs are in the queue',
      async () => (await query(test.databaseUrl, 'select 1 from outbox')).length === 0,
    );
    let emptied = false;
    let done = 0;
    await consume(worker, async (job) => {
      await work(test, worker, job);
      if (++done === 4 && !emptied) {
        emptied = true;
        await queue.empty();
      }
    });
    await untilEnded(test, campaign);
    expect(emptied).toBe(true);
    expect(await test.user.get(`/campaigns/${campaign.id}`)).toMatchObject({
      status: 'passed',
      counts: { passed: 20 },
    });
    expect(await query(test.databaseUrl, 'select 1 from results')).toHaveLength(20);
  });

  it('goes on after a restart of the controller; a job whose worker died before leasing gets a new epoch', async () => {
    const { test } = await start();
    const worker = await test.worker('one');
    const campaign = await submit(test, { ...smallCampaign, hypervisor: 'kvm' });
    let taken = 0;
    const dead = await consume(worker, () => new Promise(() => taken++));
    await eventually('a worker that does nothing took the job', () => taken === 1);
    await dead.close(true);
    await test.restart();
    // The queue stamps jobs with the real clock; the controller's clock is the test's.
    test.clock.advance(Date.now() - test.clock.now().getTime() + 60_000);
    await consume(worker, (job) => work(test, worker, job));
    await untilEnded(test, campaign);
    const [run] = await query<{ epoch: number }>(test.databaseUrl, 'select state::text, epoch, attempts from runs');
    expect(run).toMatchObject({ state: 'SUCCEEDED', attempts: 1 });
    // One epoch more at least: with its clock set forward, this controller finds later jobs old, too.
    expect(run!.epoch).toBeGreaterThan(1);
  });
});

describe('a campaign of 10 000 runs', () => {
  it('is stored whole, and cancelled whole, while its jobs are on their way to the queue', async () => {
    const test = await startTestController({ postgres });
    cleanUp.push(() => test.stop());
    const begin = process.hrtime.bigint();
    const workload = { name: ['hypercall', 'mmio'], iterations: [1, 2, 3, 4, 5] };
    const campaign = await submit(test, { ...smallCampaign, workload, seeds: 500 });
    console.log(`10 000 runs expanded and stored in ${(Number(process.hrtime.bigint() - begin) / 1e9).toFixed(2)} s`);
    expect(campaign).toMatchObject({ runs: 10_000, points: 20, status: 'waiting' });
    const cancelled = await test.user.post(`/campaigns/${campaign.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 'cancelled', counts: { cancelled: 10_000 } });
    expect(await query(test.databaseUrl, 'select 1 from outbox')).toEqual([]);
    expect(await query(test.databaseUrl, 'select count(*)::int as n from events')).toEqual([{ n: 10_000 }]);
  });
});
