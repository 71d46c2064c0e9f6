/** A lock file that dies with its owner: one process of this computer at a time. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 100;
/** A file that stays empty longer than this was left by a process that died between making and filling it. */
const emptyMs = 10_000;

/** Runs `work` while holding `file`; waits for a living owner. */
export async function withLock<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  while (!take(file)) await delay(pollMs, undefined, { signal });
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = ownerOf(file);
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (owner > 0 ? isAlive(owner) : age < emptyMs) return false;
  // Whoever renames it first clears it away; a lock taken meanwhile by another is put back.
  const aside = `${file}.${String(process.pid)}`;
  try {
    renameSync(file, aside);
    if (ownerOf(aside) === owner) rmSync(aside);
    else renameSync(aside, file);
  } catch {
    // Another was faster.
  }
  return false;
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
