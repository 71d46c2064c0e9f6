/** bin/dvfarm on a small made-up checkout: builds what is stale, once, whoever asks; then hands over. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './farm.testkit.js';

let checkout: string;

function put(name: string, content: string): void {
  mkdirSync(join(checkout, name, '..'), { recursive: true });
  writeFileSync(join(checkout, name), content);
}

/** The build writes a line each time it runs and, unless told to fail, a command line that says what it was built from. */
const build = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
appendFileSync('builds', 'built\\n');
if (existsSync('broken')) process.exit(1);
mkdirSync('dist/apps/cli/src', { recursive: true });
writeFileSync('dist/apps/cli/src/main.js', 'console.log(' + JSON.stringify(readFileSync('apps/a.ts', 'utf8')) + ', process.argv[2])');
`;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'dvfarm checkout '));
  cpSync(join(root, 'bin'), join(checkout, 'bin'), { recursive: true });
  put('package.json', '{ "type": "module" }');
  put('node_modules/typescript/package.json', '{}');
  put('scripts/build.mjs', build);
  put('apps/a.ts', 'first');
});
afterEach(() => rmSync(checkout, { recursive: true }));

const builds = (): number => readFileSync(join(checkout, 'builds'), 'utf8').split('built').length - 1;
const call = () => spawnSync(process.execPath, [join(checkout, 'bin', 'dvfarm'), 'plan'], { encoding: 'utf8' });

describe('the launcher', () => {
  it('builds once, then hands over at once until a source changes', () => {
    expect(call().stdout).toBe('first plan\n');
    expect(call().stdout).toBe('first plan\n');
    expect(builds()).toBe(1);
    put('apps/a.ts', 'second, longer');
    expect(call().stdout).toBe('second, longer plan\n');
    expect(builds()).toBe(2);
    put('libs/new.ts', '');
    expect(call().status).toBe(0);
    expect(builds()).toBe(3);
  });

  it('builds once for several callers at the same time', async () => {
    const ends = await Promise.all(
      [1, 2, 3, 4].map(
        () =>
          new Promise<number | null>((resolve) =>
            spawn(process.execPath, [join(checkout, 'bin', 'dvfarm'), 'plan'], { stdio: 'ignore' }).on('exit', resolve),
          ),
      ),
    );
    expect(ends).toEqual([0, 0, 0, 0]);
    expect(builds()).toBe(1);
  });

  it('takes over the lock of a builder that died', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    put('dist/.build-lock', String(pid));
    expect(call().status).toBe(0);
    expect(existsSync(join(checkout, 'dist', '.build-lock'))).toBe(false);
  });

  it('says that a build failed, leaves no lock, and tries again the next time', () => {
    put('broken', '');
    const { status, stderr } = call();
    expect(status).toBe(1);
    expect(stderr).toContain('dvfarm: build: found exit code 1, expected 0');
    expect(existsSync(join(checkout, 'dist', '.build-lock'))).toBe(false);
    rmSync(join(checkout, 'broken'));
    expect(call().status).toBe(0);
  });

  it('says what to do when no packages are installed', () => {
    rmSync(join(checkout, 'node_modules'), { recursive: true });
    const { status, stderr } = call();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^dvfarm: .*node_modules: found no installed packages, expected them: run "npm ci" in .*\n$/,
    );
  });
});
