/** A worker that dies or leaves in mid-run: the run ends on another one, and one result is stored (issue "First light", point 4). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CampaignFileInput,
  type CampaignView,
  resultViewSchema,
  runPageSchema,
  type RunView,
} from '#libs/contracts';
import { Farm } from './farm.testkit.js';
import { eventually } from '../../libs/platform/src/testkit/servers.testkit.js';

/** One run that computes long enough to be caught at it. */
const campaign = (seed: number): CampaignFileInput => ({
  name: 'one-long-run',
  machine: { preset: 'firesim' },
  hypervisor: 'kvm',
  workload: { name: 'hypercall', iterations: 20_000, warmup: 10 },
  seeds: [seed],
});

const farm = new Farm();
beforeAll(() => farm.controller(), 90_000);
afterAll(() => farm.close(), 120_000);

async function onlyRun(view: CampaignView): Promise<RunView> {
  const { items } = await farm.api().call(`/campaigns/${view.id}/runs`, runPageSchema);
  if (items.length !== 1 || items[0] === undefined) throw new Error(`found ${String(items.length)} runs, expected 1`);
  return items[0];
}

/** Starts a worker and waits until it takes work. */
async function readyWorker(name: string): Promise<void> {
  const worker = farm.worker(name);
  await eventually(`worker ${name} is ready`, () => worker.output().includes('ready:'));
}

/** Submits a campaign; resolves with the name of the worker that computes its run as soon as one does. */
async function caughtRunning(seed: number): Promise<{ submitted: CampaignView; holder: string }> {
  const submitted = await farm.submit(campaign(seed));
  let holder = '';
  await eventually('the run is computed', async () => {
    const run = await onlyRun(submitted);
    holder = run.worker ?? '';
    return run.state === 'RUNNING';
  });
  return { submitted, holder };
}

/** Events of the run's life, in order. */
async function transitions(view: CampaignView): Promise<string[]> {
  const events = await farm.events(view.id);
  return events.flatMap((event) => (event.kind === 'transition' ? [event.event] : []));
}

/** The same run again, undisturbed: the controller compares, and so do we. */
async function sameAsUndisturbed(run: RunView, seed: number): Promise<void> {
  const disturbed = await farm.api().call(`/runs/${run.id}/result`, resultViewSchema);
  const again = await farm.ended((await farm.submit(campaign(seed), true)).id);
  expect(again).toMatchObject({ status: 'passed', alarms: 0, cached: 0 });
  const undisturbed = await farm.api().call(`/runs/${(await onlyRun(again)).id}/result`, resultViewSchema);
  expect(undisturbed.result).toMatchObject({
    cycles: disturbed.result.cycles,
    instret: disturbed.result.instret,
    stateHash: disturbed.result.stateHash,
    metrics: disturbed.result.metrics,
  });
}

describe('a worker in mid-run', () => {
  it('that is killed loses the run to another one, and one result is stored', async () => {
    await readyWorker('first');
    const { submitted, holder } = await caughtRunning(1);
    expect(holder).toBe('first');
    farm.workers.get('first')?.child.kill('SIGKILL');
    await readyWorker('second');
    const ended = await farm.ended(submitted.id);
    expect(ended).toMatchObject({ status: 'passed', alarms: 0 });
    const run = await onlyRun(ended);
    expect(run).toMatchObject({ attempts: 2, worker: 'second', state: 'SUCCEEDED' });
    expect(await transitions(ended)).toEqual(['lease', 'start', 'expire', 'lease', 'start', 'finish', 'pass']);
    await sameAsUndisturbed(run, 1);
  }, 300_000);

  it('that is asked to stop hands the run back at once and leaves', async () => {
    await readyWorker('third');
    const { submitted, holder } = await caughtRunning(2);
    const leaving = farm.workers.get(holder);
    leaving?.child.kill('SIGTERM');
    expect((await leaving?.ended)?.code).toBe(0);
    const ended = await farm.ended(submitted.id);
    const run = await onlyRun(ended);
    expect(run.worker).not.toBe(holder);
    expect(await transitions(ended)).toEqual(['lease', 'start', 'release', 'lease', 'start', 'finish', 'pass']);
    await sameAsUndisturbed(run, 2);
  }, 300_000);
});
