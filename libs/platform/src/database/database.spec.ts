import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openRunQueue } from '../queue/run-queue.js';
import { eventually, startTestPostgres, withClient, type TestPostgres } from '../testkit/servers.testkit.js';
import { openDatabase } from './database.js';
import { startEmbeddedPostgres } from './embedded/server.js';
import { migrate } from './migrate.js';
import { prepareQueueSchema, queueRole } from './queue-role.js';

const migrations = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const postmasterOf = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

describe('the embedded PostgreSQL', () => {
  it('keeps its data over a restart, asks for a password, listens on loopback only, and leaves no process', async () => {
    const home = mkdtempSync(join(tmpdir(), 'dvfarm embedded '));
    const first = await startEmbeddedPostgres(home);
    const pid = postmasterOf(first.dataDir);
    await withClient(first.url, (client) => client.query('create table kept as select 42 as n'));
    const settings = await withClient(first.url, async (client) => {
      const { rows } = await client.query<{ name: string; setting: string }>(
        `select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'password_encryption', 'fsync')`,
      );
      return Object.fromEntries(rows.map((row) => [row.name, row.setting]));
    });
    expect(settings).toEqual({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      password_encryption: 'scram-sha-256',
      fsync: 'on',
    });
    await expect(
      withClient(first.url.replace(/:[^:@]+@/, ':wrong@'), (client) => client.query('select 1')),
    ).rejects.toThrow(/password authentication failed/);
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(first.dataDir).toBe(join(realpathSync(home), 'postgres', 'data'));

    const second = await startEmbeddedPostgres(home);
    expect(second.reused).toBe(false);
    expect((await withClient(second.url, (client) => client.query<{ n: number }>('select n from kept'))).rows).toEqual([
      { n: 42 },
    ]);
    await second.stop();
    rmSync(home, { recursive: true });
  });

  it('that a dead owner left running is found and used; while its owner lives it is refused, naming the process', async () => {
    const home = mkdtempSync(join(tmpdir(), 'dvfarm owned '));
    const first = await startEmbeddedPostgres(home);
    const pid = postmasterOf(first.dataDir);
    await expect(startEmbeddedPostgres(home)).rejects.toThrow(
      new RegExp(`in use by process ${process.pid}, expected one controller`),
    );
    // What PostgreSQL sees of a killed owner: its session ends.
    await withClient(first.url, (client) =>
      client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dvfarm owner ${process.pid}'`,
      ),
    );
    const heir = await startEmbeddedPostgres(home);
    expect(heir.reused).toBe(true);
    expect(postmasterOf(heir.dataDir)).toBe(pid);
    await heir.stop();
    expect(isAlive(pid)).toBe(false);
    await first.stop();
    rmSync(home, { recursive: true });
  });

  it('that was killed is back at the same address, with its data', async () => {
    const home = mkdtempSync(join(tmpdir(), 'dvfarm killed '));
    const server = await startEmbeddedPostgres(home);
    await withClient(server.url, (client) => client.query('create table kept as select 42 as n'));
    process.kill(postmasterOf(server.dataDir), 'SIGKILL');
    const answer = (): Promise<unknown[]> =>
      withClient(server.url, async (client) => (await client.query('select n from kept')).rows);
    await eventually('it answers again', async () => {
      try {
        return (await answer()).length === 1;
      } catch {
        return false;
      }
    });
    const pid = postmasterOf(server.dataDir);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    rmSync(home, { recursive: true });
  });

  it('does not take another program for its server when the number in postmaster.pid went to one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'dvfarm number '));
    const first = await startEmbeddedPostgres(home);
    const record = readFileSync(join(first.dataDir, 'postmaster.pid'), 'utf8');
    await first.stop();
    writeFileSync(join(first.dataDir, 'postmaster.pid'), record.replace(/^[0-9]+/, String(process.pid)));
    const second = await startEmbeddedPostgres(home);
    expect(second.reused).toBe(false);
    await second.stop();
    rmSync(home, { recursive: true });
  });

  it('starts for several state directories at once, also one that only its owner may enter', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'dvfarm private '));
    chmodSync(parent, 0o700);
    const homes = ['one', 'two', 'three'].map((name) => join(parent, name));
    const servers = await Promise.all(homes.map((home) => startEmbeddedPostgres(home)));
    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
    await Promise.all(servers.map((server) => server.stop()));
    for (const { dataDir } of servers)
      if (!dataDir.startsWith(parent)) rmSync(join(dataDir, '..'), { recursive: true });
    rmSync(parent, { recursive: true });
  });
});

describe('a given database', () => {
  it('is used as it is and left running', async () => {
    const url = await postgres.createDatabase('given');
    const database = await openDatabase({ url, stateDir: '/nowhere' });
    expect(database).toMatchObject({ kind: 'given', url });
    await database.stop();
    await withClient(url, (client) => client.query('select 1'));
  });

  it.each([
    [
      'nobody listens',
      'postgresql://u:secret@127.0.0.1:1/db',
      /DATABASE_URL: found postgresql:\/\/u@127\.0\.0\.1:1\/db: connect ECONNREFUSED.*expected a reachable PostgreSQL 15/,
    ],
    [
      'the host is unknown',
      'postgresql://u:secret@no-such-host.invalid/db',
      /DATABASE_URL: found .*no-such-host.*expected a reachable PostgreSQL/,
    ],
  ])('that cannot be reached, because %s, is one line without the password', async (_, url, message) => {
    const error: unknown = await openDatabase({ url, stateDir: '/nowhere' }).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('secret');
    expect(String(error).split('\n')).toHaveLength(1);
  });
});

describe('migrations', () => {
  const copy = (): string => {
    const directory = mkdtempSync(join(tmpdir(), 'dvfarm migrations '));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    cpSync(migrations, directory, { recursive: true });
    return directory;
  };
  const add = (directory: string, name: string, sql: string): void => {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'migration.sql'), sql);
  };

  it('are applied once and in order, also by two controllers at once', async () => {
    const url = await postgres.createDatabase('migrated');
    const applied = (await Promise.all([migrate(url, migrations), migrate(url, migrations)])).flat();
    expect(applied.length).toBeGreaterThan(3);
    expect(applied).toEqual([...new Set(applied)].sort());
    expect(await migrate(url, migrations)).toEqual([]);
    const { rows } = await withClient(url, (client) =>
      client.query<{ ok: boolean }>(
        'select bool_and(finished_at is not null and applied_steps_count = 1 and length(checksum) = 64) as ok from _prisma_migrations',
      ),
    );
    expect(rows).toEqual([{ ok: true }]);
  });

  it('stop at the first that fails, undo it whole, and say so until somebody mends it', async () => {
    const url = await postgres.createDatabase('failing');
    const directory = copy();
    add(directory, '20990101000000_bad', 'create table half (n int); select no_such_function();');
    add(directory, '20990101000001_never', 'create table never (n int);');
    await expect(migrate(url, directory)).rejects.toThrow(/migration 20990101000000_bad failed: .*no_such_function/);
    await expect(migrate(url, directory)).rejects.toThrow(/20990101000000_bad failed earlier/);
    const { rows } = await withClient(url, (client) =>
      client.query(`select to_regclass('half') as half, to_regclass('never') as never`),
    );
    expect(rows).toEqual([{ half: null, never: null }]);
  });

  it('that were changed after they were applied, or are of a later version, are refused by name', async () => {
    const url = await postgres.createDatabase('changed');
    const directory = copy();
    add(directory, '20990101000000_later', 'create table later (n int);');
    await migrate(url, directory);
    add(directory, '20990101000000_later', 'create table later (n bigint);');
    await expect(migrate(url, directory)).rejects.toThrow(/20990101000000_later was changed after/);
    await expect(migrate(url, migrations)).rejects.toThrow(
      /found migration 20990101000000_later, which this version does not know/,
    );
  });
});

describe(`the role ${queueRole}`, () => {
  let url: string;
  let workerUrl: string;

  beforeAll(async () => {
    url = await postgres.createDatabase('roles');
    await migrate(url, migrations);
    workerUrl = await prepareQueueSchema(url);
  });

  it('can neither read nor write any table of ours, nor make one', async () => {
    const tables = await withClient(url, (client) =>
      client.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public'`),
    );
    expect(tables.rows.length).toBeGreaterThan(12);
    await withClient(workerUrl, async (client: Client) => {
      for (const { name } of tables.rows)
        for (const statement of [
          `select * from public."${name}"`,
          `insert into public."${name}" default values`,
          `delete from public."${name}"`,
          `truncate public."${name}"`,
          `alter table public."${name}" add x int`,
        ])
          await expect(client.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
      for (const statement of [
        'create table public.mine (n int)',
        'create schema mine',
        'create role more',
        'drop schema bullmq cascade',
        'create table bullmq.mine (n int)',
      ])
        await expect(client.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
      const { rows } = await client.query(
        'select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user',
      );
      expect(rows).toEqual([{ rolsuper: false, rolcreatedb: false, rolcreaterole: false }]);
    });
  });

  it('can use the queue', async () => {
    const queue = await openRunQueue({ kind: 'postgres', url: workerUrl }, () => undefined);
    expect(await queue.lookUp({ runId: '00000000-0000-4000-8000-000000000000', epoch: 1 })).toEqual({ kind: 'absent' });
    await queue.close();
  });

  it('is asked for by name when the user of the database may not make it', async () => {
    const database = await postgres.createDatabase('plain');
    await withClient(database, (client) =>
      client.query(`create role plain login password 'plain'; alter database plain owner to plain`),
    );
    const plain = Object.assign(new URL(database), { username: 'plain', password: 'plain' }).toString();
    await expect(prepareQueueSchema(plain)).rejects.toThrow(
      /^environment: DATABASE_URL: found user "plain": .*, expected a user that may make the role dvfarm_queue/,
    );
  });

  it('has the same password for every controller of the server, which is written down nowhere', async () => {
    expect(await prepareQueueSchema(url)).toBe(workerUrl);
    const other = await prepareQueueSchema(await postgres.createDatabase('other'));
    expect(new URL(other).password).toBe(new URL(workerUrl).password);
    expect(new URL(workerUrl).password).not.toBe(new URL(url).password);
  });
});

it('secrets are readable by their owner only', () => {
  expect(statSync(join(postgres.stateDir, 'postgres-password')).mode & 0o777).toBe(0o600);
});
