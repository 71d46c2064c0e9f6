import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withLock } from './lock.js';

const directory = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(directory, { recursive: true }));
const never = new AbortController().signal;

describe('a lock file', () => {
  it('lets one in at a time and is gone afterwards, also after a failure', async () => {
    const file = join(directory, 'one', 'a.lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      throw new Error('failed');
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => withLock(file, never, work)));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('of a dead process is taken over', async () => {
    const file = join(directory, 'dead.lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(file, String(pid));
    await expect(withLock(file, never, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('that was left empty is taken over when it is old', async () => {
    const file = join(directory, 'empty.lock');
    writeFileSync(file, '');
    utimesSync(file, 0, 0);
    await expect(withLock(file, never, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('of a living process is waited for, until interrupted', async () => {
    const file = join(directory, 'living.lock');
    writeFileSync(file, String(process.pid));
    await expect(withLock(file, AbortSignal.abort(), () => Promise.resolve('in'))).rejects.toThrow(/abort/i);
  });
});
