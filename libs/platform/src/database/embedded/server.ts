import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { keptSecret } from '../../home.js';
import { postgresBinaries, serverAccount } from './binaries.js';
import { dataDirectoryFor, initialise } from './data-directory.js';
import {
  findPostmaster,
  launchPostmaster,
  runs,
  signal,
  stopPostmaster,
  type LaunchOptions,
  type Postmaster,
} from './postmaster.js';
import { becomeOwner, createDatabase, urlOf } from './session.js';
import { withStartLock } from './start-lock.js';

/** A real PostgreSQL, run from npm packages, that belongs to one state directory. */
export interface EmbeddedPostgres {
  url: string;
  port: number;
  dataDir: string;
  /** Found running: its former owner was killed. */
  reused: boolean;
  /** Ends the server. Close every pool before. */
  stop(): Promise<void>;
}

/** How often the server is looked at; one that was killed is back about a second later. */
const watchMs = 500;

/**
 * Starts the server of `stateDir` (first time: 1.2 to 2.5 s; later 0.3 s), or takes over one that a killed owner left
 * running. A server that is killed is started again at the same port. Throws InputError when another living process
 * owns it.
 */
export async function startEmbeddedPostgres(
  stateDir: string,
  /** PostgreSQL settings beside our own; for tests. */
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  mkdirSync(stateDir, { recursive: true });
  const place = dataDirectoryFor(realpathSync(stateDir), serverAccount());
  const binaries = postgresBinaries(place.account, place.home);
  const password = keptSecret(join(stateDir, 'postgres-password'));
  const options: LaunchOptions = { place, binaries, password, logFile: join(stateDir, 'postgres.log'), settings };
  const server = new OwnedServer(options, stateDir);
  const reused = await withStartLock(join(stateDir, 'postgres.lock'), async () => {
    initialise(place, binaries, password);
    return server.start();
  });
  return {
    url: urlOf(server.port, password),
    port: server.port,
    dataDir: place.data,
    reused,
    stop: () => server.stop(),
  };
}

/** The server process and the session that makes it ours; both are replaced when the process was killed. */
class OwnedServer {
  private postmaster: Postmaster | undefined;
  private owner: Client | undefined;
  private watch: NodeJS.Timeout | undefined;
  private restarting: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly options: LaunchOptions,
    private readonly stateDir: string,
  ) {}

  get port(): number {
    return this.postmaster?.port ?? 0;
  }

  /** Returns whether it was running already. */
  async start(): Promise<boolean> {
    const found = await findPostmaster(this.options.place, this.options.password);
    const postmaster = found ?? (await launchPostmaster(this.options));
    try {
      this.owner = await becomeOwner(postmaster.port, this.options.password, this.stateDir);
      await createDatabase(this.owner);
    } catch (error) {
      await this.owner?.end().catch(() => undefined);
      if (found === null) await stopPostmaster(postmaster);
      throw error;
    }
    this.postmaster = postmaster;
    process.once('exit', this.lastResort);
    this.watch = setInterval(() => this.look(), watchMs);
    this.watch.unref();
    return found !== null;
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.end());
  }

  private async end(): Promise<void> {
    clearInterval(this.watch);
    await this.restarting;
    await this.owner?.end().catch(() => undefined);
    if (this.postmaster !== undefined) await stopPostmaster(this.postmaster);
    process.off('exit', this.lastResort);
  }

  private look(): void {
    if (this.stopped !== undefined || this.restarting !== undefined || this.postmaster === undefined) return;
    if (runs(this.postmaster)) return;
    // What fails now (its killed sessions are still ending) is tried again at the next look.
    this.restarting = this.startAgain(this.port)
      .catch(() => undefined)
      .finally(() => (this.restarting = undefined));
  }

  private async startAgain(port: number): Promise<void> {
    await this.owner?.end().catch(() => undefined);
    this.postmaster = await launchPostmaster(this.options, port);
    this.owner = await becomeOwner(port, this.options.password, this.stateDir);
  }

  /** If this process ends without stop(), by a crash of ours, the server must not stay behind. */
  private readonly lastResort = (): void => {
    if (this.postmaster !== undefined) signal(this.postmaster.pid, 'SIGINT');
  };
}
