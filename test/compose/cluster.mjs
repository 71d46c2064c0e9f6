/**
 * The compose cluster, brought up for real: the demo campaign on three workers, then a worker killed in mid-run by its process id.
 *
 *   npm run test:compose                         with Docker and Compose v2 on this computer
 *   COMPOSE_LAB=.../compose-lab.sh npm run test:compose
 *                                                on a Debian machine without a container registry (the tool's header says how)
 *
 * Leaves the cluster up when KEEP=1. Ends with 0 when all holds, 1 otherwise; prints what it saw.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const compose = 'docker-compose.yml';
const lab = process.env.COMPOSE_LAB;
const url = `http://127.0.0.1:${process.env.DVFARM_PORT ?? '3000'}/api/v1`;
const patienceMs = 300_000;

/** Runs a command to its end; its output is shown when it fails. */
function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
}
const dc = (...args) =>
  lab === undefined ? run('docker', ['compose', '-f', compose, ...args]) : run(lab, ['dc', compose, ...args]);
const docker = (...args) => (lab === undefined ? run('docker', args) : run(lab, ['docker', ...args]));

function up() {
  const args = ['--scale', 'sim-worker=3'];
  const [command, all] =
    lab === undefined
      ? ['docker', ['compose', '-f', compose, 'up', '-d', '--build', '--wait', ...args]]
      : [lab, ['up', compose, ...args]];
  const { status } = spawnSync(command, all, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${all.join(' ')}: exit code ${status}, expected 0`);
}

let key = '';
async function call(path, body) {
  const answer = await fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Asks until `answer` gives something; throws with the last state when patience ends. */
async function until(what, answer) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await answer();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const runsOf = async (campaign) => (await call(`/campaigns/${campaign.id}/runs?limit=1000`)).items;

/** Waits for the campaign's end; returns it and its runs. */
async function ended(campaign) {
  const last = await until(`campaign ${campaign.number} ends`, async () => {
    const view = await call(`/campaigns/${campaign.id}`);
    return ['passed', 'failed', 'cancelled'].includes(view.status) ? view : undefined;
  });
  return { view: last, runs: await runsOf(campaign) };
}

function check(what, holds) {
  process.stdout.write(`${holds ? 'holds' : 'FAILS'}: ${what}\n`);
  if (!holds) process.exitCode = 1;
}

/** A worker is called <container id>-<its process id in the container>. */
const containerOf = (worker) => worker.slice(0, worker.lastIndexOf('-'));
const pidOf = (worker) => worker.slice(worker.lastIndexOf('-') + 1);

async function demo() {
  const file = parse(readFileSync('campaigns/quick.yaml', 'utf8'));
  const { view, runs } = await ended(await call('/campaigns', { file, noCache: true }));
  const containers = new Set(runs.map(({ worker }) => containerOf(worker ?? '-')));
  check(
    `the demo campaign passes: ${view.runs} runs, status ${view.status}, ${view.alarms} alarms`,
    view.status === 'passed' && view.alarms === 0,
  );
  check(`three workers took part: ${[...containers].join(', ')}`, containers.size === 3);
}

/** One run that computes long enough to be caught at it, on one of three workers. The killed one stays away. */
async function lostWorker() {
  const file = {
    name: 'lost-worker',
    machine: { preset: 'firesim' },
    hypervisor: 'kvm',
    workload: { name: 'hypercall', iterations: 300_000, warmup: 10 },
  };
  const campaign = await call('/campaigns', { file, noCache: true });
  const caught = await until('a run computes', async () =>
    (await runsOf(campaign)).find((one) => one.state === 'RUNNING' && BigInt(one.progress?.instret ?? 0) > 0n),
  );
  const { worker } = caught;
  docker('update', '--restart=no', containerOf(worker));
  docker('exec', containerOf(worker), 'sh', '-c', `kill -9 ${pidOf(worker)}`);
  process.stdout.write(`killed worker ${worker} in run ${caught.id}, at ${caught.progress.instret} instructions\n`);
  const { view, runs } = await ended(campaign);
  const again = runs.find(({ id }) => id === caught.id);
  check(
    `the campaign passes: status ${view.status}, ${view.alarms} alarms`,
    view.status === 'passed' && view.alarms === 0,
  );
  check(`the run took a second attempt: ${again.attempts}`, again.attempts === 2);
  check(`it ended in another container: ${again.worker}`, containerOf(again.worker) !== containerOf(worker));
  const { result } = await call(`/runs/${caught.id}/result`);
  check(`one result is stored: ${result.cycles} cycles, ${result.outcome.kind}`, result.outcome.kind === 'passed');
  const undisturbed = await ended(await call('/campaigns', { file, noCache: true }));
  check(
    `an undisturbed repetition agrees: ${undisturbed.view.alarms} alarms`,
    undisturbed.view.status === 'passed' && undisturbed.view.alarms === 0,
  );
}

dc('config', '-q');
process.stdout.write('holds: docker compose config -q is clean\n');
up();
try {
  key = dc('exec', '-T', 'controller', 'cat', '/var/lib/dvfarm/api-key').trim();
  await demo();
  await lostWorker();
} catch (error) {
  process.stdout.write(dc('logs', '--tail', '40'));
  throw error;
} finally {
  if (process.env.KEEP !== '1') dc('down', '-v', '--remove-orphans');
}
process.stdout.write(process.exitCode ? 'the compose cluster does not hold\n' : 'the compose cluster holds\n');
