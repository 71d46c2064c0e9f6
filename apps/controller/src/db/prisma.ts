import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client.js';

/** Sessions this process keeps open for data; the queue has its own. */
const poolSize = 10;

export function openPrisma(url: string, onError: (error: Error) => void): PrismaClient {
  // A pool without an error listener takes the process down when the server goes away.
  const adapter = new PrismaPg(
    { connectionString: url, max: poolSize, application_name: 'dvfarm controller' },
    { onPoolError: onError, onConnectionError: onError },
  );
  return new PrismaClient({ adapter });
}

/** A client inside a transaction; statements without one take the client itself. */
export type Db = Prisma.TransactionClient;

/** PostgreSQL said: that row exists already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/** Of Prisma: cannot reach, timed out, connection closed, no free connection in time, transaction not begun in time. Of the socket, as it breaks. */
const awayCodes = new Set(['P1000', 'P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'ECONNRESET', 'EPIPE']);
/** Of Prisma's adapter, where nothing translates its errors: between the statements of a transaction. */
const awayKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout']);
/** Where only a text says it. Of PostgreSQL: shutting down, crashed, starting up; and of the connection. */
const awayTexts =
  /\b(57P0[123]|08[0-9A-Z]{3})\b|Can't reach database server|Server has closed the connection|Operation has timed out|Connection terminated|is not queryable|ECONNREFUSED|Unable to start a transaction in the given time/;

/** The database does not answer now and may do so later: nobody's mistake, worth another try. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as { code?: unknown; cause?: { kind?: unknown } };
  if (typeof code === 'string' && awayCodes.has(code)) return true;
  if (typeof cause?.kind === 'string' && awayKinds.has(cause.kind)) return true;
  return awayTexts.test(error.message);
}
