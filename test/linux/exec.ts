/** A boot as a user starts it: `dvfarm exec` in its own process, as the build has left it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootArguments, boots, type BootName } from '../../scripts/linux/boots.js';
import { linuxFiles, linuxFolder } from '../../scripts/linux/folder.js';

const dvfarm = fileURLToPath(new URL('../../dist/apps/cli/src/main.js', import.meta.url));

/** What `--json` says that the tests read. */
export interface Report {
  readonly exit: { readonly kind: string; readonly code: number };
  readonly instret: number;
  readonly cycles: number;
  readonly stateHash: string;
  readonly cpuSeconds: number;
}

export interface Ended {
  readonly code: number | null;
  readonly report: Report;
  readonly console: string;
}

/** Throws when the images are not there. */
export function needImages(name: BootName): void {
  const folder = linuxFolder();
  const missing = [linuxFiles.firmware, boots[name].image, boots[name].initrd].filter(
    (file) => !existsSync(join(folder, file)),
  );
  if (missing.length > 0) throw new Error(`${folder}: no ${missing.join(', ')}; run "npm run images:linux"`);
}

/** Arguments that start a boot anew. */
export function bootAnew(name: BootName, timing: string): string[] {
  needImages(name);
  return [...bootArguments(name, linuxFolder()), '--timing', timing];
}

export async function exec(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [dvfarm, 'exec', ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const console = Buffer.concat(err).toString('utf8');
  const line = Buffer.concat(out).toString('utf8');
  if (line === '') throw new Error(`dvfarm exec: exit code ${code} without a report\n${console.slice(-2000)}`);
  return { code, report: JSON.parse(line) as Report, console };
}
