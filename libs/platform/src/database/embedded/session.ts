import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '#libs/contracts';
import { Client } from 'pg';

export const superuser = 'dvfarm';
export const databaseName = 'dvfarm';

/** Session lock that the one owner of an embedded server holds; PostgreSQL frees it when the owner dies. */
const ownerLock = 0x6476_6661;

export function urlOf(port: number, password: string, database = databaseName): string {
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/${database}`;
}

export type Answer = { kind: 'answer'; value: string } | { kind: 'waiting' | 'refused'; value: string };

/** One query on a session of its own. `waiting`: not up yet; `refused`: somebody is there and does not let us in. */
export async function ask(port: number, password: string, query: string): Promise<Answer> {
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

/** The session that makes this process the server's owner. Throws InputError naming the living owner if there is one. */
export async function becomeOwner(port: number, password: string, stateDir: string): Promise<Client> {
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
  const found = `${stateDir} in use by process ${rows[0]?.name.replace('dvfarm owner ', '') ?? 'unknown'}`;
  const expected = 'one controller per state directory; stop that one or set DVFARM_HOME';
  throw new InputError('embedded PostgreSQL', [{ path: '', at: [], found, expected }]);
}

export async function createDatabase(owner: Client): Promise<void> {
  const { rowCount } = await owner.query('select 1 from pg_database where datname = $1', [databaseName]);
  if (rowCount === 0) await owner.query(`create database ${databaseName}`);
}
