/** `dvfarm campaign ...`: campaigns of a running cluster, over HTTP. */
import {
  campaignPageSchema,
  campaignViewSchema,
  type CampaignView,
  parseInput,
  reportFormats,
  reportHeadSchema,
  runPageSchema,
  type RunView,
} from '#libs/contracts';
import { apiClient, type ApiClient, homeFiles } from '#libs/platform';
import { z } from 'zod';
import { readCampaign } from '../campaign-file.js';
import { readSecret, runningController } from '../cluster/cluster.js';
import { CommandError, exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { stateDirectory } from '../paths.js';
import { columns } from '../table.js';
import { openDisplay } from '../watch/display.js';
import { follow } from '../watch/follow.js';
import { readEngine, submitCampaign } from './run.js';

interface Reach {
  home?: string;
  controller?: string;
  keyFile?: string;
}

/** Client for the controller that the options, the environment or the state directory name. */
async function reach(options: Reach): Promise<ApiClient> {
  const home = stateDirectory(options);
  const given = options.controller ?? process.env['DVFARM_CONTROLLER_URL'];
  const url = given === undefined ? await runningController(home) : checkedUrl(given);
  if (url === null)
    throw new CommandError(
      `${home}: found no running controller, expected one: start it with "dvfarm up", or name one with --controller`,
    );
  return apiClient(url, readSecret(options.keyFile ?? homeFiles(home).apiKey, 'API key'));
}

function checkedUrl(text: string): string {
  return parseInput(
    z.url({ protocol: /^https?$/, error: 'a URL such as http://127.0.0.1:3000' }),
    text,
    '--controller',
  );
}

export async function submit(
  path: string,
  options: Reach & { cache?: boolean; engine?: string; json?: boolean },
): Promise<number> {
  const campaign = readCampaign(path);
  const engine = readEngine(options.engine);
  const api = await reach(options);
  const view = await submitCampaign(api, campaign, { noCache: options.cache === false, engine });
  process.stdout.write(
    options.json === true ? json(view) : `campaign ${String(view.number)} (${view.id}): ${String(view.runs)} runs\n`,
  );
  return exitCodes.done;
}

export async function list(options: Reach & { json?: boolean }): Promise<number> {
  const api = await reach(options);
  const campaigns: CampaignView[] = [];
  let cursor: string | null = null;
  do {
    const page: z.output<typeof campaignPageSchema> = await api.call(
      `/campaigns${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
      campaignPageSchema,
    );
    campaigns.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  process.stdout.write(options.json === true ? json(campaigns) : `${campaignTable(campaigns)}\n`);
  return exitCodes.done;
}

export async function show(id: string, options: Reach & { json?: boolean }): Promise<number> {
  const api = await reach(options);
  const campaign = await api.call(`/campaigns/${encodeURIComponent(id)}`, campaignViewSchema);
  const runs = await allRuns(api, campaign.id);
  if (options.json === true) {
    process.stdout.write(json({ campaign, runs }));
    return exitCodes.done;
  }
  const rows = runs.map((run) => [
    String(run.index),
    run.status,
    run.label,
    String(run.spec.seed),
    String(run.attempts),
    run.worker ?? '–',
    run.reusedFrom === null ? (run.reason ?? '') : `same as run ${run.reusedFrom}`,
  ]);
  const header = ['run', 'status', 'point', 'seed', 'attempts', 'worker', 'remark'];
  process.stdout.write(`${campaignTable([campaign])}\n\n${columns(header, rows)}\n`);
  return exitCodes.done;
}

export async function watch(id: string, options: Reach): Promise<number> {
  const api = await reach(options);
  const campaign = await api.call(`/campaigns/${encodeURIComponent(id)}`, campaignViewSchema);
  const interrupt = onInterrupt();
  const display = openDisplay(process.stderr);
  try {
    const ended = await follow(api, campaign.id, display, interrupt.signal, (lost) => Promise.reject(lost));
    display.close();
    process.stdout.write(`${campaignTable([ended])}\n`);
    return ended.status === 'passed' ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    // Only the watching ends; the campaign goes on.
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    throw error;
  } finally {
    display.close();
    interrupt.release();
  }
}

export async function cancel(id: string, options: Reach): Promise<number> {
  const api = await reach(options);
  const campaign = await api.call(`/campaigns/${encodeURIComponent(id)}/cancel`, campaignViewSchema, { json: {} });
  process.stdout.write(`${campaignTable([campaign])}\n`);
  return exitCodes.done;
}

export async function report(id: string, options: Reach & { format?: string }): Promise<number> {
  const format = parseInput(z.enum(reportFormats), options.format ?? 'summary', '--format');
  const api = await reach(options);
  const path = `/campaigns/${encodeURIComponent(id)}/report`;
  const head = await api.call(`${path}?format=json`, reportHeadSchema, { timeoutMs: 60_000 });
  process.stdout.write(await api.text(`${path}?format=${format}`, { timeoutMs: 60_000 }));
  return head.ok ? exitCodes.done : exitCodes.failed;
}

async function allRuns(api: ApiClient, campaignId: string): Promise<RunView[]> {
  const runs: RunView[] = [];
  let cursor: string | null = null;
  do {
    const page: z.output<typeof runPageSchema> = await api.call(
      `/campaigns/${campaignId}/runs?limit=1000${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      runPageSchema,
    );
    runs.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return runs;
}

function campaignTable(campaigns: readonly CampaignView[]): string {
  const rows = campaigns.map((campaign) => [
    String(campaign.number),
    campaign.name,
    campaign.status,
    `${String(campaign.counts.passed ?? 0)}/${String(campaign.runs)}`,
    String(campaign.cached),
    String(campaign.alarms),
    campaign.createdAt,
    campaign.id,
  ]);
  return columns(['no', 'name', 'status', 'passed', 'cached', 'alarms', 'created', 'id'], rows);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
