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
