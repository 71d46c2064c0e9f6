import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../free-port.js';
import type { PostgresBinaries } from './binaries.js';
import { runAs, type DataDirectory } from './data-directory.js';
import { ask } from './session.js';

/** A server process; `child` is null when another process started it. */
export interface Postmaster {
  port: number;
  pid: number;
  child: ChildProcess | null;
}

export interface LaunchOptions {
  place: DataDirectory;
  binaries: PostgresBinaries;
  password: string;
  logFile: string;
  /** PostgreSQL settings beside our own. */
  settings: Readonly<Record<string, string>>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 20_000;

/**
 * The server that a killed owner left: postmaster.pid names process (line 1) and port (line 4). The number may have gone
 * to another program since (after a restart of the computer): then the file is taken away, as PostgreSQL would not.
 */
export async function findPostmaster(place: DataDirectory, password: string): Promise<Postmaster | null> {
  const file = join(place.data, 'postmaster.pid');
  const recorded = readRecord(file);
  if (recorded === null) return null;
  const deadline = Date.now() + startTimeoutMs;
  while (isPostmaster(recorded.pid, place) && Date.now() < deadline) {
    const directory = await ask(recorded.port, password, 'show data_directory');
    if (directory.kind === 'answer' && directory.value === place.data) return { ...recorded, child: null };
    await delay(50);
  }
  if (!isPostmaster(recorded.pid, place)) rmSync(file, { force: true });
  return null;
}

/** Starts the server at `port`, or at any free one, and waits until it answers. */
export async function launchPostmaster(options: LaunchOptions, port?: number): Promise<Postmaster> {
  // Between asking for a free port and binding it another program may take it: try again with another.
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort());
    const logStart = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
    const child = spawnPostmaster(options, chosen);
    const failure = await untilReady(child, chosen, options.password);
    if (failure === null && child.pid !== undefined) return { port: chosen, pid: child.pid, child };
    const said = readFileSync(options.logFile).subarray(logStart).toString('utf8').trim();
    if (port === undefined && attempt < 3 && said.includes('could not bind')) continue;
    throw new Error(`embedded PostgreSQL: not started: ${said.split('\n').at(-1) || failure}; see ${options.logFile}`);
  }
}

function spawnPostmaster({ place, binaries, logFile, settings }: LaunchOptions, port: number): ChildProcess {
  const all: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(
    binaries.postgres,
    ['-D', place.data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Its own session: Ctrl-C in the terminal is for us; we end it after the pools are closed.
    { ...runAs(place.account), detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  return child;
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

/** SIGINT is PostgreSQL's fast shutdown: sessions end, data is written. */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  signal(postmaster.pid, 'SIGINT');
  const deadline = Date.now() + stopTimeoutMs;
  while (runs(postmaster)) {
    if (Date.now() > deadline) {
      signal(postmaster.pid, 'SIGQUIT');
      return;
    }
    await delay(20);
  }
}

export function runs({ pid, child }: Postmaster): boolean {
  return child === null ? isAlive(pid) : child.exitCode === null && child.signalCode === null;
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function readRecord(file: string): { pid: number; port: number } | null {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const [pid, port] = [Number(lines[0]), Number(lines[3])];
    return Number.isInteger(pid) && Number.isInteger(port) && pid > 0 && port > 0 ? { pid, port } : null;
  } catch {
    return null;
  }
}

function isPostmaster(pid: number, place: DataDirectory): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(place.data);
  } catch {
    return true; // no /proc here: the query for the data directory decides
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
