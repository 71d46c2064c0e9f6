/** The same campaign gives the same cycles to the last digit, whatever carries it out: primitives, and services on every system. */
import { afterAll, describe, expect, it } from 'vitest';
import type { CampaignFileInput } from '#libs/contracts';
import { Farm, redisAvailable, startRedis } from './farm.testkit.js';

const campaign: CampaignFileInput = {
  name: 'equal-cycles',
  machine: { preset: 'firesim' },
  hypervisor: ['native', 'kvm', 'duvisor'],
  workload: [
    { name: ['hypercall', 'stage2-fault', 'mmio'], iterations: 20, warmup: 5 },
    { name: ['memcached-like', 'redis-like'], requests: 10, warmup: 2, connections: 2, keys: 4 },
    { name: 'nginx-like', requests: 6, warmup: 2, connections: 2, files: { count: 3, bytes: { min: 100, max: 3000 } } },
  ],
  exclude: [{ hypervisor: 'native', workload: { name: ['hypercall', 'stage2-fault', 'mmio'] } }],
  seeds: [3],
};

const runs = 15;

interface Run {
  key: string;
  cycles: string | null;
  instret: string | null;
  stateHash: string | null;
  reusedFrom: string | null;
}

/** What may not change: each run's key, cycles, instructions and final state, and every figure computed from its metrics. */
interface Measured {
  runs: Omit<Run, 'reusedFrom'>[];
  sections: unknown;
  services: unknown;
}

async function measure(
  farm: Farm,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Measured> {
  const ended = await farm.dvfarm(['run', farm.file(campaign), '--json', ...args], environment);
  expect(ended.stderr, ended.stderr).toContain(`${runs}/${runs} runs`);
  const report = JSON.parse(ended.stdout) as {
    ok: boolean;
    runs: Run[];
    sections: unknown;
    services: unknown;
    alarms: unknown[];
  };
  expect(ended.code, ended.stderr).toBe(0);
  expect(report.alarms).toEqual([]);
  // --no-cache: every run was executed, none answered by an earlier one.
  expect(report.runs.map((run) => run.reusedFrom)).toEqual(Array(runs).fill(null));
  const executed = report.runs.map(({ key, cycles, instret, stateHash }) => ({ key, cycles, instret, stateHash }));
  expect(executed.every((run) => BigInt(run.cycles ?? 0) > 0n)).toBe(true);
  return { runs: executed, sections: report.sections, services: report.services };
}

describe('the same campaign gives the same cycles to the last digit', () => {
  const farms: Farm[] = [];
  const newFarm = (): Farm => {
    const farm = new Farm();
    farms.push(farm);
    return farm;
  };
  afterAll(() => Promise.all(farms.map((farm) => farm.close())));

  let first: Measured;

  it('on embedded PostgreSQL with one worker', async () => {
    first = await measure(newFarm(), ['--no-cache', '--workers', '1']);
    expect(new Set(first.runs.map((run) => run.key)).size).toBe(runs);
  }, 240_000);

  it('again on the same database with three workers and --no-cache', async () => {
    expect(await measure(farms[0] ?? newFarm(), ['--no-cache', '--workers', '3'])).toEqual(first);
  }, 240_000);

  if (redisAvailable())
    it('with the queue on Redis, two workers', async () => {
      const redis = await startRedis();
      try {
        const farm = newFarm();
        expect(await measure(farm, ['--no-cache', '--workers', '2'], { REDIS_URL: redis.url })).toEqual(first);
      } finally {
        await redis.stop();
      }
    }, 240_000);
});
