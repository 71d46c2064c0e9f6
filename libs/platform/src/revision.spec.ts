import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRevision } from './revision.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'revision-'));
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.3" }');
});
afterEach(() => rmSync(root, { recursive: true }));

function git(files: Record<string, string>): void {
  mkdirSync(join(root, '.git', 'refs', 'heads'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, '.git', name), text);
}

describe('the revision', () => {
  it('is the version where there is no repository', () => expect(projectRevision(root)).toBe('1.2.3'));

  it.each([
    ['a loose reference', { HEAD: 'ref: refs/heads/main\n', 'refs/heads/main': `${commit}\n` }],
    [
      'a packed reference',
      { HEAD: 'ref: refs/heads/main\n', 'packed-refs': `# pack-refs\n${commit} refs/heads/main\n` },
    ],
    ['a detached head', { HEAD: `${commit}\n` }],
  ])('names the commit of %s', (_what, files) => {
    git(files);
    expect(projectRevision(root)).toBe('1.2.3+0123456789ab');
  });

  it('leaves out a reference that leads nowhere', () => {
    git({ HEAD: 'ref: refs/heads/gone\n' });
    expect(projectRevision(root)).toBe('1.2.3');
  });

  it('is unknown without a package', () => expect(projectRevision(join(root, 'none'))).toBeNull());
});
