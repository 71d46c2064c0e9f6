/** `dvfarm run` as a newcomer meets it: it starts what it needs, prints a report, and leaves nothing behind. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CampaignFileInput, campaignPageSchema } from '#libs/contracts';
import { readControllerRecord } from '#libs/platform';
import { Farm, processesOf } from './farm.testkit.js';
import { eventually } from '../../libs/platform/src/testkit/servers.testkit.js';

const campaign = (more: Partial<CampaignFileInput> = {}): CampaignFileInput => ({
  name: 'two-runs',
  machine: { preset: 'firesim' },
  hypervisor: ['kvm', 'duvisor'],
  workload: { name: 'hypercall', iterations: 20, warmup: 5 },
  ...more,
});

/** Computes for a while on any computer. */
const long = campaign({ name: 'long', hypervisor: 'kvm', workload: { name: 'hypercall', iterations: 1_000_000 } });

let farm: Farm;
beforeEach(() => (farm = new Farm()));
afterEach(() => farm.close(), 120_000);

describe('dvfarm run', () => {
  it('prints the report, keeps it in every form, leaves no process, and answers from the cache the second time', async () => {
    const file = farm.file(campaign());
    const first = await farm.dvfarm(['run', file]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain('cycle model, not RTL');
    expect(first.stdout).toContain('VM exits that entered the kernel, DuVisor');
    expect(processesOf(farm.home)).toEqual([]);
    const report = join(farm.home, 'reports', '1-two-runs', 'report.html');
    expect(first.stderr).toContain(report);
    for (const ending of ['html', 'md', 'txt', 'csv', 'json'])
      expect(existsSync(report.replace('html', ending)), ending).toBe(true);

    const second = await farm.dvfarm(['run', file, '--json']);
    expect(second.code, second.stderr).toBe(0);
    const { runs } = JSON.parse(second.stdout) as { runs: { reusedFrom: string | null }[] };
    const originals = (JSON.parse(readFileSync(report.replace('html', 'json'), 'utf8')) as { runs: { id: string }[] })
      .runs;
    expect(runs.map((run) => run.reusedFrom)).toEqual(originals.map((run) => run.id));
  }, 240_000);

  it('stops everything on Ctrl-C, cancels what it submitted, and exits 130', async () => {
    const running = farm.start(['run', farm.file(long)]);
    await eventually('the run is computed', () => running.output().includes('1 running'));
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('campaign 1 cancelled');
    expect(processesOf(farm.home)).toEqual([]);
  }, 180_000);

  it('that is killed takes controller and workers with it', async () => {
    const running = farm.start(['run', farm.file(long)]);
    await eventually('the run is computed', () => running.output().includes('1 running'));
    running.child.kill('SIGKILL');
    await running.ended;
    await eventually('no process is left', () => processesOf(farm.home).length === 0);
  }, 180_000);

  it('whose controller is killed ends with one line; the next one takes over the database it left', async () => {
    const running = farm.start(['run', farm.file(long)]);
    await eventually('the run is computed', () => running.output().includes('1 running'));
    const controller = readControllerRecord(farm.home)?.pid ?? 0;
    process.kill(controller, 'SIGKILL');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^dvfarm: controller ended \(SIGKILL\): .* \(log: .*controller\.log\)$/,
    );
    // The next command finds the database that the killed controller left running, and stops it at its end.
    // One worker has the old run to finish, the other is free.
    const next = await farm.dvfarm(['run', farm.file(campaign()), '--workers', '2']);
    expect(next.code, next.stderr).toBe(0);
    expect(processesOf(farm.home)).toEqual([]);
  }, 240_000);

  it('joins a cluster that is up, and leaves it up', async () => {
    const up = farm.start(['up', '--workers', '1']);
    await eventually('the cluster is up', () => up.output().includes('Ctrl-C'));
    const joined = await farm.dvfarm(['run', farm.file(campaign())]);
    expect(joined.code, joined.stderr).toBe(0);
    expect(joined.stderr).toContain('joining the cluster');
    const { items } = await farm.api().call('/campaigns', campaignPageSchema);
    expect(items.map(({ name, status }) => [name, status])).toEqual([['two-runs', 'passed']]);
    up.child.kill('SIGTERM');
    expect((await up.ended).code).toBe(0);
  }, 240_000);

  it('goes on with a cluster of its own when the one it joined is taken away', async () => {
    const up = farm.start(['up', '--workers', '1']);
    await eventually('the cluster is up', () => up.output().includes('Ctrl-C'));
    const file = farm.file(campaign({ workload: { name: 'hypercall', iterations: 20_000 }, hypervisor: ['kvm'] }));
    const joined = farm.start(['run', file]);
    await eventually('the run is computed', async () => {
      const { items } = await farm.api().call('/campaigns', campaignPageSchema);
      return items[0]?.counts.running === 1;
    });
    up.child.kill('SIGTERM');
    await up.ended;
    const { code, stderr } = await joined.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('starting database and controller');
    expect(processesOf(farm.home)).toEqual([]);
  }, 240_000);
});
