/** Running the programs that Linux images are made with. */
import { spawnSync } from 'node:child_process';

/** Something is missing on this computer, or a program failed. Exit code 2: missing; 1: failed. */
export class LinuxImageError extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns its standard output; throws with what it said when it fails. */
export type Command = (program: string, args: readonly string[], options?: CommandOptions) => string;

export const runCommand: Command = (program, args, options = {}) => {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', MAKEFLAGS: '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new LinuxImageError(`${program}: not found`, 2);
  if (status !== 0) {
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
    throw new LinuxImageError(`${[program, ...args].join(' ')}: exit code ${status}, expected 0\n${said}`, 1);
  }
  return stdout;
};

/** Debian package of each program needed. */
const packages: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  'riscv64-linux-gnu-gcc': 'gcc-riscv64-linux-gnu',
  make: 'make',
  gcc: 'gcc',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  perl: 'perl',
  xz: 'xz-utils',
};

/** Throws one message that names every program that is missing and its Debian package. */
export function needPrograms(command: Command = runCommand): void {
  const missing = Object.keys(packages).filter((program) => {
    try {
      command('sh', ['-c', `command -v ${program}`]);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.includes('apt-get'))
    throw new LinuxImageError(
      'apt-get: not found. The Linux images are put together from Debian packages: make them on a Debian system (a container ' +
        'will do) and copy the folder; --out DIR or $DVFARM_LINUX says where it is.',
      2,
    );
  if (missing.length > 0)
    throw new LinuxImageError(
      `not found: ${missing.join(', ')}. Needed: apt-get install ${missing.map((program) => packages[program]).join(' ')}`,
      2,
    );
}
