/**
 * Files made from the one definition in TypeScript.
 *
 *   node dist/scripts/gen.js            write what changed
 *   node dist/scripts/gen.js --check    write nothing; exit 1 and name every file that differs
 *
 * To add a file: one entry in `files`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { abiHeader, csrHeader, memoryMapHeader } from './gen-headers.js';
import { figuresStyleSheet } from './gen-web.js';
import { dashboardJson, dashboards, datasourceFile, providerFile } from './grafana/build.js';
import { packageRoot } from './package-root.js';

const INCLUDE = 'libs/duvisor/guest/include/generated';
const GRAFANA = 'deploy/grafana/provisioning';

const files: Record<string, () => string> = {
  [`${INCLUDE}/csr.h`]: csrHeader,
  [`${INCLUDE}/abi.h`]: abiHeader,
  [`${INCLUDE}/memory-map.h`]: memoryMapHeader,
  'apps/web/src/generated/figures.css': figuresStyleSheet,
  [`${GRAFANA}/datasources/dvfarm.yaml`]: datasourceFile,
  [`${GRAFANA}/dashboards/dvfarm.yaml`]: providerFile,
  ...Object.fromEntries(
    dashboards.map((spec) => [`${GRAFANA}/dashboards/${spec.uid}.json`, () => dashboardJson(spec)]),
  ),
};

const check = process.argv.includes('--check');
const root = packageRoot(import.meta.url);
let stale = 0;
for (const [path, make] of Object.entries(files)) {
  const target = join(root, path);
  const wanted = make();
  if (existsSync(target) && readFileSync(target, 'utf8') === wanted) continue;
  stale++;
  if (check) {
    console.error(`${path}: differs from its definition; run "npm run gen"`);
    continue;
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, wanted);
  console.log(`wrote ${path}`);
}
if (check && stale > 0) process.exitCode = 1;
