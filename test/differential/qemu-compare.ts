/** Interpreter = QEMU: the same image on both, the same bytes from the UART. */
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import { runOnQemu } from './qemu.js';
import { FOUR_LEVELS, extensionsOf, type Flavour } from './flavours.js';
import { DATA, LOG, LOG_RECORD } from './program-map.js';
import { cpuOptions } from './qemu-deviations.js';
import { makeProgram, type RandomProgram } from './random-program.js';
import { Random } from './random.js';

export const qemuFlavours: readonly Flavour[] = [
  { name: 'unprivileged', options: { isa: 'rv64gc' }, privileged: false, guests: false, dvext: false, onQemu: true },
  {
    name: 'bit manipulation',
    options: { isa: 'rv64gcb' },
    privileged: false,
    guests: false,
    dvext: false,
    onQemu: true,
  },
  { name: 'traps', options: { isa: 'rv64gc' }, privileged: true, guests: false, dvext: false, onQemu: true },
  {
    name: 'traps, bit manipulation, four levels, Svadu',
    options: { isa: 'rv64gcb_svadu', set: FOUR_LEVELS },
    privileged: true,
    guests: false,
    dvext: false,
    fourLevels: true,
    onQemu: true,
  },
];

const BASE = 0x8000_0000n;
const BLOCKS = 80;
/** Room for the device tree that QEMU puts near the end. */
const MEMORY_MIB = 64;
const LIMIT = 2_000_000;

/** One image of RAM from its first byte: the program, its tables and its data. */
function flatImage(program: RandomProgram): Uint8Array {
  const last = program.words.reduce((end, [address]) => (address > end ? address : end), BASE);
  const image = new Uint8Array(Number(last - BASE) + 8);
  image.set(program.image);
  const view = new DataView(image.buffer);
  for (const [address, value] of program.words) view.setBigUint64(Number(address - BASE), value, true);
  return image;
}

function runHere(image: Uint8Array, flavour: Flavour): Uint8Array | undefined {
  const bytes: number[] = [];
  const { machine } = buildMachine(
    resolveConfig({ memoryBytes: MEMORY_MIB << 20, ...flavour.options }),
    { raw: [{ name: 'random program', bytes: image, address: BASE }], entry: BASE },
    engineFactory('interpreter'),
    { write: (part) => void bytes.push(...part) },
  );
  const state = machine.run(LIMIT, LIMIT);
  return state.kind === 'finisher' ? Uint8Array.from(bytes) : undefined;
}

/**
 * Throws an error that names the first difference. Undefined: the program does not come to its end here (random code made
 * it run in circles), so there is nothing to compare.
 */
export function compareWithQemu(flavour: Flavour, seed: number): { readonly traps: number } | undefined {
  const image = flatImage(makeProgram(new Random(seed), flavour, BLOCKS));
  const here = runHere(image, flavour);
  if (here === undefined) return undefined;
  const there = runOnQemu(image, MEMORY_MIB, cpuOptions(extensionsOf(flavour)));
  const logBytes = here.length - DATA_BYTES;
  const at = here.findIndex((byte, i) => byte !== there[i]);
  if (at >= 0 || here.length !== there.length) throw new Error(describeDifference(here, there, at, logBytes));
  return { traps: logBytes / LOG_RECORD };
}

/** What a program sends of its data area behind the log. */
const DATA_BYTES = 0x2000;
const fieldNames = ['mstatus', 'mcause', 'mepc', 'mtval'] as const;

function describeDifference(here: Uint8Array, there: Uint8Array, at: number, logBytes: number): string {
  const word = (bytes: Uint8Array, offset: number): string =>
    offset + 8 <= bytes.length
      ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true).toString(16)
      : 'none';
  if (at < 0) return `here ${here.length} bytes, QEMU ${there.length}`;
  if (at >= logBytes) {
    const offset = at & ~7;
    return `data at ${(DATA + BigInt(offset - logBytes)).toString(16)}: ${word(here, offset)}, QEMU ${word(there, offset)}`;
  }
  const record = Math.floor(at / LOG_RECORD);
  const lines = [`trap ${record} (log ${(LOG + BigInt(record * LOG_RECORD)).toString(16)}), here / QEMU:`];
  for (let i = 0; i < LOG_RECORD / 8; i++) {
    const offset = record * LOG_RECORD + 8 * i;
    const [mine, theirs] = [word(here, offset), word(there, offset)];
    const name = fieldNames[i] ?? `x${i - 3}`;
    if (mine !== theirs || i < fieldNames.length)
      lines.push(`  ${name}: ${mine} ${mine === theirs ? '=' : '/'} ${theirs}`);
  }
  return lines.join('\n');
}
