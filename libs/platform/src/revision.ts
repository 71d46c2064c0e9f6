/** Which version of this project is running: for the provenance of a report. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `0.1.0+664fe3f12345` in a checkout, `0.1.0` where there is no `.git` (a container); null when not even package.json is there.
 * Reads files only: git need not be installed, and a dirty tree is not noticed (the simulator's digest is what tells).
 */
export function projectRevision(root: string): string | null {
  const version = versionOf(root);
  const commit = commitOf(join(root, '.git'));
  return version === null ? null : commit === null ? version : `${version}+${commit.slice(0, 12)}`;
}

function versionOf(root: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}

/** The commit that HEAD names: itself, a loose reference, or a packed one. */
function commitOf(git: string): string | null {
  const head = textOf(join(git, 'HEAD'));
  const reference = /^ref: (\S+)$/.exec(head)?.[1];
  const commit = reference === undefined ? head : textOf(join(git, reference)) || packed(git, reference);
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : null;
}

function packed(git: string, reference: string): string {
  const line = textOf(join(git, 'packed-refs'))
    .split('\n')
    .find((candidate) => candidate.endsWith(` ${reference}`));
  return line?.split(' ')[0] ?? '';
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
