import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPrisma } from '../../apps/controller/src/db/prisma.js';
import { Prisma, PrismaClient, type Run } from '../../apps/controller/src/db/generated/client.js';
import { LostRaceError, IllegalTransitionError, transition } from '../../apps/controller/src/scheduler/transition.js';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import {
  jobOf,
  query,
  runsOf,
  smallCampaign,
  startTestController,
  submit,
  type TestController,
} from './controller.testkit.js';

let postgres: TestPostgres;
let test: TestController;
let prisma: PrismaClient;
let waiting: Run;
let leased: Run;

beforeAll(async () => {
  postgres = await startTestPostgres();
  test = await startTestController({ postgres });
  prisma = openPrisma(test.databaseUrl, () => undefined);
  const [first, second] = await runsOf(test, await submit(test));
  const worker = await test.worker('one');
  await worker.lease(await jobOf(test, first!.id));
  leased = await prisma.run.findUniqueOrThrow({ where: { id: first!.id } });
  waiting = await prisma.run.findUniqueOrThrow({ where: { id: second!.id } });
});
afterAll(async () => {
  await prisma.$disconnect();
  await test.stop();
  await postgres.stop();
});

const sql = (text: string, ...values: unknown[]): Promise<unknown> => query(test.databaseUrl, text, values);

describe('the schema', () => {
  it('has every column that the Prisma client asks for', async () => {
    const models = Object.keys(Prisma.ModelName).map((name) => name.charAt(0).toLowerCase() + name.slice(1));
    expect(models.length).toBeGreaterThanOrEqual(14);
    for (const model of models)
      await (prisma as unknown as Record<string, { findFirst(): Promise<unknown> }>)[model]!.findFirst();
  });
});

describe('the database refuses', () => {
  it.each([
    ['an event rewritten', `update events set detail = 'other'`, /append-only: found UPDATE, expected INSERT/],
    ['an event deleted', 'delete from events', /append-only: found DELETE/],
    ['a log emptied', 'truncate events', /append-only: found TRUNCATE/],
    [
      'a run held without a lease',
      `update runs set state = 'RUNNING' where state = 'QUEUED'`,
      /found a lease: f, expected: t/,
    ],
    [
      'a lease of a run that is not held',
      `update runs set state = 'QUEUED' where state = 'LEASED'`,
      /found a lease: t, expected: f/,
    ],
    ['a lease taken away from a held run', 'delete from leases', /found a lease: f, expected: t/],
    ['an end without a final state', 'update runs set ended_at = now()', /runs_ended_check/],
    ['a final state without an end', `update runs set state = 'CANCELLED' where state = 'QUEUED'`, /runs_ended_check/],
    [
      'an answer for a run that has not passed',
      `update runs set reused_from_id = (select id from runs where state = 'LEASED') where state = 'QUEUED'`,
      /runs_reuse_check/,
    ],
    [
      'a run that is its own answer',
      `update runs set state = 'SUCCEEDED', ended_at = now(), reused_from_id = id where state = 'QUEUED'`,
      /runs_not_own_answer_check/,
    ],
    [
      'a second open attempt of a run',
      `insert into attempts (run_id, number, worker_id, lease_token_hash) select run_id, 2, worker_id, repeat('0', 64) from attempts`,
      /attempts_one_open/,
    ],
    ['an attempt that ended without saying how', 'update attempts set ended_at = now()', /attempts_end_check/],
    [
      'the same point and seed twice',
      'insert into runs (campaign_id, point_id, software_id, index, seed, run_key, priority) select campaign_id, point_id, software_id, 99, seed, run_key, priority from runs limit 1',
      /runs_point_id_seed_key/,
    ],
    [
      'a transition that does not say between what',
      `insert into events (campaign_id, run_id, kind, name) select campaign_id, id, 'TRANSITION', 'pass' from runs limit 1`,
      /events_transition_check/,
    ],
    ['a campaign deleted under its runs', 'delete from campaigns', /foreign key constraint/],
  ])('%s', async (_, statement, message) => {
    await expect(sql(statement)).rejects.toThrow(message);
  });
});

describe('a transition', () => {
  it('of a run that changed meanwhile is lost, and leaves no trace', async () => {
    const before = await sql('select 1 from events');
    const stale = { ...waiting, version: waiting.version + 1 };
    await expect(transition(prisma, stale, { event: 'cancel', at: new Date() })).rejects.toThrow(LostRaceError);
    await expect(
      transition(prisma, { ...waiting, state: 'LEASED' }, { event: 'cancel', at: new Date() }),
    ).rejects.toThrow(LostRaceError);
    expect(await sql('select 1 from events')).toEqual(before);
  });

  it('that the table does not have is our bug and says which', async () => {
    await expect(transition(prisma, leased, { event: 'pass', at: new Date() })).rejects.toThrow(IllegalTransitionError);
    await expect(transition(prisma, leased, { event: 'pass', at: new Date() })).rejects.toThrow(
      /found event "pass" in state LEASED/,
    );
  });

  it('happens once when sixteen writers try the same at once', async () => {
    const campaign = await submit(test, { ...smallCampaign, name: 'race' });
    const run = await prisma.run.findFirstOrThrow({ where: { campaignId: campaign.id } });
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, () =>
        prisma.$transaction((db) => transition(db, run, { event: 'cancel', at: new Date() })),
      ),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(await sql('select name from events where run_id = $1', run.id)).toEqual([{ name: 'cancel' }]);
  });
});
