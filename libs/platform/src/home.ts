import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** What lies where in the state directory (`$DVFARM_HOME`, default `.dvfarm/` of the checkout). */
export function homeFiles(home: string) {
  return {
    /** Written by a controller when it is ready, removed when it stops: {@link controllerRecordSchema}. */
    controller: join(home, 'controller.json'),
    /** The first API key, for the command line of this computer. Mode 0600, one line. */
    apiKey: join(home, 'api-key'),
    /** Lets a worker register. Mode 0600, one line. */
    workerToken: join(home, 'worker-token'),
    artefacts: join(home, 'artefacts'),
    logs: join(home, 'logs'),
  } as const;
}

/** How to reach the controller that serves a state directory, and which process it is. */
export const controllerRecordSchema = z.object({ pid: z.int(), url: z.url(), startedAt: z.iso.datetime() });
export type ControllerRecord = z.infer<typeof controllerRecordSchema>;

/** Null when there is none or it cannot be read; the caller still asks `/health/live`, since a killed controller leaves it behind. */
export function readControllerRecord(home: string): ControllerRecord | null {
  try {
    return controllerRecordSchema.parse(JSON.parse(readFileSync(homeFiles(home).controller, 'utf8')));
  } catch {
    return null;
  }
}

/** Writes so that a reader sees the old content or the new, never half; readable by the owner only. */
export function writePrivateFile(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(unfinished, content, { mode: 0o600 });
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, file);
}

/** The secret kept in `file`, made at the first call. */
export function keptSecret(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = newSecret();
  writePrivateFile(file, `${secret}\n`);
  return secret;
}

/** 192 random bits in characters that need no quoting in a URL. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
