/** ELF64 RISC-V executables: what to load where, the entry point, the symbols (System V ABI, gABI ch. 4 and 5). */
import { ConfigError, hex } from './config-error.js';

export interface ElfSegment {
  /** Physical address of the first byte. */
  readonly base: bigint;
  /** Bytes from the file. */
  readonly data: Uint8Array;
  /** Bytes in memory; those past `data` are zero. */
  readonly size: bigint;
}

export interface ElfImage {
  readonly entry: bigint;
  readonly segments: readonly ElfSegment[];
  /** Name to value; of symbols that share a name the first global one, else the first. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

const MACHINE_RISCV = 243;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const ELF_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;

/** `name` is the file's name, for messages. Throws {@link ConfigError}. */
export function readElf(bytes: Uint8Array, name: string): ElfImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0) !== 0x7f454c46)
    throw new ConfigError(name, 'no ELF header', 'an ELF executable');
  if (bytes.length < ELF_HEADER_SIZE)
    throw new ConfigError(name, `${bytes.length} bytes`, `an ELF header of ${ELF_HEADER_SIZE}: the file is truncated`);
  if (bytes[4] !== 2) throw new ConfigError(name, 'a 32-bit ELF file', 'a 64-bit one');
  if (bytes[5] !== 1) throw new ConfigError(name, 'a big-endian ELF file', 'a little-endian one');
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_RISCV) throw new ConfigError(name, `machine ${machine}`, `RISC-V (${MACHINE_RISCV})`);
  const type = view.getUint16(16, true);
  if (type !== 2 && type !== 3) throw new ConfigError(name, `ELF type ${type}`, 'an executable (type 2 or 3)');

  /** Checks that `[offset, offset + size)` lies in the file. */
  const within = (offset: bigint, size: bigint, what: string): number => {
    if (offset + size > BigInt(bytes.length))
      throw new ConfigError(
        name,
        `${bytes.length} bytes`,
        `${what} up to byte ${offset + size}: the file is truncated`,
      );
    return Number(offset);
  };

  const programHeaders = view.getUint16(56, true);
  const programHeaderSize = view.getUint16(54, true);
  if (programHeaders > 0 && programHeaderSize !== PROGRAM_HEADER_SIZE)
    throw new ConfigError(name, `program headers of ${programHeaderSize} bytes`, `${PROGRAM_HEADER_SIZE}`);
  const table = within(view.getBigUint64(32, true), BigInt(programHeaders * PROGRAM_HEADER_SIZE), 'program headers');
  const segments: ElfSegment[] = [];
  for (let index = 0; index < programHeaders; index += 1) {
    const at = table + index * PROGRAM_HEADER_SIZE;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const fileSize = view.getBigUint64(at + 32, true);
    const size = view.getBigUint64(at + 40, true);
    if (size === 0n) continue;
    if (fileSize > size)
      throw new ConfigError(
        name,
        `segment ${index} with ${fileSize} bytes in the file`,
        `at most the ${size} it has in memory`,
      );
    const from = within(view.getBigUint64(at + 8, true), fileSize, `segment ${index}`);
    segments.push({
      base: view.getBigUint64(at + 24, true),
      data: bytes.subarray(from, from + Number(fileSize)),
      size,
    });
  }
  if (segments.length === 0) throw new ConfigError(name, 'no loadable segment', 'at least one PT_LOAD program header');
  return { entry: view.getBigUint64(24, true), segments, symbols: readSymbols(bytes, view, within, name) };
}

function readSymbols(
  bytes: Uint8Array,
  view: DataView,
  within: (offset: bigint, size: bigint, what: string) => number,
  name: string,
): Map<string, bigint> {
  const sections = view.getUint16(60, true);
  const sectionSize = view.getUint16(58, true);
  const symbols = new Map<string, bigint>();
  if (sections === 0) return symbols;
  if (sectionSize !== SECTION_HEADER_SIZE)
    throw new ConfigError(name, `section headers of ${sectionSize} bytes`, `${SECTION_HEADER_SIZE}`);
  const table = within(view.getBigUint64(40, true), BigInt(sections * SECTION_HEADER_SIZE), 'section headers');
  const globals = new Set<string>();
  for (let index = 0; index < sections; index += 1) {
    const at = table + index * SECTION_HEADER_SIZE;
    if (view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const size = view.getBigUint64(at + 32, true);
    const first = within(view.getBigUint64(at + 24, true), size, 'the symbol table');
    const link = view.getUint32(at + 40, true);
    if (link >= sections) throw new ConfigError(name, `string section ${link}`, `one of the ${sections} sections`);
    const stringSection = table + link * SECTION_HEADER_SIZE;
    const stringsSize = view.getBigUint64(stringSection + 32, true);
    const strings = within(view.getBigUint64(stringSection + 24, true), stringsSize, 'the string table');
    const stringsEnd = strings + Number(stringsSize);
    for (let symbol = first; symbol + SYMBOL_SIZE <= first + Number(size); symbol += SYMBOL_SIZE) {
      const nameAt = strings + view.getUint32(symbol, true);
      const end = bytes.indexOf(0, nameAt);
      if (nameAt >= stringsEnd || end < 0 || end === nameAt) continue;
      const symbolName = new TextDecoder().decode(bytes.subarray(nameAt, end));
      const isGlobal = (bytes[symbol + 4] ?? 0) >> 4 !== 0;
      // Section index 0: the symbol is undefined here.
      if (view.getUint16(symbol + 6, true) === 0) continue;
      if (symbols.has(symbolName) && (!isGlobal || globals.has(symbolName))) continue;
      symbols.set(symbolName, view.getBigUint64(symbol + 8, true));
      if (isGlobal) globals.add(symbolName);
    }
  }
  return symbols;
}

/** Where the segments lie, for messages: `0x80000000..0x80001000`. */
export function describeRange(base: bigint, size: bigint): string {
  return `${hex(base)}..${hex(base + size)}`;
}
