// The programs of the benchmark: sizes, and how they are built from bench/engine/programs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, '../../dist/bench');

/** Bytes of RAM that each hart has for what it writes; as much for code and constants lies before that of hart 0. */
export const HART_BYTES = 0x0200_0000;
export const RAM_BASE = 0x8000_0000;

/**
 * rounds: of the full program, about a second of QEMU; the interpreter and machines of several harts run a part of them per hart.
 * must, aim: least ratio of the JIT's speed to QEMU's.
 */
export const programs = [
  { name: 'integer', rounds: 6000, must: { rocket: 0.4, none: 0.7 }, aim: { rocket: 0.6, none: 1.0 } },
  { name: 'memory', rounds: 6_000_000, must: { rocket: 0.48, none: 0.95 }, aim: { rocket: 0.7, none: 1.3 } },
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

/** Slots of the hash table of 8 MiB. */
const SLOTS = 0x80000;

/**
 * Builds a program; the path of its ELF file. The hash tables of all harts together take 8 MiB: what several harts cost, not what
 * more memory costs the simulation host. `few`: less code in `cold` and smaller tables, for tests.
 */
export function build(name, rounds, harts = 1, { hartBytes = HART_BYTES, few = false, folder = output } = {}) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${rounds}-${harts}.elf`);
  const sources = [join(here, 'programs/start.S'), join(here, `programs/${name}.c`)];
  const defines = [`-DROUNDS=${rounds}`, `-DHART_BYTES=${hartBytes}`, `-DMINE=${RAM_BASE + hartBytes}`];
  defines.push(`-DSLOTS=${(few ? SLOTS / 16 : SLOTS) / harts}u`);
  if (few) defines.push('-DFEW');
  const link = ['-T', join(here, 'programs/link.ld'), `-Wl,--defsym=BASE=${RAM_BASE}`];
  run(compiler, [...flags, ...defines, ...link, '-o', file, ...sources]);
  return file;
}

/** The bytes that an ELF file loads, and where; what it does not name is zero. */
export function rawImage(file) {
  const raw = `${file}.bin`;
  run('riscv64-linux-gnu-objcopy', ['-O', 'binary', file, raw]);
  return new Uint8Array(readFileSync(raw));
}
