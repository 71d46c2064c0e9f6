import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homeFiles, newSecret, writePrivateFile } from '#libs/platform';
import type { ApiScope, PrismaClient } from '../db/generated/client.js';

/** Keys are random and long, so that one round of sha256 keeps them: there is nothing to guess. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/**
 * Sees to it that the state directory holds a key that the database knows, for users and for workers. Returns the
 * users' key when it was made now: it is printed once, and only its hash is stored.
 */
export async function ensureCredentials(
  prisma: PrismaClient,
  home: string,
  workerTokenFile = homeFiles(home).workerToken,
): Promise<string | null> {
  const files = homeFiles(home);
  const apiKey = await ensureKey(prisma, files.apiKey, 'first key', ['READ', 'SUBMIT', 'ADMIN'], 'dvf_');
  await ensureKey(prisma, workerTokenFile, 'workers', ['WORKER'], 'dvw_');
  return apiKey;
}

async function ensureKey(
  prisma: PrismaClient,
  file: string,
  name: string,
  scopes: ApiScope[],
  prefix: string,
): Promise<string | null> {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '' && (await prisma.apiKey.findFirst({ where: { keyHash: hashOf(kept), revokedAt: null } })) !== null)
    return null;
  const made = prefix + newSecret();
  await prisma.apiKey.create({ data: { name, scopes, keyHash: hashOf(made) } });
  writePrivateFile(file, `${made}\n`);
  return made;
}
