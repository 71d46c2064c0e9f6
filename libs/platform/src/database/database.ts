import { InputError } from '#libs/contracts';
import { Client } from 'pg';
import { startEmbeddedPostgres } from './embedded/server.js';

/** The PostgreSQL that holds the truth. */
export interface Database {
  url: string;
  kind: 'embedded' | 'given';
  /** Ends an embedded server; a given one is left alone. Close every pool before. */
  stop(): Promise<void>;
}

/** Oldest version tried. */
const oldestVersion = 15;

/** The database at `url`, or, when none is given, the embedded one of the state directory. Throws InputError when it cannot serve. */
export async function openDatabase(options: { url?: string | undefined; stateDir: string }): Promise<Database> {
  if (options.url === undefined) {
    const embedded = await startEmbeddedPostgres(options.stateDir);
    return { url: embedded.url, kind: 'embedded', stop: () => embedded.stop() };
  }
  await checkServer(options.url);
  return { url: options.url, kind: 'given', stop: () => Promise.resolve() };
}

async function checkServer(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000, application_name: 'dvfarm check' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`);
    const major = Math.floor(Number(rows[0]?.version) / 10_000);
    if (!(major >= oldestVersion)) throw unusable(url, `version ${major}`);
  } catch (error) {
    throw error instanceof InputError ? error : unusable(url, reasonOf(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}

function unusable(url: string, found: string): InputError {
  return new InputError('environment', [
    {
      path: 'DATABASE_URL',
      at: ['DATABASE_URL'],
      found: `${withoutPassword(url)}: ${found}`,
      expected: `a reachable PostgreSQL ${oldestVersion} or later, or no DATABASE_URL for the embedded one`,
    },
  ]);
}

/** A connection error in one phrase; dual-stack hosts give an AggregateError without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error && error.message !== '' ? (error.message.split('\n')[0] ?? error.name) : String(error);
}

/** For messages and logs. */
export function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.password = '';
    return parsed.toString();
  } catch {
    return 'a text that is not a URL';
  }
}
