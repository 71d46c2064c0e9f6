import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImages, checkImages, compiler, ImageBuildError, type Run } from './image-build.js';

const VERSION = 'gcc 12.2.0 of this test';
const DIGEST_OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

let guest: string;

beforeEach(() => {
  guest = mkdtempSync(join(tmpdir(), 'images spec '));
  mkdirSync(join(guest, 'prebuilt'));
  writeFileSync(join(guest, 'prebuilt', 'a.elf'), 'abc');
  const digests = { compiler: VERSION, files: { 'a.elf': DIGEST_OF_ABC } };
  writeFileSync(join(guest, 'prebuilt', 'digests.json'), JSON.stringify(digests));
});
afterEach(() => rmSync(guest, { recursive: true, force: true }));

/** A compiler of this version and a `make` that writes these bytes. */
function toolchain(version: string | null, bytes: string): Run {
  return (program, args) => {
    if (program === compiler) return { status: version === null ? null : 0, stdout: `${version}\nmore\n`, stderr: '' };
    const out = args.find((argument) => argument.startsWith('OUT='))?.slice('OUT='.length) ?? '';
    const folder = out === 'prebuilt' ? join(guest, out) : out;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.elf'), bytes);
    return { status: 0, stdout: '', stderr: '' };
  };
}

function failure(act: () => unknown): { message: string; exitCode: number } {
  try {
    act();
  } catch (error) {
    if (error instanceof ImageBuildError) return { message: error.message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('checking the images', () => {
  it('accepts a rebuild to the same bytes and leaves the stored files alone', () => {
    expect(checkImages(guest, toolchain(VERSION, 'abc'))).toBe(1);
    expect(readFileSync(join(guest, 'prebuilt', 'a.elf'), 'utf8')).toBe('abc');
  });

  it('names the file that a rebuild makes differently', () => {
    const { message, exitCode } = failure(() => checkImages(guest, toolchain(VERSION, 'abd')));
    expect(message).toMatch(/^a\.elf: rebuilt file has sha256 [0-9a-f]{64}, digests\.json says ba7816bf/);
    expect(exitCode).toBe(1);
  });

  it('names a stored file that is not the one of digests.json, even without a compiler', () => {
    writeFileSync(join(guest, 'prebuilt', 'b.sym'), 'new');
    cpSync(join(guest, 'prebuilt', 'b.sym'), join(guest, 'prebuilt', 'a.elf'));
    const { message, exitCode } = failure(() => checkImages(guest, toolchain(null, '')));
    expect(message.split('\n').map((line) => line.split(':')[0])).toEqual(['a.elf', 'b.sym']);
    expect(exitCode).toBe(1);
  });

  it('says that the compiler is missing', () => {
    expect(failure(() => checkImages(guest, toolchain(null, '')))).toMatchObject({
      message: expect.stringContaining(`${compiler}: not found`) as string,
      exitCode: 2,
    });
    expect(failure(() => buildImages(guest, toolchain(null, ''))).exitCode).toBe(2);
  });

  it('says that the compiler is another one and compares nothing', () => {
    expect(failure(() => checkImages(guest, toolchain('gcc 13', 'abd')))).toMatchObject({
      message: expect.stringMatching(/found "gcc 13", expected "gcc 12\.2\.0 of this test"/) as string,
      exitCode: 2,
    });
  });

  it('passes on what make complains about', () => {
    const run: Run = (program, args) =>
      program === 'make' ? { status: 2, stdout: '', stderr: 'no rule' } : toolchain(VERSION, '')(program, args);
    expect(failure(() => buildImages(guest, run))).toMatchObject({
      message: expect.stringContaining('no rule') as string,
      exitCode: 1,
    });
  });
});
