import { InputError } from '#libs/contracts';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** What Grafana connects as: it reads what its panels show, and writes nothing. */
export const grafanaRole = 'dvfarm_grafana';

/** Any fixed number: keeps two controllers from making the role at once. */
const roleLock = 0x6476_6667;
const insufficientPrivilege = '42501';

/**
 * What the role may read: whole tables, or only some columns where others are secrets (hashes of keys and tokens) or
 * large (consoles). A table that is not named here cannot be read.
 */
const readable: Readonly<Record<string, readonly string[] | 'all'>> = {
  campaigns: ['id', 'number', 'name', 'description', 'engine', 'no_cache', 'created_at', 'cancel_requested_at'],
  points: 'all',
  software: 'all',
  runs: 'all',
  metrics: 'all',
  events: 'all',
  leases: 'all',
  workers: ['id', 'name', 'slots', 'simulator', 'host', 'registered_at', 'seen_at'],
  attempts: [
    ...['id', 'run_id', 'number', 'worker_id', 'leased_at', 'ended_at', 'end', 'detail'],
    ...['progress_instret', 'progress_cycles', 'progress_mips'],
  ],
  results: [
    ...['run_id', 'attempt_id', 'outcome', 'exit_code', 'outcome_detail', 'cycles', 'instret', 'state_hash', 'images'],
    ...['simulator', 'host_seconds', 'host_mips', 'engine', 'stored_at'],
  ],
};

/** Makes or updates the role; after the migrations. Throws InputError when the database's user may not make roles. */
export async function prepareGrafanaRole(url: string, password: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'dvfarm migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [roleLock]);
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    const grants = Object.entries(readable).map(([table, columns]) => {
      const which = columns === 'all' ? '' : ` (${columns.map(escapeIdentifier).join(', ')})`;
      return `grant select${which} on ${escapeIdentifier(table)} to ${grafanaRole};`;
    });
    await client.query(`
      do $$ begin create role ${grafanaRole} nosuperuser nocreatedb nocreaterole;
      exception when duplicate_object or unique_violation then null; end $$;
      alter role ${grafanaRole} login password ${escapeLiteral(password)};
      alter role ${grafanaRole} set default_transaction_read_only = on;
      alter role ${grafanaRole} set statement_timeout = '30s';
      grant connect on database ${escapeIdentifier(rows[0]?.name ?? '')} to ${grafanaRole};
      grant usage on schema public to ${grafanaRole};
      revoke all on all tables in schema public from ${grafanaRole};
      ${grants.join('\n')}
    `);
  } catch (error) {
    if ((error as { code?: string }).code !== insufficientPrivilege) throw error;
    const name = 'DVFARM_GRAFANA_DB_PASSWORD';
    const found = `set, with a database user that may not make roles: ${(error as Error).message}`;
    const expected = `a DATABASE_URL whose user has CREATEROLE, or ${name} not set`;
    throw new InputError('environment', [{ path: name, at: [name], found, expected }]);
  } finally {
    await client.end();
  }
}
