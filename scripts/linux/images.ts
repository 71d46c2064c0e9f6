/**
 * Linux for the simulated machine, put together from Debian packages (docs/how-to/linux.md):
 *
 *   npm run images:linux [-- --out DIR]
 *
 * OpenSBI; Debian's riscv64 kernel with its KVM module; a small kernel of our own, host and guest alike, with a
 * KVM user helper between them; initial RAM disks with busybox. Nothing of it is committed. A second run makes only what has changed.
 * Exit codes: 0 fine, 1 something failed, 2 something is missing on this computer.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../package-root.js';
import { LinuxImageError, needPrograms, runCommand } from './command.js';
import { linuxFiles, linuxFolder } from './folder.js';
import { debianInitrd, guestInitrd, hostInitrd } from './initrd.js';
import { buildKernel } from './kernel.js';
import { debianMirror, PackageStore, type Package } from './packages.js';

const scripts = join(packageRoot(import.meta.url), 'images/linux');
const FIRMWARE = 'usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin';

/** Memcached and the libraries it loads: files by Debian package, the program first. */
const libraries = 'usr/lib/riscv64-linux-gnu';
const memcachedPackages: Readonly<Record<string, readonly string[]>> = {
  memcached: ['usr/bin/memcached'],
  libc6: [`${libraries}/ld-linux-riscv64-lp64d.so.1`, `${libraries}/libc.so.6`, `${libraries}/libm.so.6`],
  'libevent-2.1-7t64': [`${libraries}/libevent-2.1.so.7`],
  'libsasl2-2': [`${libraries}/libsasl2.so.2`],
  libssl3t64: [`${libraries}/libssl.so.3`, `${libraries}/libcrypto.so.3`],
  zlib1g: [`${libraries}/libz.so.1`],
  libzstd1: [`${libraries}/libzstd.so.1`],
};

const say = (line: string): void => console.log(`images:linux: ${line}`);

try {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  makeImages(values.out === undefined ? linuxFolder() : resolve(values.out));
} catch (error) {
  if (!(error instanceof LinuxImageError)) throw error;
  console.error(`images:linux: ${error.message}`);
  process.exitCode = error.exitCode;
}

function makeImages(out: string): void {
  needPrograms();
  const work = join(out, 'work');
  const packages = new PackageStore(join(work, 'apt'), runCommand, debianMirror(runCommand));
  packages.update();
  const all: Package[] = [];
  const fetched = (name: string): Package => {
    const found = packages.fetch(name);
    all.push(found);
    say(`${name} ${found.version}`);
    return found;
  };
  const opensbi = fetched('opensbi');
  const busybox = fetched('busybox-static');
  const debian = fetched(packages.dependency('linux-image-riscv64'));
  const source = fetched('linux-source-6.1');
  const memcached = Object.entries(memcachedPackages).flatMap(([name, files]) => {
    const { root } = fetched(name);
    return files.map((path) => join(root, path));
  });

  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(out, name), bytes);
  const from = { scripts, busybox: join(busybox.root, 'usr/bin/busybox') };
  copyFileSync(join(opensbi.root, FIRMWARE), join(out, linuxFiles.firmware));
  copyFileSync(onlyFile(join(debian.root, 'boot'), /^vmlinu[xz]-/), join(out, linuxFiles.debianImage));
  put(linuxFiles.debianInitrd, debianInitrd(from, kvmModule(debian, work)));

  const kernel = join(out, linuxFiles.smallImage);
  buildKernel({ fragment: join(scripts, 'kernel.config'), source, work, image: kernel }, runCommand, say);
  const guest = guestInitrd(from, memcached, compiled('memcached-pairs', work));
  put(linuxFiles.hostInitrd, hostInitrd(from, compiled('kvm-run', work), kernel, guest));

  writeManifest(out, all);
  say(`in ${out}`);
}

/** Debian's KVM module, unpacked and without what only a debugger reads. */
function kvmModule(kernel: Package, work: string): string {
  const modules = join(kernel.root, 'usr/lib/modules');
  const packed = join(onlyFile(modules, /./), 'kernel/arch/riscv/kvm/kvm.ko.xz');
  const module = join(work, 'kvm.ko');
  copyFileSync(packed, `${module}.xz`);
  runCommand('xz', ['-df', `${module}.xz`]);
  runCommand('riscv64-linux-gnu-strip', ['-g', module]);
  return module;
}

/** A program of images/linux for the target. */
function compiled(name: string, work: string): string {
  const program = join(work, name);
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s'];
  runCommand('riscv64-linux-gnu-gcc', [...flags, '-o', program, join(scripts, `${name}.c`)]);
  return program;
}

function onlyFile(folder: string, pattern: RegExp): string {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
  if (names.length !== 1 || names[0] === undefined)
    throw new LinuxImageError(`${folder}: ${names.length} files like ${pattern.source}, expected one`, 1);
  return join(folder, names[0]);
}

/** What the images were made of, and their digests. */
function writeManifest(out: string, packages: readonly Package[]): void {
  const { manifest, ...files } = linuxFiles;
  const digest = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(out, name)))
      .digest('hex');
  const content = {
    packages: Object.fromEntries(packages.map(({ name, version }) => [name, version])),
    compiler: runCommand('riscv64-linux-gnu-gcc', ['--version']).split('\n')[0],
    files: Object.fromEntries(Object.values(files).map((name) => [name, digest(name)])),
  };
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, manifest), `${JSON.stringify(content, null, 2)}\n`);
}
