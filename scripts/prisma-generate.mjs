// Makes the Prisma client in apps/controller/src/db/generated. Needs no network.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const prisma = join(dirname(createRequire(import.meta.url).resolve('prisma/package.json')), 'build', 'index.js');

const done = spawnSync(process.execPath, [prisma, 'generate'], {
  cwd: root,
  encoding: 'utf8',
  env: {
    ...process.env,
    // `generate` insists on an engine that it never runs and that closed networks cannot download: any file will do.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  },
});
if (done.status !== 0) {
  process.stderr.write(done.stdout + done.stderr);
  process.stderr.write(`prisma generate: found exit code ${done.status ?? done.signal}, expected 0\n`);
  process.exit(1);
}
