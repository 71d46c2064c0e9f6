/** `dvfarm run FILE`: from a campaign file to its report, on a cluster that is started and stopped as needed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  campaignViewSchema,
  type CampaignView,
  type Engine,
  engineSchema,
  parseInput,
  reportFormats,
  reportHeadSchema,
} from '#libs/contracts';
import { type ApiClient, homeFiles } from '#libs/platform';
import { type ReadCampaign, readCampaign } from '../campaign-file.js';
import { Cluster, type ClusterOptions } from '../cluster/cluster.js';
import { exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { stateDirectory } from '../paths.js';
import { openDisplay } from '../watch/display.js';
import { follow } from '../watch/follow.js';

interface Options {
  home?: string;
  cache?: boolean;
  workers?: number;
  engine?: string;
  json?: boolean;
}

export async function run(path: string, options: Options): Promise<number> {
  // Bad input is found before anything is started, and nothing is stored.
  const campaign = readCampaign(path);
  const engine = readEngine(options.engine);
  const home = stateDirectory(options);
  const display = openDisplay(process.stderr);
  const interrupt = onInterrupt();
  const clusterOptions: ClusterOptions = {
    home,
    workers: options.workers,
    usefulWorkers: campaign.expansion.runs.length,
    port: undefined,
    say: (line) => display.say(line),
    signal: interrupt.signal,
  };
  let cluster: Cluster | null = null;
  let submitted: CampaignView | null = null;
  let tidy = false;
  // What was started here may end by itself, now or after it was started again.
  let breakDown: (why: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => (breakDown = reject));
  broken.catch(() => undefined);
  // Ends the watching when something else has ended the command.
  const over = new AbortController();
  const watching = AbortSignal.any([interrupt.signal, over.signal]);
  const open = async (): Promise<Cluster> => {
    const opened = await Cluster.open(clusterOptions);
    opened.breaksDown().catch((why: unknown) => breakDown(why));
    cluster = opened;
    return opened;
  };
  try {
    let current = await open();
    submitted = await submitCampaign(current.api, campaign, { noCache: options.cache === false, engine });
    display.say(`campaign ${String(submitted.number)} "${submitted.name}": ${String(submitted.runs)} runs`);
    const following = follow(current.api, submitted.id, display, watching, async () => {
      // A controller of our own is only busy: its end is noticed elsewhere.
      if (current.owned) return current.api;
      // It belonged to a command that is gone: the campaign is in PostgreSQL, so go on with a controller of our own.
      await current.stop(false);
      current = await open();
      return current.api;
    });
    following.catch(() => undefined);
    const ended = await Promise.race([following, broken]);
    display.close();
    const ok = await printReport(current.api, ended, home, options.json === true);
    tidy = true;
    return ok ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    display.say('interrupted');
    await cancelQuietly(cluster, submitted, display.say);
    return exitCodes.interrupted;
  } finally {
    over.abort();
    display.close();
    await (cluster as Cluster | null)?.stop(tidy);
    interrupt.release();
  }
}

export function readEngine(text: string | undefined): Engine | undefined {
  return text === undefined ? undefined : parseInput(engineSchema, text, '--engine');
}

export function submitCampaign(
  api: ApiClient,
  campaign: ReadCampaign,
  options: { noCache: boolean; engine: Engine | undefined },
): Promise<CampaignView> {
  return api.call('/campaigns', campaignViewSchema, {
    json: {
      file: campaign.input,
      noCache: options.noCache,
      ...(options.engine === undefined ? {} : { engine: options.engine }),
    },
    timeoutMs: 60_000,
  });
}

/** Prints the report, keeps it in every form, says where. True when every run ended well and every check that must hold does. */
async function printReport(api: ApiClient, campaign: CampaignView, home: string, json: boolean): Promise<boolean> {
  const directory = join(home, 'reports', `${String(campaign.number)}-${campaign.name}`);
  mkdirSync(directory, { recursive: true });
  const texts = new Map<string, string>();
  for (const format of reportFormats) {
    const text = await api.text(`/campaigns/${campaign.id}/report?format=${format}`, { timeoutMs: 60_000 });
    texts.set(format, text);
    if (format !== 'summary') writeFileSync(join(directory, `report.${format}`), text);
  }
  const head = parseInput(reportHeadSchema, JSON.parse(texts.get('json') ?? ''), 'report');
  process.stdout.write(texts.get(json ? 'json' : 'summary') ?? '');
  process.stderr.write(
    `${head.ok ? 'OK: every run passed and every check that must hold does' : 'NOT OK: see the runs and checks above'}\n` +
      `Full report: ${join(directory, 'report.html')} (also .md, .txt, .csv, .json)\n` +
      `Logs: ${homeFiles(home).logs}\n`,
  );
  return head.ok;
}

async function cancelQuietly(
  cluster: Cluster | null,
  campaign: CampaignView | null,
  say: (line: string) => void,
): Promise<void> {
  if (cluster === null || campaign === null) return;
  try {
    await cluster.api.call(`/campaigns/${campaign.id}/cancel`, campaignViewSchema, { json: {}, timeoutMs: 3000 });
    say(`campaign ${String(campaign.number)} cancelled`);
  } catch {
    say(`campaign ${String(campaign.number)} could not be cancelled: it goes on when the cluster is started again`);
  }
}
