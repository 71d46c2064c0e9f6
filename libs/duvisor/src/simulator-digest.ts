/** The built simulator by content: what, besides specification and images, decides a run's result. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiled code (sources where tests run them); tests, type declarations and source maps decide nothing. */
const code = (name: string): boolean =>
  /\.(js|ts)$/.test(name) && !/\.(spec|testkit|d)\.ts$|\.(spec|testkit)\.js$/.test(name);

let computed: string | undefined;

/** sha256 over the paths and contents of riscv-core and duvisor as they run. Once per process: what is loaded stays. */
export function simulatorDigest(): string {
  computed ??= digestOfCode();
  return computed;
}

function digestOfCode(): string {
  const libraries = fileURLToPath(new URL('../..', import.meta.url));
  const files = ['riscv-core', 'duvisor'].flatMap((library) => filesBelow(join(libraries, library, 'src'))).sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${relative(libraries, file).split(sep).join('/')} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && code(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
