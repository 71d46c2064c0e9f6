/** `dvfarm plan FILE`: the expanded matrix; with a running cluster also cache hits and expected duration. */
import { type Plan, planSchema, pointLabel } from '#libs/contracts';
import { apiClient } from '#libs/platform';
import { readCampaign, type ReadCampaign } from '../campaign-file.js';
import { apiKey, runningController } from '../cluster/cluster.js';
import { exitCodes } from '../errors.js';
import { stateDirectory } from '../paths.js';
import { columns } from '../table.js';
import { clock } from '../watch/clock.js';

interface Options {
  home?: string;
  json?: boolean;
}

export async function plan(path: string, options: Options): Promise<number> {
  const campaign = readCampaign(path);
  const home = stateDirectory(options);
  const url = await runningController(home);
  const known =
    url === null
      ? null
      : await apiClient(url, apiKey(home)).call('/campaigns/plan', planSchema, {
          json: { file: campaign.input },
          timeoutMs: 60_000,
        });
  if (options.json === true) {
    const { file, expansion } = campaign;
    const offline = { name: file.name, points: expansion.points.length, runs: expansion.runs };
    process.stdout.write(`${JSON.stringify(known ?? offline, null, 2)}\n`);
  } else process.stdout.write(known === null ? offlinePlan(campaign) : clusterPlan(known));
  return exitCodes.done;
}

function offlinePlan({ file, expansion }: ReadCampaign): string {
  const rows = expansion.runs.map((run, index) => [String(index), pointLabel(run), String(run.seed)]);
  return (
    `${columns(['run', 'point', 'seed'], rows)}\n` +
    `${file.name}: ${String(expansion.points.length)} points, ${String(rows.length)} runs; ` +
    `no cluster is running, so cache hits and duration are not known\n`
  );
}

function clusterPlan(known: Plan): string {
  const rows = known.runs.map((run) => [
    String(run.index),
    run.label,
    String(run.seed),
    run.cachedRun ?? '–',
    run.expectedSeconds === null ? '–' : `${run.expectedSeconds.toFixed(1)} s`,
  ]);
  const time = known.expectedSeconds === null ? 'duration not known' : `${clock(known.expectedSeconds)} on one slot`;
  return (
    `${columns(['run', 'point', 'seed', 'answered by', 'expected'], rows)}\n` +
    `${known.name}: ${String(known.points)} points, ${String(known.runs.length)} runs, ` +
    `${String(known.cached)} answered already, ${time}\n`
  );
}
