/** Real processes for end-to-end tests: the command line, clusters in a state directory of their own, Redis. Nobody sleeps: what is waited for has a name. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CampaignFileInput, campaignViewSchema, type CampaignView, type StreamEvent } from '#libs/contracts';
import { apiClient, type ApiClient, homeFiles, readControllerRecord } from '#libs/platform';
import { freePort } from '../../libs/platform/src/free-port.js';
import { eventually } from '../../libs/platform/src/testkit/servers.testkit.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'bin', 'dvfarm');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  output(): string;
}

/** A state directory and everything started in it; the path has a space, since users' paths do. */
export class Farm {
  readonly home = mkdtempSync(join(tmpdir(), 'dvfarm test '));
  /** Worker processes by name. */
  readonly workers = new Map<string, Started>();
  private readonly started: Started[] = [];

  /** Starts `dvfarm ...`. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
    return this.spawn([launcher, ...args], environment);
  }

  /** `dvfarm ...` to its end. */
  dvfarm(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  /** A sim-worker process of its own, without anything around it that would start it again. */
  worker(name: string): Started {
    const files = homeFiles(this.home);
    const worker = this.spawn([join(root, 'dist', 'apps', 'sim-worker', 'src', 'main.js')], {
      DVFARM_CONTROLLER_URL: this.controllerUrl(),
      DVFARM_WORKER_TOKEN_FILE: files.workerToken,
      DVFARM_WORKER_NAME: name,
    });
    this.workers.set(name, worker);
    return worker;
  }

  private spawn(args: readonly string[], environment: Readonly<Record<string, string>>): Started {
    // The tester's own database and queue are none of a test's business.
    const inherited = { ...process.env, DATABASE_URL: '', REDIS_URL: '' };
    const child = spawn(process.execPath, args, {
      env: { ...inherited, DVFARM_HOME: this.home, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
    const started: Started = { child, ended, output: () => `${stdout}${stderr}` };
    this.started.push(started);
    return started;
  }

  /** Starts a controller alone and waits until it answers. */
  async controller(environment: Readonly<Record<string, string>> = {}): Promise<Started> {
    const started = this.start(['controller', '--port', '0'], environment);
    await eventually('the controller answers', () => {
      if (started.child.exitCode !== null) throw new Error(`controller ended: ${started.output()}`);
      return readControllerRecord(this.home) !== null;
    });
    return started;
  }

  controllerUrl(): string {
    const record = readControllerRecord(this.home);
    if (record === null) throw new Error(`${this.home}: found no controller.json, expected a running controller`);
    return record.url;
  }

  api(): ApiClient {
    return apiClient(this.controllerUrl(), readFileSync(homeFiles(this.home).apiKey, 'utf8').trim());
  }

  submit(file: CampaignFileInput, noCache = false): Promise<CampaignView> {
    return this.api().call('/campaigns', campaignViewSchema, { json: { file, noCache } });
  }

  /** The campaign once it has ended. */
  async ended(id: string): Promise<CampaignView> {
    let view: CampaignView | undefined;
    await eventually(`campaign ${id} has ended`, async () => {
      view = await this.api().call(`/campaigns/${id}`, campaignViewSchema);
      return view.endedAt !== null;
    });
    if (view === undefined) throw new Error('unreachable');
    return view;
  }

  /** Every event of an ended campaign, oldest first. */
  async events(id: string): Promise<StreamEvent[]> {
    const text = await this.api().text(`/campaigns/${id}/events`, { timeoutMs: 30_000 });
    return [...text.matchAll(/^data: ?(.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as StreamEvent);
  }

  /** A campaign file in the state directory. */
  file(content: CampaignFileInput | string, name = 'campaign.yaml'): string {
    const path = join(this.home, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** Ends what the test started and checks that nothing is left. */
  async close(): Promise<void> {
    for (const { child } of this.started) if (child.exitCode === null) child.kill('SIGTERM');
    await Promise.all(this.started.map(({ ended }) => ended));
    await eventually(`no process of ${this.home} is left: ${processesOf(this.home).join(', ')}`, () => {
      return processesOf(this.home).length === 0;
    });
    rmSync(this.home, { recursive: true, force: true });
    rmSync(databaseElsewhere(this.home), { recursive: true, force: true });
  }
}

/** As root the database's account cannot enter a private state directory, so its data lie beside the temp directory (libs/platform). */
function databaseElsewhere(home: string): string {
  const place = existsSync(home) ? realpathSync(home) : home;
  return join('/var/tmp', `dvfarm-${createHash('sha256').update(place).digest('hex').slice(0, 16)}`);
}

/**
 * Command lines of living processes that belong to a state directory: it is in their environment, or the database's data directory is on
 * their command line. Reads /proc, so it sees nothing elsewhere than on Linux.
 */
export function processesOf(home: string): string[] {
  if (!existsSync('/proc/self/environ')) return [];
  const elsewhere = databaseElsewhere(home);
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const line = readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const ours =
        readIfThere(`/proc/${pid}/environ`).split('\0').includes(`DVFARM_HOME=${home}`) ||
        line.includes(home) ||
        line.includes(elsewhere);
      // A zombie has no command line any more.
      return ours && line !== '' ? [`${pid}: ${line}`] : [];
    });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Whether Redis can be tested here. A newcomer's machine has none, and `npm test` passes there; CI sets DVFARM_TEST_REDIS=required, so
 * that the comparison cannot fall away unseen.
 */
export function redisAvailable(): boolean {
  const there = spawnSync('redis-server', ['--version']).status === 0;
  if (!there && process.env['DVFARM_TEST_REDIS'] === 'required')
    throw new Error('redis-server: found none, expected one since DVFARM_TEST_REDIS=required');
  return there;
}

export interface Redis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of our own, as the controller demands it: append-only file, no eviction. */
export async function startRedis(): Promise<Redis> {
  const directory = mkdtempSync(join(tmpdir(), 'dvfarm-redis-'));
  const port = await freePort();
  const child = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--save', ''],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  await eventually('Redis accepts connections', () => log.includes('Ready to accept connections'));
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
