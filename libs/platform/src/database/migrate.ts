import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/** The lock Prisma's own engine takes, so that both may be used on one database. */
const prismaLock = 72707369;

/** Prisma's ledger, column for column. */
const ledger = `
  create table if not exists _prisma_migrations (
    id                  varchar(36)  primary key not null,
    checksum            varchar(64)  not null,
    finished_at         timestamptz,
    migration_name      varchar(255) not null,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz  not null default now(),
    applied_steps_count integer      not null default 0
  )`;

/**
 * Applies `directory/<name>/migration.sql` in order of name, each as one simple query, the way `prisma migrate deploy`
 * does; that command needs an engine that closed networks cannot download. Stops at the first failure, which stays in
 * the ledger. Returns the names applied now.
 */
export async function migrate(url: string, directory: string): Promise<string[]> {
  const wanted = readMigrations(directory);
  const client = new Client({ connectionString: url, application_name: 'dvfarm migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [prismaLock]);
    await client.query(ledger);
    const pending = await pendingOf(client, wanted);
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'migration.sql')))
    .map((entry) => {
      const sql = readFileSync(join(directory, entry.name, 'migration.sql'), 'utf8');
      return { name: entry.name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function pendingOf(client: Client, wanted: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'select migration_name, checksum, finished_at from _prisma_migrations where rolled_back_at is null',
  );
  const applied = new Map(rows.map((row) => [row.migration_name, row]));
  for (const row of rows) {
    const file = wanted.find((migration) => migration.name === row.migration_name);
    if (row.finished_at === null)
      throw new Error(
        `database: migration ${row.migration_name} failed earlier; mend the database, then set its finished_at or rolled_back_at`,
      );
    if (file === undefined)
      throw new Error(
        `database: found migration ${row.migration_name}, which this version does not know; use the version that made it`,
      );
    if (file.checksum !== row.checksum)
      throw new Error(
        `database: migration ${row.migration_name} was changed after it had been applied; put the file back and add a new one`,
      );
  }
  return wanted.filter((migration) => !applied.has(migration.name));
}

async function apply(client: Client, migration: Migration): Promise<void> {
  const id = randomUUID();
  await client.query('insert into _prisma_migrations (id, checksum, migration_name) values ($1, $2, $3)', [
    id,
    migration.checksum,
    migration.name,
  ]);
  try {
    await client.query(migration.sql);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    await client.query('rollback');
    await client.query('update _prisma_migrations set logs = $2 where id = $1', [id, message]);
    throw new Error(`database: migration ${migration.name} failed: ${message}`, { cause });
  }
  await client.query('update _prisma_migrations set finished_at = now(), applied_steps_count = 1 where id = $1', [id]);
}
