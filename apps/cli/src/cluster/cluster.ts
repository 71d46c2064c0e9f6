/**
 * The cluster of a state directory: joined when it runs, started when it does not.
 *
 * Who starts it owns it and stops it. Others register as clients; an owner whose work is done waits for them. An owner that is
 * interrupted does not: its clients find the controller gone, start the cluster again and go on, since the campaigns are in PostgreSQL.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { healthSchema, workerViewSchema } from '#libs/contracts';
import { apiClient, type ApiClient, homeFiles, readControllerRecord } from '#libs/platform';
import { z } from 'zod';
import { CommandError } from '../errors.js';
import { servicePrograms } from '../paths.js';
import { isAlive, withLock } from './lock.js';
import { Service } from './service.js';

export interface ClusterOptions {
  readonly home: string;
  /** Worker processes to start; undefined: as many as are useful, none when some are there. */
  readonly workers: number | undefined;
  /** More workers than this would have nothing to do. */
  readonly usefulWorkers: number;
  /** Port of a controller that is started; undefined: a free one. */
  readonly port: number | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const controllerDeadlineMs = 90_000;
const workerDeadlineMs = 60_000;
const mostWorkers = 8;
/** How long a living controller may leave a question unanswered. */
const busyMs = 15_000;

export class Cluster {
  private readonly services: Service[] = [];

  private constructor(
    readonly api: ApiClient,
    private readonly options: ClusterOptions,
    /** The controller was started here. */
    private readonly controller: Service | null,
  ) {}

  get owned(): boolean {
    return this.controller !== null;
  }

  static async open(options: ClusterOptions): Promise<Cluster> {
    mkdirSync(options.home, { recursive: true, mode: 0o700 });
    registerClient(options.home);
    return withLock(join(options.home, 'start.lock'), options.signal, async () => {
      const running = await runningController(options.home);
      if (running !== null) {
        options.say(`joining the cluster at ${running}`);
        const cluster = new Cluster(apiClient(running, apiKey(options.home)), options, null);
        try {
          await cluster.startWorkers(true);
          return cluster;
        } catch (error) {
          await cluster.stop(false);
          throw error;
        }
      }
      return Cluster.start(options);
    });
  }

  private static async start(options: ClusterOptions): Promise<Cluster> {
    options.say('starting database and controller');
    const logs = homeFiles(options.home).logs;
    const controller = new Service({
      name: 'controller',
      program: servicePrograms.controller,
      environment: controllerEnvironment({ home: options.home, port: options.port ?? 0 }),
      logFile: join(logs, 'controller.log'),
      restarts: 0,
    });
    let cluster: Cluster | null = null;
    try {
      await Promise.race([controller.ready(controllerDeadlineMs), aborted(options.signal)]);
      const url = await runningController(options.home);
      if (url === null)
        throw new CommandError(`controller: ready, but does not answer (log: ${join(logs, 'controller.log')})`);
      cluster = new Cluster(apiClient(url, apiKey(options.home)), options, controller);
      await cluster.startWorkers(false);
      return cluster;
    } catch (error) {
      await Promise.all(cluster?.services.map((service) => service.stop()) ?? []);
      await controller.stop();
      unregisterClient(options.home);
      throw error;
    }
  }

  private async startWorkers(joined: boolean): Promise<void> {
    const { home, workers, usefulWorkers, say, signal } = this.options;
    let wanted = workers ?? Math.max(1, Math.min(availableParallelism(), usefulWorkers, mostWorkers));
    if (joined && workers === undefined) {
      const known = await this.api.call('/workers', z.array(workerViewSchema));
      if (known.some((worker) => worker.alive)) wanted = 0;
    }
    if (wanted === 0) return;
    say(`starting ${String(wanted)} worker${wanted === 1 ? '' : 's'}`);
    const files = homeFiles(home);
    for (let i = 1; i <= wanted; i += 1) {
      // Two commands may each have a "worker 1" on one controller: the process id keeps names and logs apart.
      const name = `worker-${String(process.pid)}-${String(i)}`;
      this.services.push(
        new Service({
          name,
          program: servicePrograms.worker,
          environment: {
            DVFARM_CONTROLLER_URL: this.api.url,
            DVFARM_WORKER_TOKEN_FILE: files.workerToken,
            DVFARM_WORKER_NAME: name,
            DVFARM_WORKER_SLOTS: '1',
          },
          logFile: join(files.logs, `worker-${String(i)}.log`),
          restarts: 5,
        }),
      );
    }
    await Promise.race([Promise.all(this.services.map((service) => service.ready(workerDeadlineMs))), aborted(signal)]);
  }

  /** Rejects when what was started here ends by itself: the controller, or the last of its workers. */
  async breaksDown(): Promise<never> {
    if (this.controller === null) return new Promise<never>(() => undefined);
    const [last] = this.services;
    const ends = [this.controller.ended.then(() => this.controller)];
    if (last !== undefined) ends.push(Promise.all(this.services.map((service) => service.ended)).then(() => last));
    const ended = await Promise.race(ends);
    throw ended?.failure() ?? new CommandError('the cluster ended');
  }

  /**
   * Stops what was started here: workers first, so that they can hand their runs back.
   * @param patient wait until other commands have stopped using the controller.
   */
  async stop(patient: boolean): Promise<void> {
    const { home, say } = this.options;
    unregisterClient(home);
    if (patient && this.owned) {
      let told = false;
      while (otherClients(home).length > 0 && !this.options.signal.aborted) {
        if (!told) say('another dvfarm uses the cluster: keeping it up until that one ends');
        told = true;
        await delay(200, undefined, { signal: this.options.signal }).catch(() => undefined);
      }
    }
    await Promise.all(this.services.map((service) => service.stop()));
    await this.controller?.stop();
  }
}

/** Configuration of a controller process; loopback unless told otherwise. */
export function controllerEnvironment(options: {
  home: string;
  host?: string | undefined;
  port?: number | undefined;
  databaseUrl?: string | undefined;
  redisUrl?: string | undefined;
}): Record<string, string> {
  return {
    DVFARM_HOME: options.home,
    // Set for a worker of another cluster, perhaps; this controller keeps its token where its own workers look for it.
    DVFARM_WORKER_TOKEN_FILE: homeFiles(options.home).workerToken,
    ...(options.host === undefined ? {} : { DVFARM_HOST: options.host }),
    ...(options.port === undefined ? {} : { DVFARM_PORT: String(options.port) }),
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
  };
}

/** URL of the controller that serves the state directory, if one lives. A busy one gets time to answer; a dead one gets none. */
export async function runningController(home: string): Promise<string | null> {
  for (const end = Date.now() + busyMs; ; await delay(200)) {
    const record = readControllerRecord(home);
    if (record === null || !isAlive(record.pid)) return null;
    try {
      await apiClient(record.url, null).call('/health/live', healthSchema, { timeoutMs: 5000 });
      return record.url;
    } catch {
      if (Date.now() > end) return null;
    }
  }
}

export function apiKey(home: string): string {
  return readSecret(homeFiles(home).apiKey, 'API key');
}

export function readSecret(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError(
      `${file}: found ${(error as NodeJS.ErrnoException).code ?? 'an unreadable file'}, expected the ${what} of a controller`,
      2,
    );
  }
}

const clientsOf = (home: string): string => join(home, 'clients');

function registerClient(home: string): void {
  mkdirSync(clientsOf(home), { recursive: true });
  writeFileSync(join(clientsOf(home), String(process.pid)), '');
}

function unregisterClient(home: string): void {
  rmSync(join(clientsOf(home), String(process.pid)), { force: true });
}

/** Living commands besides this one; files of dead ones are cleared away. */
function otherClients(home: string): number[] {
  return readdirSync(clientsOf(home))
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .filter((pid) => {
      if (isAlive(pid)) return true;
      rmSync(join(clientsOf(home), String(pid)), { force: true });
      return false;
    });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(new CommandError('interrupted', 130));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
