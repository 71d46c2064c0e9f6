/** `dvfarm controller` and `dvfarm worker`: one process of a cluster in the foreground, without containers. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { homeFiles } from '#libs/platform';
import { controllerEnvironment, runningController } from '../cluster/cluster.js';
import { CommandError, exitCodes } from '../errors.js';
import { servicePrograms, stateDirectory } from '../paths.js';

interface ControllerOptions {
  home?: string;
  host?: string;
  port?: number;
  databaseUrl?: string;
  redisUrl?: string;
}

export function controller(options: ControllerOptions): Promise<number> {
  return foreground(servicePrograms.controller, controllerEnvironment({ ...options, home: stateDirectory(options) }));
}

interface WorkerOptions {
  home?: string;
  controller?: string;
  tokenFile?: string;
  slots?: number;
  name?: string;
}

export async function worker(options: WorkerOptions): Promise<number> {
  const home = stateDirectory(options);
  const url = options.controller ?? process.env['DVFARM_CONTROLLER_URL'] ?? (await runningController(home));
  if (url === null)
    throw new CommandError(
      `${home}: found no running controller, expected one: start it, or name one with --controller`,
      exitCodes.badInput,
    );
  const tokenFile = options.tokenFile ?? process.env['DVFARM_WORKER_TOKEN_FILE'] ?? homeFiles(home).workerToken;
  return foreground(servicePrograms.worker, {
    DVFARM_CONTROLLER_URL: url,
    DVFARM_WORKER_TOKEN_FILE: tokenFile,
    ...(options.slots === undefined ? {} : { DVFARM_WORKER_SLOTS: String(options.slots) }),
    ...(options.name === undefined ? {} : { DVFARM_WORKER_NAME: options.name }),
  });
}

/** Runs a service on this terminal; passes signals on; ends as it ends. */
function foreground(program: string, environment: Record<string, string>): Promise<number> {
  if (!existsSync(program))
    throw new CommandError(`${program}: found no such file, expected it built: run "npm run build"`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      env: { ...process.env, ...environment },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const pass = (): void => void child.kill('SIGTERM');
    for (const name of names) process.on(name, pass);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of names) process.off(name, pass);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
