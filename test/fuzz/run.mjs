// `npm run fuzz:engine [-- --seed N --minutes M --kind 'KIND']`: hostile guest programs on every engine (cases.ts). Exit 1: one of
// them crashed an engine, never ended, or ended otherwise on one engine than on another; the message says how to run it again.
import { clearInterval, setInterval } from 'node:timers';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** No program takes longer on a busy machine. */
const HUNG_MS = 120_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    minutes: { type: 'string', default: '10' },
    kind: { type: 'string' },
  },
});
for (const name of ['seed', 'minutes']) {
  if (/^\d+(\.\d+)?$/.test(values[name])) continue;
  process.stderr.write(`fuzz:engine: --${name}: found "${values[name]}", expected a number\n`);
  process.exit(2);
}
process.stdout.write(`fuzz:engine: seed ${values.seed}, ${values.minutes} minutes\n`);

const folder = mkdtempSync(join(tmpdir(), 'dvfarm-fuzz-'));
const heartbeat = join(folder, 'case');
const child = spawn(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/fuzz/vitest.config.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    // Its own process group: workers go with it.
    detached: true,
    env: {
      ...process.env,
      FUZZ_SEED: values.seed,
      FUZZ_MINUTES: values.minutes,
      FUZZ_HEARTBEAT: heartbeat,
      ...(values.kind === undefined ? {} : { FUZZ_KIND: values.kind }),
    },
  },
);
const kill = () => process.kill(-child.pid, 'SIGKILL');
process.on('SIGINT', kill);
process.on('SIGTERM', kill);

const read = () => {
  try {
    return readFileSync(heartbeat, 'utf8');
  } catch {
    return 'the start';
  }
};
let seen = read();
let since = Date.now();
const watch = setInterval(() => {
  const now = read();
  if (now !== seen) [seen, since] = [now, Date.now()];
  else if (Date.now() - since > HUNG_MS) {
    process.stderr.write(`fuzz:engine: no end after ${HUNG_MS / 1000} s: npm run fuzz:engine -- ${seen} --minutes 0\n`);
    kill();
  }
}, 5000);

child.on('exit', (code) => {
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code === 0 ? 0 : 1;
});
