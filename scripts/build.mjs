// What `npm run build` does: every step whose inputs changed, in order. Nothing changed: about 0.1 s.
//
//   node scripts/build.mjs            build what is stale
//   node scripts/build.mjs --check    exit 0 when nothing is stale, 1 otherwise; builds nothing
//
// A step is stale when the sha256 over its inputs differs from the one kept at its last success, or an output is gone.
// To add a step: one entry in `steps`, before the steps that read what it makes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, 'dist', '.stamps');
const require = createRequire(import.meta.url);

/**
 * name: printed and used as the stamp's file name. inputs: files and folders (all files below, minus `skip`).
 * outputs: must exist. command: arguments for node. after: optional function run on success. needs: files without which the
 * step is left out, with a message.
 */
const steps = [
  {
    name: 'prisma-generate',
    inputs: [
      'prisma/schema.prisma',
      'prisma.config.ts',
      'scripts/prisma-generate.mjs',
      'node_modules/prisma/package.json',
    ],
    outputs: ['apps/controller/src/db/generated/client.ts'],
    command: ['scripts/prisma-generate.mjs'],
  },
  {
    name: 'wasm-core',
    inputs: [
      'libs/riscv-core/assembly',
      'libs/riscv-core/src/hart',
      'libs/riscv-core/src/isa',
      'libs/riscv-core/src/timing',
      'scripts/build-core.mjs',
      'node_modules/assemblyscript/package.json',
    ],
    outputs: ['libs/riscv-core/src/generated/core-module.ts'],
    command: ['scripts/build-core.mjs'],
  },
  {
    name: 'typescript',
    inputs: [
      'apps',
      'libs',
      'scripts',
      'tsconfig.json',
      'tsconfig.build.json',
      'package.json',
      'node_modules/typescript/package.json',
    ],
    // Tests, guests in C and the web front are not compiled here.
    skip: (path) => !path.endsWith('.json') && (!path.endsWith('.ts') || /\.(spec|testkit)\.ts$/.test(path)),
    outputs: ['dist/libs/contracts/src/index.js'],
    command: [join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    after: removeOrphans,
  },
  {
    name: 'web',
    inputs: [
      'apps/web',
      'libs/contracts/src',
      'package.json',
      'tsconfig.json',
      'node_modules/vite/package.json',
      'node_modules/preact/package.json',
      'node_modules/yaml/package.json',
      'node_modules/zod/package.json',
    ],
    skip: (path) => /\.(spec|testkit)\.ts$/.test(path),
    outputs: ['dist/web/index.html'],
    command: [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', 'apps/web'],
    // Without the packages for development (`npm ci --omit=dev`) everything but the dashboard works.
    needs: ['node_modules/vite/package.json', 'node_modules/preact/package.json'],
  },
];

const checkOnly = process.argv.includes('--check');
for (const step of steps) {
  const missing = step.needs?.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) {
    if (!checkOnly) process.stderr.write(`build: ${step.name} left out: found no ${missing}; "npm ci" installs it\n`);
    continue;
  }
  const digest = digestOf(step);
  if (isFresh(step, digest)) continue;
  if (checkOnly) process.exit(1);
  run(step);
  mkdirSync(stamps, { recursive: true });
  // Inputs that the step itself or an editor changed meanwhile make it stale again, rightly.
  writeFileSync(join(stamps, `${step.name}.unfinished`), digest);
  renameSync(join(stamps, `${step.name}.unfinished`), join(stamps, step.name));
}

function run(step) {
  const begin = process.hrtime.bigint();
  process.stderr.write(`build: ${step.name} ...\n`);
  const done = spawnSync(process.execPath, step.command, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    process.stderr.write(`build: ${step.name}: found exit code ${done.status ?? done.signal}, expected 0\n`);
    process.exit(1);
  }
  step.after?.();
  process.stderr.write(`build: ${step.name} ${(Number(process.hrtime.bigint() - begin) / 1e9).toFixed(1)} s\n`);
}

function isFresh(step, digest) {
  const stamp = join(stamps, step.name);
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest &&
    step.outputs.every((path) => existsSync(join(root, path)))
  );
}

/** sha256 over names and contents: a changed date alone (git checkout) does not build anything. */
function digestOf(step) {
  const hash = createHash('sha256').update(JSON.stringify(step.command.map((word) => relative(root, word))));
  for (const input of step.inputs)
    for (const file of filesOf(join(root, input))) {
      const name = relative(root, file).split(sep).join('/');
      if (step.skip?.(name) !== true) hash.update(name).update('\0').update(readFileSync(file)).update('\0');
    }
  return hash.digest('hex');
}

function filesOf(path) {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.name !== 'node_modules' && !entry.name.startsWith('.'))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => (entry.isDirectory() ? filesOf(join(path, entry.name)) : [join(path, entry.name)]));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}

/** A built file whose source is gone would still be found, and counted in the simulator's digest. */
function removeOrphans() {
  for (const part of ['apps', 'libs', 'scripts'])
    for (const file of filesOf(join(root, 'dist', part))) {
      const source = join(root, relative(join(root, 'dist'), file)).replace(/\.js(\.map)?$/, '.ts');
      if (source.endsWith('.ts') && !existsSync(source)) rmSync(file);
    }
}
