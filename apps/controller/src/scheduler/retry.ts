import { Prisma, type PrismaClient } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';
import { LostRaceError } from './transition.js';

const maxTries = 8;

/**
 * Runs `work` in a transaction; when another writer was first, all of it again on fresh rows. After `maxTries` the
 * race is something else and the error goes on.
 */
export async function inTransaction<Result>(prisma: PrismaClient, work: (db: Db) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await prisma.$transaction(work, { maxWait: 10_000, timeout: 60_000 });
    } catch (error) {
      if (!isLostRace(error) || attempt === maxTries) throw error;
    }
  }
}

/** Ours, or PostgreSQL's: serialization failure or deadlock (P2034), or a unique row that somebody just made (P2002). */
function isLostRace(error: unknown): boolean {
  if (error instanceof LostRaceError) return true;
  return error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2034' || error.code === 'P2002');
}
