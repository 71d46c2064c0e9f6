import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder: the nearest one above `moduleUrl` with a package.json (source and dist lie at different depths). */
export function packageRoot(moduleUrl: string): string {
  for (let at = dirname(fileURLToPath(moduleUrl)); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) throw new Error(`no package.json above ${moduleUrl}`);
  }
}
