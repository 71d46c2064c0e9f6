import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '#libs/contracts';
import { reachable, type Account, type PostgresBinaries } from './binaries.js';
import { superuser } from './session.js';

/** Where a server's data lies and who owns it. */
export interface DataDirectory {
  account: Account | null;
  /** Holds `data` and, for a plain user, a copy of the programs if one is needed. */
  home: string;
  data: string;
}

/** In the state directory where the server's account can get there, else beside the temp directory, one per state directory. */
export function dataDirectoryFor(stateDir: string, account: Account | null): DataDirectory {
  let home = join(stateDir, 'postgres');
  // The account may pass through our directory, not look into it; what is private there is private file by file.
  if (account !== null) chmodSync(stateDir, statSync(stateDir).mode | 0o001);
  if (!reachable(stateDir, account)) {
    const lasting = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
    home = join(lasting, `dvfarm-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`);
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (account !== null) chownSync(home, account.uid, account.gid);
  return { account, home, data: join(home, 'data') };
}

/** Makes the data directory unless it is there; it appears whole or not at all. */
export function initialise(place: DataDirectory, binaries: PostgresBinaries, password: string): void {
  const version = join(place.data, 'PG_VERSION');
  if (existsSync(version)) {
    checkVersion(readFileSync(version, 'utf8').trim(), place, binaries);
    return;
  }
  const unfinished = `${place.data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(place.home, 'initial-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (place.account !== null) chownSync(passwordFile, place.account.uid, place.account.gid);
  try {
    const options = [
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ];
    const done = spawnSync(binaries.initdb, ['-D', unfinished, ...options], {
      ...runAs(place.account),
      encoding: 'utf8',
    });
    if (done.status !== 0) {
      const reason = (done.stderr || done.stdout || done.error?.message || '').trim().split('\n').at(-1) ?? '';
      throw new Error(`embedded PostgreSQL: initdb failed: ${reason}`, { cause: done.error });
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, place.data);
}

function checkVersion(found: string, place: DataDirectory, binaries: PostgresBinaries): void {
  if (found === binaries.major) return;
  const expected = `version ${binaries.major}; dump and reload it, or use another DVFARM_HOME`;
  throw new InputError('embedded PostgreSQL', [
    { path: '', at: [], found: `data of version ${found} in ${place.data}`, expected },
  ]);
}

/** How its programs run. cwd '/': the account may not enter ours. A clean environment: PG* variables of the user are not meant for this server. */
export function runAs(account: Account | null) {
  return { cwd: '/', env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }, ...(account ?? {}) };
}
