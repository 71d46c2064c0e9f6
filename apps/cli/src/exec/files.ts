/** Files that `dvfarm exec` reads and writes; what goes wrong is the user's to mend ({@link ConfigError}). */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, type NamedBytes } from '#libs/riscv-core';

const writable = 'a file that can be written';

export function read(file: string): NamedBytes {
  try {
    return { name: file, bytes: readFileSync(file) };
  } catch (error) {
    throw fileError(file, error, 'a file that can be read');
  }
}

export function writeOutput(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw fileError(file, error, writable);
  }
}

/** The parts one after the other; the file is there when it is whole. */
export function writeParts(file: string, parts: readonly Uint8Array[]): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    const to = openSync(unfinished, 'w');
    try {
      for (const part of parts) for (let at = 0; at < part.length;) at += writeSync(to, part, at);
    } finally {
      closeSync(to);
    }
    renameSync(unfinished, file);
  } catch (error) {
    throw fileError(file, error, writable);
  }
}

/** Without changing the file, which may be the one that was read. */
export function checkWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw fileError(file, error, writable);
  }
}

/** Can the file be made? It is not. */
export function checkDirectory(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw fileError(file, error, 'one in a directory that can be written');
  }
}

function fileError(file: string, error: unknown, expected: string): ConfigError {
  const { code } = error as NodeJS.ErrnoException;
  return new ConfigError(file, code === 'ENOENT' ? 'no such file' : (code ?? String(error)), expected);
}
