// The programs of the benchmark: sizes, and how they are built from bench/engine/programs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, '../../dist/bench');

/** Bytes of RAM that each hart has for itself. */
export const HART_BYTES = 0x0200_0000;
export const RAM_BASE = 0x8000_0000;

/**
 * rounds: of the full program, about a second of QEMU; the interpreter and machines of several harts run a part of them per hart.
 * must, aim: least ratio of the JIT's speed to QEMU's.
 */
export const programs = [
  { name: 'integer', rounds: 6000, must: { rocket: 0.4, none: 0.7 }, aim: { rocket: 0.6, none: 1.0 } },
  { name: 'memory', rounds: 8_000_000, must: { rocket: 0.48, none: 0.95 }, aim: { rocket: 0.7, none: 1.3 } },
  { name: 'strings', rounds: 600_000, must: { rocket: 0.2, none: 0.6 }, aim: { rocket: 0.3, none: 0.75 } },
  { name: 'cold', rounds: 1200, must: { rocket: 0.2, none: 0.38 }, aim: { rocket: 0.32, none: 0.48 } },
];

export const compiler = 'riscv64-linux-gnu-gcc';
const flags = [
  '-O2', '-march=rv64imac_zicsr', '-mabi=lp64', '-mcmodel=medany', '-ffreestanding', '-nostdlib', '-static', '-fno-pic',
  // A loop that copies must not become a call of the function it is in.
  '-fno-tree-loop-distribute-patterns', '-Wall', '-Wextra', '-Werror', '-Wl,--build-id=none,--no-warn-rwx-segments',
]; // prettier-ignore

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error?.code === 'ENOENT')
    throw new Error(`${command} is not installed: Debian packages gcc-riscv64-linux-gnu, binutils-riscv64-linux-gnu`);
  if (done.status !== 0) throw new Error(`${command} failed:\n${done.stderr}`);
}

/**
 * Builds a program for a hart of several, each with its own RAM; the path of its ELF file. `few`: of
 * `cold` only some functions, for tests.
 */
export function build(
  name,
  rounds,
  hart = 0,
  harts = 1,
  { hartBytes = HART_BYTES, few = false, folder = output } = {},
) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${rounds}-${hart}of${harts}.elf`);
  const base = `0x${(RAM_BASE + hart * hartBytes).toString(16)}`;
  const sources = [join(here, 'programs/start.S'), join(here, `programs/${name}.c`)];
  const defines = [`-DROUNDS=${rounds}`, `-DHART=${hart}`, `-DHARTS=${harts}`, `-DHART_BYTES=${hartBytes}`];
  if (few) defines.push('-DFEW');
  const link = ['-T', join(here, 'programs/link.ld'), `-Wl,--defsym=BASE=${base}`];
  run(compiler, [...flags, ...defines, ...link, '-o', file, ...sources]);
  return file;
}

/** The bytes that an ELF file loads, and where; what it does not name is zero. */
export function rawImage(file) {
  const raw = `${file}.bin`;
  run('riscv64-linux-gnu-objcopy', ['-O', 'binary', file, raw]);
  return new Uint8Array(readFileSync(raw));
}
