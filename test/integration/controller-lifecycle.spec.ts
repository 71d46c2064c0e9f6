import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CampaignView, Lease, RunView } from '#libs/contracts';
import { eventually, startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import {
  jobOf,
  ProblemError,
  query,
  resultOf,
  runsOf,
  startTestController,
  submit,
  type TestController,
  type TestWorker,
} from './controller.testkit.js';

let postgres: TestPostgres;
let test: TestController;
let one: TestWorker;
let other: TestWorker;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  test = await startTestController({ postgres });
  [one, other] = await Promise.all([test.worker('one'), test.worker('other')]);
});
afterEach(() => test.stop());

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
    throw error;
  }
  return 'accepted';
};

const runOf = (runId: string): Promise<RunView> => test.user.get<RunView>(`/runs/${runId}`);

const leaseNext = async (worker: TestWorker, runId: string): Promise<Lease> => worker.lease(await jobOf(test, runId));

const untilState = (runId: string, state: string): Promise<void> =>
  eventually(`run is ${state}`, async () => (await runOf(runId)).state === state);

/** Lets the lease run out: the clock goes past it, the sweep does the rest. */
const loseLease = async (runId: string): Promise<void> => {
  const before = (await jobOf(test, runId)).epoch;
  test.clock.advance(11_000);
  await eventually(
    'the lease is taken away',
    async () => (await jobOf(test, runId)).epoch > before || (await runOf(runId)).endedAt !== null,
  );
};

describe('a run', () => {
  let campaign: CampaignView;
  let runId: string;

  beforeEach(async () => {
    campaign = await submit(test);
    runId = (await runsOf(test, campaign))[0]!.id;
  });

  it('goes from waiting to passed, with an event for every step and its figures stored', async () => {
    const lease = await leaseNext(one, runId);
    await one.heartbeat(lease, 'running', 5000n);
    expect(await runOf(runId)).toMatchObject({
      state: 'RUNNING',
      worker: 'one',
      progress: { instret: '5000', cycles: '10000' },
    });
    await one.heartbeat(lease, 'collecting');
    const result = resultOf(lease, test.catalogue.simulatorDigest);
    expect(await one.handIn(lease, result)).toEqual({ state: 'SUCCEEDED', alarms: [] });

    const stored = await test.user.get<{ result: unknown }>(`/runs/${runId}/result`);
    expect(stored.result).toEqual({ ...result, console: 'ready\nA\u2400B' });
    const events = await query<{ name: string; from_state: string; to_state: string }>(
      test.databaseUrl,
      'select name, from_state, to_state from events where run_id = $1 order by id',
      [runId],
    );
    expect(events.map((event) => `${event.name} ${event.from_state}>${event.to_state}`)).toEqual([
      'lease QUEUED>LEASED',
      'start LEASED>RUNNING',
      'finish RUNNING>COLLECTING',
      'pass COLLECTING>SUCCEEDED',
    ]);
  });

  it('is leased by exactly one of two workers that ask at once, however often', async () => {
    const job = await jobOf(test, runId);
    const codes = await Promise.all(
      Array.from({ length: 16 }, (_, index) => codeOf((index % 2 === 0 ? one : other).lease(job))),
    );
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['accepted', 'LEASE_REFUSED']));
    expect(await runOf(runId)).toMatchObject({ state: 'LEASED', attempts: 1 });
  });

  it('whose lease expires goes back to the queue, and another worker finishes it with one result stored', async () => {
    const lost = await leaseNext(one, runId);
    await one.heartbeat(lost);
    await loseLease(runId);
    expect(await runOf(runId)).toMatchObject({ state: 'QUEUED', attempts: 1 });
    const lease = await leaseNext(other, runId);
    const result = resultOf(lease, test.catalogue.simulatorDigest);
    await other.handIn(lease, result);
    expect(await codeOf(one.handIn(lost, result))).toBe('LEASE_LOST');
    expect(await runOf(runId)).toMatchObject({ state: 'SUCCEEDED', attempts: 2, worker: 'other' });
    expect(await query(test.databaseUrl, 'select run_id from results where run_id = $1', [runId])).toHaveLength(1);
    expect(await query(test.databaseUrl, 'select agrees from evidence')).toEqual([{ agrees: true }]);
  });

  it('keeps its lease as long as heartbeats come', async () => {
    const lease = await leaseNext(one, runId);
    for (let beat = 0; beat < 5; beat++) {
      test.clock.advance(9_000);
      await one.heartbeat(lease);
    }
    expect((await one.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest))).state).toBe('SUCCEEDED');
  });

  it('survives an absence of the controller longer than its lease', async () => {
    const lease = await leaseNext(one, runId);
    await one.heartbeat(lease);
    await test.restart(() => test.clock.advance(60_000));
    await one.heartbeat(lease);
    expect(await runOf(runId)).toMatchObject({ state: 'RUNNING', attempts: 1 });
  });

  it('survives a kill of the database: 503 while it is away, nothing lost, the lease kept', async () => {
    const lease = await leaseNext(one, runId);
    await one.heartbeat(lease);
    process.kill(
      Number(readFileSync(join(postgres.server.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]),
      'SIGKILL',
    );
    const codes = new Set<string>();
    await eventually('the database is back', async () => {
      const code = await codeOf(one.heartbeat(lease));
      codes.add(code);
      return codes.size > 1 && code === 'accepted';
    });
    expect([...codes].sort()).toEqual(['DATABASE_AWAY', 'accepted']);
    test.clock.advance(9_000);
    expect(await one.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest))).toMatchObject({
      state: 'SUCCEEDED',
    });
  });

  it('refuses messages of a lost attempt and keeps its late result; one that disagrees raises an alarm', async () => {
    const lost = await leaseNext(one, runId);
    await loseLease(runId);
    expect(await codeOf(one.heartbeat(lost))).toBe('LEASE_LOST');
    expect(await codeOf(one.giveUp(lost, 'crashed'))).toBe('LEASE_LOST');
    const wrong = resultOf(lost, test.catalogue.simulatorDigest, { cycles: '7' });
    expect(await codeOf(one.handIn(lost, wrong))).toBe('LEASE_LOST');
    expect(await runOf(runId)).toMatchObject({ state: 'QUEUED' });

    const lease = await leaseNext(other, runId);
    const answer = await other.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest));
    expect(answer.alarms).toEqual([expect.stringMatching(/differs from the late result of a lost attempt in cycles$/)]);
    expect((await test.user.get<CampaignView>(`/campaigns/${campaign.id}`)).alarms).toBe(1);
    const kinds = await query<{ kind: string }>(
      test.databaseUrl,
      `select kind::text from events where run_id = $1 and kind <> 'TRANSITION' order by id`,
      [runId],
    );
    expect(kinds.map((row) => row.kind)).toEqual(['REFUSED', 'REFUSED', 'ALARM']);
  });

  it('is lost when five attempts lost their lease', async () => {
    for (let attempt = 1; attempt <= 5; attempt++) {
      await leaseNext(one, runId);
      await loseLease(runId);
    }
    expect(await runOf(runId)).toMatchObject({
      state: 'LOST',
      status: 'lost',
      attempts: 5,
      reason: expect.stringMatching(/^5 attempts lost/) as string,
    });
  });

  it('handed back politely waits again, however often', async () => {
    for (let attempt = 1; attempt <= 7; attempt++) {
      const lease = await leaseNext(one, runId);
      expect(await one.giveUp(lease, 'released')).toEqual({ state: 'QUEUED' });
      expect(await one.giveUp(lease, 'released')).toEqual({ state: 'QUEUED' }); // the answer got lost: said again
    }
    expect(await runOf(runId)).toMatchObject({ attempts: 7 });
  });

  it('whose simulator crashed is broken, not retried, and says why', async () => {
    const lease = await leaseNext(one, runId);
    await one.giveUp(lease, 'crashed', 'Error: unreachable\n    at step');
    expect(await runOf(runId)).toMatchObject({ state: 'BROKEN', reason: 'Error: unreachable\n    at step' });
    expect(await codeOf(one.lease(await jobOf(test, runId)))).toBe('LEASE_REFUSED');
  });

  it('that failed or ran out of time has a result and a reason', async () => {
    const [first, second] = await runsOf(test, campaign);
    const failed = await leaseNext(one, first!.id);
    await one.handIn(
      failed,
      resultOf(failed, test.catalogue.simulatorDigest, {
        outcome: { kind: 'failed', exitCode: 3, detail: 'guest panic' },
      }),
    );
    const late = await leaseNext(one, second!.id);
    await one.handIn(
      late,
      resultOf(late, test.catalogue.simulatorDigest, {
        outcome: { kind: 'timed-out', exitCode: null, detail: 'at cycle 10' },
      }),
    );
    expect(await runOf(first!.id)).toMatchObject({ status: 'failed', reason: 'failed: guest panic' });
    expect(await runOf(second!.id)).toMatchObject({ status: 'timed-out', reason: 'timed-out: at cycle 10' });
    expect(await test.user.get<CampaignView>(`/campaigns/${campaign.number}`)).toMatchObject({
      status: 'failed',
      counts: { failed: 1, 'timed-out': 1 },
    });
  });

  it('answers the same result sent twice alike, and refuses a second, different one', async () => {
    const lease = await leaseNext(one, runId);
    const result = resultOf(lease, test.catalogue.simulatorDigest);
    await one.handIn(lease, result);
    expect(await one.handIn(lease, result)).toEqual({ state: 'SUCCEEDED', alarms: [] });
    expect(await codeOf(one.handIn(lease, { ...result, cycles: '1' }))).toBe('RESULT_STORED');
  });

  it('takes no result made with other software than its key says', async () => {
    const lease = await leaseNext(one, runId);
    expect(await codeOf(one.handIn(lease, resultOf(lease, 'd'.repeat(64))))).toBe('SOFTWARE_DIFFERS');
    expect(await runOf(runId)).toMatchObject({
      state: 'BROKEN',
      reason: expect.stringContaining('found a result of simulator dddd') as string,
    });
  });

  it('knows a forged lease token from a late one', async () => {
    const lease = await leaseNext(one, runId);
    expect(await codeOf(one.heartbeat({ ...lease, leaseToken: 'forged' }))).toBe('UNKNOWN_LEASE');
    expect(await codeOf(one.heartbeat({ ...lease, runId: randomUUID() }))).toBe('UNKNOWN_LEASE');
  });

  it('is refused to a job of an older epoch', async () => {
    const old = await jobOf(test, runId);
    await one.giveUp(await one.lease(old), 'released');
    expect(await codeOf(one.lease(old))).toBe('LEASE_REFUSED');
  });
});

describe('a cancelled campaign', () => {
  it('ends waiting runs at once and asks running ones to stop', async () => {
    const campaign = await submit(test);
    const [first, second] = await runsOf(test, campaign);
    const lease = await leaseNext(one, first!.id);
    await one.heartbeat(lease);
    const polled = one.http.post<{ runIds: string[] }>('/workers/cancellations');
    expect(await test.user.post(`/campaigns/${campaign.id}/cancel`)).toMatchObject({ status: 'cancelling' });
    expect(await runOf(second!.id)).toMatchObject({ status: 'cancelled' });
    expect(await polled).toEqual({ runIds: [first!.id] });
    expect(await one.http.post('/workers/cancellations')).toEqual({ runIds: [] }); // told once, not in a tight loop
    expect(await one.heartbeat(lease)).toMatchObject({ cancel: true });
    expect(await one.giveUp(lease, 'cancelled')).toEqual({ state: 'CANCELLED' });
    expect(await test.user.get(`/campaigns/${campaign.id}`)).toMatchObject({
      status: 'cancelled',
      counts: { cancelled: 2 },
    });
  });

  it('ends a run whose worker died, and does not obey a result that comes after', async () => {
    const campaign = await submit(test);
    const [first, second] = await runsOf(test, campaign);
    const [dead, slow] = [await leaseNext(one, first!.id), await leaseNext(other, second!.id)];
    await test.user.post(`/campaigns/${campaign.id}/cancel`);
    expect(await other.handIn(slow, resultOf(slow, test.catalogue.simulatorDigest))).toEqual({
      state: 'CANCELLED',
      alarms: [],
    });
    test.clock.advance(11_000);
    await untilState(first!.id, 'CANCELLED');
    expect(await codeOf(one.handIn(dead, resultOf(dead, test.catalogue.simulatorDigest)))).toBe('LEASE_LOST');
    expect(await query(test.databaseUrl, 'select run_id from results')).toHaveLength(0);
    expect(await query(test.databaseUrl, 'select id from evidence')).toHaveLength(2);
  });

  it('that has ended stays as it is', async () => {
    const campaign = await submit(test);
    for (const run of await runsOf(test, campaign)) {
      const lease = await leaseNext(one, run.id);
      await one.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest));
    }
    expect(await test.user.post(`/campaigns/${campaign.id}/cancel`)).toMatchObject({ status: 'passed' });
  });
});

describe('the run cache', () => {
  const finishAll = async (campaign: CampaignView, change: object = {}): Promise<string[]> => {
    const alarms: string[] = [];
    for (const run of await runsOf(test, campaign)) {
      const lease = await leaseNext(one, run.id);
      alarms.push(...(await one.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest, change))).alarms);
    }
    return alarms;
  };

  it('answers a known key with the original run, names it, and runs nothing', async () => {
    const first = await submit(test);
    await finishAll(first);
    const second = await submit(test);
    expect(second).toMatchObject({ status: 'passed', cached: 2 });
    const [originals, cached] = [await runsOf(test, first), await runsOf(test, second)];
    expect(cached.map((run) => run.reusedFrom)).toEqual(originals.map((run) => run.id));
    expect(await test.user.get(`/runs/${cached[0]!.id}/result`)).toMatchObject({
      originalRunId: originals[0]!.id,
      result: { outcome: { kind: 'passed', exitCode: 0 } },
    });
    expect(await query(test.databaseUrl, 'select id from outbox')).toHaveLength(0);
  });

  it('is told by a plan before anything is stored', async () => {
    await finishAll(await submit(test));
    const file = {
      name: 'more',
      machine: { preset: 'firesim' },
      hypervisor: 'kvm',
      workload: { name: 'hypercall', iterations: 10, warmup: 1 },
      seeds: 2,
    };
    const plan = await test.user.post('/campaigns/plan', { file });
    expect(plan).toMatchObject({
      name: 'more',
      points: 1,
      cached: 1,
      expectedSeconds: 1.5,
      runs: [
        { seed: 1, expectedSeconds: 0 },
        { seed: 2, cachedRun: null, expectedSeconds: 1.5 },
      ],
    });
    expect((await test.user.get<{ items: unknown[] }>('/campaigns')).items).toHaveLength(1);
  });

  it('is passed by with noCache, and the second execution is compared bit for bit', async () => {
    await finishAll(await submit(test));
    const again = await submit(test, undefined, { noCache: true });
    expect(again).toMatchObject({ status: 'waiting', cached: 0 });
    expect(await finishAll(again)).toEqual([]);
    const third = await submit(test, undefined, { noCache: true });
    const alarms = await finishAll(third, { cycles: '12', stateHash: 'other' });
    expect(alarms).toHaveLength(2);
    expect(alarms[0]).toMatch(/of the same key in cycles, stateHash$/);
    expect(await test.user.get(`/campaigns/${third.id}`)).toMatchObject({ status: 'passed', alarms: 2 });
  });

  it('answers a run that waits while its twin in another campaign passes', async () => {
    const [first, second] = [await submit(test), await submit(test)];
    await finishAll(first);
    const [waiting] = await runsOf(test, second);
    expect(await codeOf(one.lease(await jobOf(test, waiting!.id)))).toBe('LEASE_REFUSED');
    expect(await runOf(waiting!.id)).toMatchObject({
      status: 'passed',
      reusedFrom: (await runsOf(test, first))[0]!.id,
    });
  });

  it('knows no answer when the simulator is another one', async () => {
    await finishAll(await submit(test));
    test.catalogue.simulatorDigest = 'e'.repeat(64);
    expect(await submit(test)).toMatchObject({ status: 'waiting', cached: 0 });
  });

  it('does not take a failure for an answer', async () => {
    await finishAll(await submit(test), { outcome: { kind: 'failed', exitCode: 1, detail: 'no' } });
    expect(await submit(test)).toMatchObject({ cached: 0 });
  });
});
