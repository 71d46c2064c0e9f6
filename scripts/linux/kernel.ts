/** The small kernel of our own: Debian's Linux 6.1 source, `tinyconfig` and the fragment images/linux/kernel.config. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxImageError, type Command } from './command.js';
import type { Package } from './packages.js';

export interface KernelBuild {
  /** What lies over `tinyconfig`. */
  readonly fragment: string;
  readonly source: Package;
  /** Where sources are unpacked and objects go. */
  readonly work: string;
  /** The Image to write. */
  readonly image: string;
}

const CROSS = 'riscv64-linux-gnu-';

/** Nothing of the computer or the day is in the kernel: equal sources and an equal compiler give equal bytes. */
const environment = {
  ARCH: 'riscv',
  CROSS_COMPILE: CROSS,
  KBUILD_BUILD_TIMESTAMP: '1970-01-01',
  KBUILD_BUILD_USER: 'dvfarm',
  KBUILD_BUILD_HOST: 'dvfarm',
  KBUILD_BUILD_VERSION: '1',
};

/** Builds the kernel unless the one there came of the same things; about 5 minutes of one processor. */
export function buildKernel(build: KernelBuild, command: Command, say: (line: string) => void): void {
  const fragment = readFileSync(build.fragment, 'utf8');
  const made = digestOf(build.source.version, command(`${CROSS}gcc`, ['--version']), fragment);
  const stamp = `${build.image}.made-of`;
  if (existsSync(build.image) && existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return;

  const source = unpackSource(build, command);
  // Kept: the kernel's makefiles know what a change of configuration makes anew.
  const objects = join(build.work, `build-${build.source.version}`);
  mkdirSync(objects, { recursive: true });
  const make = (...targets: string[]): string =>
    command('nice', ['-n', '10', 'make', '-C', source, `O=${objects}`, ...targets], { env: environment });
  make('tinyconfig');
  const config = join(objects, '.config');
  command(join(source, 'scripts/kconfig/merge_config.sh'), ['-m', '-O', objects, config, build.fragment], {
    cwd: source,
    env: environment,
  });
  make('olddefconfig');
  checkConfig(readFileSync(config, 'utf8'), fragment);
  say('the small kernel: building (some minutes)');
  make('Image');
  copyFileSync(join(objects, 'arch/riscv/boot/Image'), build.image);
  writeFileSync(stamp, made);
}

function unpackSource({ source, work }: KernelBuild, command: Command): string {
  const folder = join(work, `source-${source.version}`);
  const tree = join(folder, 'linux-source-6.1');
  const whole = join(folder, 'unpacked');
  if (!existsSync(whole)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    command('tar', ['-C', folder, '-xf', join(source.root, 'usr/src/linux-source-6.1.tar.xz')]);
    writeFileSync(whole, '');
  }
  return tree;
}

/** What the fragment asks for and the kernel's own rules dropped would be missed at run time only. */
function checkConfig(config: string, fragment: string): void {
  const lines = new Set(config.split('\n'));
  const dropped = fragment.split('\n').filter((line) => /^CONFIG_\w+=/.test(line) && !lines.has(line));
  if (dropped.length > 0)
    throw new LinuxImageError(`the kernel's configuration does not have ${dropped.join(', ')}`, 1);
}

function digestOf(...texts: string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}
