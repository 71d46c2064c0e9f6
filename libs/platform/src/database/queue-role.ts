import { createHmac } from 'node:crypto';
import { InputError } from '#libs/contracts';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { runMigrations } from 'bullmq';

/** What workers connect as: it sees the queue's schema and nothing else. */
export const queueRole = 'dvfarm_queue';
const queueSchema = 'bullmq';

const insufficientPrivilege = '42501';

/** Any fixed number: keeps two controllers from making the role at once. */
const roleLock = 0x6476_6662;

/**
 * Makes or updates BullMQ's tables and the role for the workers, and returns the role's URL. The role's rights are
 * those on schema `bullmq`; on our tables it has none, and it may make nothing in schema `public`.
 */
export async function prepareQueueSchema(url: string): Promise<string> {
  const password = rolePassword(url);
  const client = new Client({ connectionString: url, application_name: 'dvfarm migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [roleLock]);
    await runMigrations(client, queueSchema);
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    const database = escapeIdentifier(rows[0]?.name ?? '');
    await client.query(`
      do $$ begin create role ${queueRole} nosuperuser nocreatedb nocreaterole;
      exception when duplicate_object or unique_violation then null; end $$;
      alter role ${queueRole} login password ${escapeLiteral(password)};
      grant connect on database ${database} to ${queueRole};
      revoke create on schema public from public;
      revoke all on all tables in schema public from public;
      revoke all on all tables in schema public from ${queueRole};
      grant usage on schema ${queueSchema} to ${queueRole};
      grant select, insert, update, delete on all tables in schema ${queueSchema} to ${queueRole};
      grant usage, select, update on all sequences in schema ${queueSchema} to ${queueRole};
      grant execute on all functions in schema ${queueSchema} to ${queueRole};
    `);
  } catch (error) {
    if ((error as { code?: string }).code !== insufficientPrivilege) throw error;
    const found = `user ${JSON.stringify(decodeURIComponent(new URL(url).username))}: ${(error as Error).message}`;
    const expected = `a user that may make the role ${queueRole} (CREATEROLE), or REDIS_URL for the queue`;
    throw new InputError('environment', [{ path: 'DATABASE_URL', at: ['DATABASE_URL'], found, expected }]);
  } finally {
    await client.end();
  }
  const worker = new URL(url);
  worker.username = queueRole;
  worker.password = password;
  return worker.toString();
}

/**
 * Roles belong to the whole server, and several controllers may share one: so the password follows from what they all
 * know, the server's own password, and is stored nowhere.
 */
function rolePassword(url: string): string {
  return createHmac('sha256', new URL(url).password).update(queueRole).digest('base64url');
}
