import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { freePort } from '../free-port.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../database/embedded/server.js';

export interface TestRedis {
  url: string;
  stop(): Promise<void>;
}

/** A real redis-server on a free port, with the settings production needs unless told otherwise. */
export async function startTestRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'dvfarm-redis-'));
  const port = await freePort();
  const all: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
    ...settings,
  };
  const child = spawn(
    'redis-server',
    Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', (cause) =>
      reject(new Error('redis-server is not installed: apt-get install redis-server', { cause })),
    );
  });
  const url = `redis://127.0.0.1:${port}`;
  await Promise.race([untilAnswers(url), ended]);
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilAnswers(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await redis.ping();
  redis.disconnect();
}

export interface TestPostgres {
  server: EmbeddedPostgres;
  stateDir: string;
  /** A new, empty database; the name makes it easy to find in a failing test. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Tests kill processes and pull no plugs: what is written outlives the process, and need not wait for the disk. */
const quickSettings = { fsync: 'off', full_page_writes: 'off' };

export async function startTestPostgres(): Promise<TestPostgres> {
  const stateDir = mkdtempSync(join(tmpdir(), 'dvfarm test '));
  const server = await startEmbeddedPostgres(stateDir, quickSettings);
  return {
    server,
    stateDir,
    async createDatabase(name) {
      await withClient(server.url, (client) => client.query(`create database "${name}"`));
      return server.url.replace(/[^/]+$/, name);
    },
    async stop() {
      await server.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Resolves when `condition` holds; fails after `patienceMs` naming it. Polls: the things waited for send no message. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  patienceMs = 120_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await delay(20);
  }
}
