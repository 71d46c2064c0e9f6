/** Where things are in the checkout; this file is `dist/apps/cli/src/paths.js` when it runs. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

export const servicePrograms = {
  controller: join(packageRoot, 'dist', 'apps', 'controller', 'src', 'main.js'),
  worker: join(packageRoot, 'dist', 'apps', 'sim-worker', 'src', 'main.js'),
} as const;

/** State directory: the option, `$DVFARM_HOME`, or `.dvfarm/` of the checkout. */
export function stateDirectory(options: { home?: string }): string {
  return resolve(options.home ?? process.env['DVFARM_HOME'] ?? join(packageRoot, '.dvfarm'));
}
