/**
 * The built images of the target software (libs/duvisor/guest/prebuilt).
 *
 *   node dist/scripts/images.js            build them and digests.json (the guest's Makefile)
 *   node dist/scripts/images.js --check    build a copy in a temporary folder and compare every byte; writes nothing
 *
 * Exit codes: 0 fine, 1 bytes differ or the build failed, 2 the compiler is missing or is another one than digests.json names.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from './package-root.js';

const COMPILER = 'riscv64-linux-gnu-gcc';
const DIGESTS = 'digests.json';

interface Digests {
  /** First line of the compiler's --version. */
  compiler: string;
  /** sha256 by file name. */
  files: Record<string, string>;
}

const guest = join(packageRoot(import.meta.url), 'libs/duvisor/guest');
const prebuilt = join(guest, 'prebuilt');

class ImageError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

function compilerVersion(): string {
  const run = spawnSync(COMPILER, ['--version'], { encoding: 'utf8' });
  if (run.status !== 0) {
    throw new ImageError(
      `${COMPILER}: not found; the images are built with it (Debian package gcc-riscv64-linux-gnu), running them needs Node only`,
      2,
    );
  }
  return run.stdout.split('\n')[0] ?? '';
}

/** Runs the guest Makefile found in `folder`. Object files go to `objects`, images to `out`. */
function make(folder: string, objects: string, out: string): void {
  const run = spawnSync('make', ['--silent', '-C', folder, `BUILD=${objects}`, `OUT=${out}`], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', MAKEFLAGS: '' },
  });
  if (run.error) throw new ImageError(`make: ${run.error.message}`, 2);
  if (run.status !== 0) throw new ImageError(`make: exit code ${run.status}, expected 0\n${run.stderr}`, 1);
}

/** Digests of all images and symbol files in `folder`. */
function digestsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => /\.(elf|bin|sym)$/.test(name));
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

function readDigests(): Digests {
  const path = join(prebuilt, DIGESTS);
  if (!existsSync(path)) throw new ImageError(`${path}: missing; run "npm run images"`, 1);
  return JSON.parse(readFileSync(path, 'utf8')) as Digests;
}

/** One line per file that differs between two sets of digests. */
function differences(found: Record<string, string>, expected: Record<string, string>, what: string): string[] {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])].sort();
  return names
    .filter((name) => found[name] !== expected[name])
    .map(
      (name) => `${name}: ${what} ${found[name] ?? '(no such file)'}, ${DIGESTS} says ${expected[name] ?? '(nothing)'}`,
    );
}

function check(): void {
  const recorded = readDigests();
  const stored = differences(digestsOf(prebuilt), recorded.files, 'stored file has sha256');
  if (stored.length > 0) throw new ImageError(stored.join('\n'), 1);

  const version = compilerVersion();
  if (version !== recorded.compiler) {
    throw new ImageError(
      `${COMPILER}: found "${version}", expected "${recorded.compiler}": another compiler makes other bytes, nothing compared`,
      2,
    );
  }
  // A copy elsewhere: the bytes must not depend on the folder either.
  const work = mkdtempSync(join(tmpdir(), 'dvfarm-images-'));
  try {
    const copy = join(work, 'guest');
    cpSync(guest, copy, { recursive: true, filter: (path) => basename(path) !== 'prebuilt' });
    make(copy, join(work, 'objects'), join(work, 'out'));
    const rebuilt = differences(digestsOf(join(work, 'out')), recorded.files, 'rebuilt file has sha256');
    if (rebuilt.length > 0)
      throw new ImageError(`${rebuilt.join('\n')}\nrun "npm run images" and commit the result`, 1);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`images: ${Object.keys(recorded.files).length} files rebuilt to the same bytes with ${version}`);
}

function build(): void {
  compilerVersion();
  make(guest, '../../../dist/guest', 'prebuilt');
  console.log(`images: ${Object.keys(readDigests().files).length} files in ${prebuilt}`);
}

try {
  if (process.argv.includes('--check')) check();
  else build();
} catch (error) {
  if (!(error instanceof ImageError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
