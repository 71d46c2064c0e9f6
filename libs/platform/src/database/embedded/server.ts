import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '#libs/contracts';
import { Client } from 'pg';
import { keptSecret } from '../../home.js';
import { postgresBinaries, reachable, serverAccount, type Account, type PostgresBinaries } from './binaries.js';
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

const superuser = 'dvfarm';
const databaseName = 'dvfarm';
/** Session lock that the one owner of an embedded server holds; PostgreSQL frees it when the owner dies. */
const ownerLock = 0x6476_6661;
const startTimeoutMs = 30_000;
const stopTimeoutMs = 20_000;

/**
 * Starts the server of `stateDir` (first time: 1.2 to 2.5 s; later 0.3 s), or takes over one that a killed owner left
 * running. Throws InputError when another living process owns it.
 */
export async function startEmbeddedPostgres(
  stateDir: string,
  /** PostgreSQL settings beside our own; for tests. */
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  mkdirSync(stateDir, { recursive: true });
  const place = placeFor(realpathSync(stateDir), serverAccount());
  const binaries = postgresBinaries(place.account, place.home);
  const password = keptSecret(join(stateDir, 'postgres-password'));
  return withStartLock(join(stateDir, 'postgres.lock'), async () => {
    initialise(place, binaries, password);
    const found = await findRunning(place, password);
    const running = found ?? (await launch(place, binaries, password, join(stateDir, 'postgres.log'), settings));
    const owner = await becomeOwner(running.port, password, stateDir);
    await createDatabase(owner);
    return handle(running, owner, place, password, found !== null);
  });
}

interface Place {
  account: Account | null;
  /** Holds `data` and, for a plain user, a copy of the programs if one is needed. */
  home: string;
  data: string;
}

/** In the state directory where the server's account can get there, else beside the temp directory, one per state directory. */
function placeFor(stateDir: string, account: Account | null): Place {
  let home = join(stateDir, 'postgres');
  // The account may pass through our directory, not look into it; what is private there is private file by file.
  if (account !== null) chmodSync(stateDir, statSync(stateDir).mode | 0o001);
  if (!reachable(stateDir, account)) {
    const lasting = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
    home = join(lasting, `dvfarm-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`);
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (account !== null) chownSync(home, account.uid, account.gid);
  return { account, home, data: join(home, 'data') };
}

function initialise(place: Place, binaries: PostgresBinaries, password: string): void {
  const version = join(place.data, 'PG_VERSION');
  if (existsSync(version)) {
    const found = readFileSync(version, 'utf8').trim();
    if (found !== binaries.major)
      throw new InputError('embedded PostgreSQL', [
        {
          path: '',
          at: [],
          found: `data of version ${found} in ${place.data}`,
          expected: `version ${binaries.major}; dump and reload it, or use another DVFARM_HOME`,
        },
      ]);
    return;
  }
  const unfinished = `${place.data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(place.home, 'initial-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (place.account !== null) chownSync(passwordFile, place.account.uid, place.account.gid);
  try {
    const done = spawnSync(
      binaries.initdb,
      [
        '-D',
        unfinished,
        `--username=${superuser}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...as(place.account), encoding: 'utf8' },
    );
    if (done.status !== 0)
      throw new Error(
        `embedded PostgreSQL: initdb failed: ${lastLine(done.stderr || done.stdout || done.error?.message || '')}`,
        { cause: done.error },
      );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, place.data);
}

interface Running {
  port: number;
  pid: number;
  child: ChildProcess | null;
}

/** The server that a killed owner left: postmaster.pid names process (line 1) and port (line 4); its data directory must be ours. */
async function findRunning(place: Place, password: string): Promise<Running | null> {
  const recorded = readPostmaster(place);
  if (recorded === null || !isAlive(recorded.pid)) return null;
  const deadline = Date.now() + startTimeoutMs;
  while (isAlive(recorded.pid) && Date.now() < deadline) {
    const directory = await ask(recorded.port, password, 'show data_directory');
    if (directory.kind === 'answer') return directory.value === place.data ? { ...recorded, child: null } : null;
    // The number may have gone to another program since: whoever does not speak for our data is not ours.
    if (directory.kind === 'refused') return null;
    await delay(50);
  }
  return null;
}

function readPostmaster(place: Place): { pid: number; port: number } | null {
  try {
    const lines = readFileSync(join(place.data, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return Number.isInteger(pid) && Number.isInteger(port) && pid > 0 && port > 0 ? { pid, port } : null;
  } catch {
    return null;
  }
}

async function launch(
  place: Place,
  binaries: PostgresBinaries,
  password: string,
  logFile: string,
  more: Readonly<Record<string, string>>,
): Promise<Running> {
  // Between asking for a free port and binding it another program may take it: try again with another.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const log = openSync(logFile, 'w', 0o600);
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      max_connections: 100,
      shared_buffers: '64MB',
      timezone: 'UTC',
      log_timezone: 'UTC',
      ...more,
    };
    const child = spawn(
      binaries.postgres,
      ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Its own session: Ctrl-C in the terminal is for us; we end it after the pools are closed.
      { ...as(place.account), detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    child.unref();
    const failure = await untilReady(child, port, password);
    if (failure === null && child.pid !== undefined) return { port, pid: child.pid, child };
    const reason = lastLine(readFileSync(logFile, 'utf8')) || failure;
    if (attempt < 3 && readFileSync(logFile, 'utf8').includes('could not bind')) continue;
    throw new Error(`embedded PostgreSQL: not started: ${reason}; see ${logFile}`);
  }
}

/** Null when it answers; else why it does not. */
async function untilReady(child: ChildProcess, port: number, password: string): Promise<string | null> {
  let ended: string | null = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `ended with ${signal ?? `code ${code}`}`));
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    if (ended !== null) return ended;
    const answer = await ask(port, password, 'select 1');
    if (answer.kind === 'answer') return null;
    if (Date.now() > deadline) {
      child.kill('SIGQUIT');
      return `no answer within ${startTimeoutMs / 1000} s (${answer.value})`;
    }
    await delay(30);
  }
}

async function becomeOwner(port: number, password: string, stateDir: string): Promise<Client> {
  const owner = new Client({
    connectionString: urlOf(port, password, 'postgres'),
    application_name: `dvfarm owner ${process.pid}`,
    keepAlive: true,
  });
  owner.on('error', () => undefined); // the pools report a lost server; this session only holds the lock
  await owner.connect();
  // A killed owner's session ends within moments of its socket.
  for (let attempt = 0; attempt < 40; attempt++) {
    const { rows } = await owner.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [ownerLock]);
    if (rows[0]?.ours === true) return owner;
    await delay(50);
  }
  const { rows } = await owner.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.objid = $1 and l.granted`,
    [ownerLock],
  );
  await owner.end();
  throw new InputError('embedded PostgreSQL', [
    {
      path: '',
      at: [],
      found: `${stateDir} in use by process ${rows[0]?.name.replace('dvfarm owner ', '') ?? 'unknown'}`,
      expected: 'one controller per state directory; stop that one or set DVFARM_HOME',
    },
  ]);
}

async function createDatabase(owner: Client): Promise<void> {
  const { rowCount } = await owner.query('select 1 from pg_database where datname = $1', [databaseName]);
  if (rowCount === 0) await owner.query(`create database ${databaseName}`);
}

function handle(running: Running, owner: Client, place: Place, password: string, reused: boolean): EmbeddedPostgres {
  // If this process ends without stop(), by a crash of ours, the server must not stay behind.
  const lastResort = (): void => signal(running.pid, 'SIGINT');
  process.once('exit', lastResort);
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(running.port, password, databaseName),
    port: running.port,
    dataDir: place.data,
    reused,
    stop: () => (stopped ??= shutDown(running, owner).finally(() => process.off('exit', lastResort))),
  };
}

/** SIGINT is PostgreSQL's fast shutdown: sessions end, data is written. */
async function shutDown(running: Running, owner: Client): Promise<void> {
  await owner.end().catch(() => undefined);
  signal(running.pid, 'SIGINT');
  const deadline = Date.now() + stopTimeoutMs;
  while (stillRuns(running)) {
    if (Date.now() > deadline) {
      signal(running.pid, 'SIGQUIT');
      return;
    }
    await delay(20);
  }
}

function stillRuns({ pid, child }: Running): boolean {
  return child === null ? isAlive(pid) : child.exitCode === null && child.signalCode === null;
}

type Answer = { kind: 'answer'; value: string } | { kind: 'waiting' | 'refused'; value: string };

/** One query on a session of its own. `waiting`: not up yet; `refused`: somebody is there and does not let us in. */
async function ask(port: number, password: string, query: string): Promise<Answer> {
  const client = new Client({ connectionString: urlOf(port, password, 'postgres'), connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: 'array' });
    return { kind: 'answer', value: String(rows[0]?.[0]) };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // 28P01, 28000: wrong password or user. 57P03 (starting up) and connection errors pass.
    return { kind: code?.startsWith('28') === true ? 'refused' : 'waiting', value: message };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(port: number, password: string, database: string): string {
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/${database}`;
}

/** cwd '/': the account may not enter ours. A clean environment: PG* variables of the user are not meant for this server. */
function as(account: Account | null) {
  return { cwd: '/', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }, ...(account ?? {}) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
