import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  apiPrefix,
  heartbeatAnswerSchema,
  type CampaignFileInput,
  type CampaignView,
  type HeartbeatAnswer,
  type Lease,
  type Point,
  type Problem,
  type RunJob,
  type RunPage,
  type RunResult,
  type RunView,
  type Software,
  type WorkerRegistered,
} from '#libs/contracts';
import { homeFiles } from '#libs/platform';
import {
  defaultTiming,
  type ControllerConfig,
  type ControllerTiming,
} from '../../apps/controller/src/config/config.js';
import { Clock } from '../../apps/controller/src/config/parts.js';
import { SoftwareCatalogue } from '../../apps/controller/src/software/catalogue.js';
import { startController, type RunningController } from '../../apps/controller/src/start.js';
import { withClient, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';

/** The clock of a test stands still until the test moves it. */
export class TestClock extends Clock {
  private at = new Date('2025-01-01T00:00:00.000Z').getTime();

  override now(): Date {
    return new Date(this.at);
  }

  advance(ms: number): void {
    this.at += ms;
  }
}

/** Software that exists in name only: the controller deals in digests. */
export class TestCatalogue extends SoftwareCatalogue {
  simulatorDigest = 'a'.repeat(64);

  override softwareFor(point: Point): Software {
    return {
      images: { 'firmware.elf': 'b'.repeat(64), [`guest-${point.workload.name}`]: 'c'.repeat(64) },
      simulator: this.simulatorDigest,
    };
  }

  override simulator(): string {
    return this.simulatorDigest;
  }

  override conflictsOf(): [] {
    return [];
  }

  override steps(): [] {
    return [];
  }
}

export interface TestController {
  controller: RunningController;
  clock: TestClock;
  catalogue: TestCatalogue;
  databaseUrl: string;
  apiKey: string;
  joinToken: string;
  user: HttpClient;
  worker(name: string): Promise<TestWorker>;
  /** Ends the process's part and starts it anew on the same database. */
  restart(whileDown?: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface TestControllerOptions {
  postgres: TestPostgres;
  redisUrl?: string;
  timing?: Partial<ControllerTiming>;
  grafana?: ControllerConfig['grafana'];
}

/** Sweeps are quick here: what they react to is set by the test's clock. */
const quick = { expirySweepMs: 20, dispatchSweepMs: 20, reconcileMs: 20, pollMs: 20, longPollMs: 200, announceMs: 20 };

export async function startTestController({
  postgres,
  redisUrl,
  timing,
  grafana,
}: TestControllerOptions): Promise<TestController> {
  const home = mkdtempSync(join(tmpdir(), 'dvfarm home '));
  const databaseUrl = await postgres.createDatabase(`test_${randomUUID()}`);
  const config: ControllerConfig = {
    home,
    host: '127.0.0.1',
    port: 0,
    databaseUrl,
    redisUrl,
    logFormat: 'text',
    timing: { ...defaultTiming, ...quick, ...timing },
    grafana,
  };
  const clock = new TestClock();
  const catalogue = new TestCatalogue();
  const start = (): Promise<RunningController> =>
    startController(config, { software: catalogue, clock, logger: false });
  const files = homeFiles(home);

  const test = { controller: await start(), clock, catalogue, databaseUrl } as TestController;
  test.apiKey = readFileSync(files.apiKey, 'utf8').trim();
  test.joinToken = readFileSync(files.workerToken, 'utf8').trim();
  test.user = new HttpClient(() => test.controller.url, test.apiKey);
  test.worker = async (name) => {
    const join = new HttpClient(() => test.controller.url, test.joinToken);
    const registered = await join.post<WorkerRegistered>('/workers/register', {
      name,
      slots: 1,
      simulator: catalogue.simulatorDigest,
      host: { cpu: 'test', cores: 1, memoryMiB: 1024, node: process.version },
    });
    return new TestWorker(new HttpClient(() => test.controller.url, registered.token), registered);
  };
  test.restart = async (whileDown) => {
    await test.controller.stop();
    whileDown?.();
    test.controller = await start();
  };
  test.stop = async () => {
    await test.controller.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return test;
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
}

export class HttpClient {
  constructor(
    private readonly base: () => string,
    private readonly key: string,
  ) {}

  get<Answer>(path: string): Promise<Answer> {
    return this.call<Answer>('GET', path);
  }

  post<Answer>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call<Answer>('POST', path, body, headers);
  }

  async raw(method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.base() + (path.startsWith('/health') || path.startsWith('/docs') ? path : apiPrefix + path), {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  private async call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await this.raw(method, path, body === undefined ? undefined : JSON.stringify(body), {
      'content-type': 'application/json',
      ...headers,
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new ProblemError(answer as Problem);
    return answer as Answer;
  }
}

/** What a sim-worker says, without the simulating. */
export class TestWorker {
  constructor(
    readonly http: HttpClient,
    readonly registered: WorkerRegistered,
  ) {}

  lease(job: RunJob): Promise<Lease> {
    return this.http.post<Lease>('/workers/lease', job);
  }

  async heartbeat(
    lease: Lease,
    phase: 'preparing' | 'running' | 'collecting' = 'running',
    instret = 1000n,
  ): Promise<HeartbeatAnswer> {
    const message = {
      leaseToken: lease.leaseToken,
      phase,
      progress: { instret: String(instret), cycles: String(instret * 2n) },
      mips: 12.5,
    };
    return heartbeatAnswerSchema.parse(await this.http.post(`/workers/runs/${lease.runId}/heartbeat`, message));
  }

  handIn(lease: Lease, result: RunResult): Promise<{ state: string; alarms: string[] }> {
    return this.http.post(`/workers/runs/${lease.runId}/result`, { leaseToken: lease.leaseToken, result });
  }

  giveUp(
    lease: Lease,
    reason: 'released' | 'cancelled' | 'crashed',
    detail = 'said by a test',
  ): Promise<{ state: string }> {
    return this.http.post(`/workers/runs/${lease.runId}/give-up`, { leaseToken: lease.leaseToken, reason, detail });
  }
}

/** A passed result whose figures follow from the run's key, as a deterministic simulator's do. */
export function resultOf(lease: Lease, simulator: string, change: Partial<RunResult> = {}): RunResult {
  const cycles = parseInt(lease.key.slice(0, 6), 16);
  return {
    outcome: { kind: 'passed', exitCode: 0, detail: '' },
    instret: String(cycles >> 1),
    cycles: String(cycles),
    stateHash: lease.key.slice(0, 16),
    metrics: [
      { name: 'operations', labels: {}, value: 10, unit: 'operations' },
      { name: 'cycles.total', labels: {}, value: 100, unit: 'cycles/op' },
      { name: 'cycles.phase', labels: { phase: 'exit' }, value: 60, unit: 'cycles/op' },
      { name: 'cycles.phase', labels: { phase: 'guest' }, value: 40, unit: 'cycles/op' },
      { name: 'exits.total', labels: {}, value: 10, unit: 'exits' },
      { name: 'exits.kernel', labels: {}, value: 0, unit: 'exits' },
    ],
    console: 'ready\nA\u0000B',
    images: lease.images,
    simulator,
    host: { seconds: 1.5, mips: 30, engine: lease.engine },
    ...change,
  };
}

export const smallCampaign: CampaignFileInput = {
  name: 'small',
  machine: { preset: 'firesim' },
  hypervisor: ['kvm', 'duvisor'],
  workload: { name: 'hypercall', iterations: 10, warmup: 1 },
};

export function submit(test: TestController, file: unknown = smallCampaign, more: object = {}): Promise<CampaignView> {
  return test.user.post<CampaignView>('/campaigns', { file, ...more });
}

export async function runsOf(test: TestController, campaign: { id: string }): Promise<RunView[]> {
  return (await test.user.get<RunPage>(`/campaigns/${campaign.id}/runs`)).items;
}

/** The job that the queue would bring, read from the database: tests of the protocol need no queue in between. */
export async function jobOf(test: TestController, runId: string): Promise<RunJob> {
  const rows = await query<{ epoch: number }>(test.databaseUrl, 'select epoch from runs where id = $1', [runId]);
  return { runId, epoch: rows[0]!.epoch };
}

export function query<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text, values)).rows);
}
