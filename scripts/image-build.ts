/** Building and checking the images of the target software; the command is images.ts. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export const compiler = 'riscv64-linux-gnu-gcc';
const DIGESTS = 'digests.json';

/** Written by the guest's Makefile beside the images. */
interface Digests {
  /** First line of the compiler's --version. */
  compiler: string;
  /** sha256 by file name. */
  files: Record<string, string>;
}

/** Exit code 1: bytes differ or the build failed; 2: the compiler is missing or is another one than digests.json names. */
export class ImageBuildError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

/** Runs a program to its end; status null when there is no such program. */
export type Run = (
  program: string,
  args: readonly string[],
) => { status: number | null; stdout: string; stderr: string };

export const runProgram: Run = (program, args) => {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', MAKEFLAGS: '' },
  });
  return { status, stdout, stderr };
};

function compilerVersion(run: Run): string {
  const { status, stdout } = run(compiler, ['--version']);
  if (status !== 0) {
    throw new ImageBuildError(
      `${compiler}: not found; building the images takes it (Debian package gcc-riscv64-linux-gnu), running them does not`,
      2,
    );
  }
  return stdout.split('\n')[0] ?? '';
}

/** Runs the Makefile of `folder`. Object files go to `objects`, images and digests to `out`. */
function make(run: Run, folder: string, objects: string, out: string): void {
  const { status, stderr } = run('make', ['--silent', '-C', folder, `BUILD=${objects}`, `OUT=${out}`]);
  if (status === null) throw new ImageBuildError('make: not found (Debian package make)', 2);
  if (status !== 0) throw new ImageBuildError(`make: exit code ${status}, expected 0\n${stderr}`, 1);
}

/** sha256 of all images and symbol files in `folder`. */
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

function readDigests(prebuilt: string): Digests {
  const path = join(prebuilt, DIGESTS);
  if (!existsSync(path)) throw new ImageBuildError(`${path}: missing; run "npm run images"`, 1);
  return JSON.parse(readFileSync(path, 'utf8')) as Digests;
}

/** One line per file that differs from what digests.json says. */
function differences(found: Record<string, string>, stated: Record<string, string>, what: string): string[] {
  const names = [...new Set([...Object.keys(found), ...Object.keys(stated)])].sort();
  return names
    .filter((name) => found[name] !== stated[name])
    .map(
      (name) => `${name}: ${what} ${found[name] ?? '(no such file)'}, ${DIGESTS} says ${stated[name] ?? '(nothing)'}`,
    );
}

/** Builds `guest` into its prebuilt folder. Returns how many files digests.json names. */
export function buildImages(guest: string, run: Run = runProgram): number {
  const prebuilt = join(guest, 'prebuilt');
  compilerVersion(run);
  make(run, guest, '../../../dist/guest', 'prebuilt');
  return Object.keys(readDigests(prebuilt).files).length;
}

/** Throws unless the stored files are those of digests.json and a build elsewhere gives the same bytes. Returns their number. */
export function checkImages(guest: string, run: Run = runProgram): number {
  const prebuilt = join(guest, 'prebuilt');
  const stated = readDigests(prebuilt);
  const stored = differences(digestsOf(prebuilt), stated.files, 'stored file has sha256');
  if (stored.length > 0) throw new ImageBuildError(stored.join('\n'), 1);

  const version = compilerVersion(run);
  if (version !== stated.compiler) {
    throw new ImageBuildError(
      `${compiler}: found "${version}", expected "${stated.compiler}": another compiler makes other bytes, nothing compared`,
      2,
    );
  }
  // A copy elsewhere: the bytes must not depend on the folder either.
  const work = mkdtempSync(join(tmpdir(), 'dvfarm-images-'));
  try {
    const copy = join(work, 'guest');
    cpSync(guest, copy, { recursive: true, filter: (path) => basename(path) !== 'prebuilt' });
    make(run, copy, join(work, 'objects'), join(work, 'out'));
    const rebuilt = differences(digestsOf(join(work, 'out')), stated.files, 'rebuilt file has sha256');
    if (rebuilt.length > 0)
      throw new ImageBuildError(`${rebuilt.join('\n')}\nrun "npm run images" and commit the result`, 1);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return Object.keys(stated.files).length;
}
