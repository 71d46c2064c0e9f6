/** Writes small ELF64 RISC-V executables for tests. */

export interface TestElf {
  entry: bigint;
  segments: { base: bigint; data: Uint8Array; size?: bigint }[];
  symbols?: Record<string, bigint>;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;
const SECTION_HEADER = 64;
const SYMBOL = 24;

export function makeElf({ entry, segments, symbols = {} }: TestElf): Uint8Array {
  const encoder = new TextEncoder();
  const names = Object.keys(symbols);
  const strings = encoder.encode(`\0${names.map((name) => `${name}\0`).join('')}`);
  const dataAt = HEADER + segments.length * PROGRAM_HEADER;
  const dataSize = segments.reduce((sum, segment) => sum + segment.data.length, 0);
  const symbolsAt = dataAt + dataSize;
  const stringsAt = symbolsAt + (names.length + 1) * SYMBOL;
  const sectionsAt = stringsAt + strings.length;
  const bytes = new Uint8Array(sectionsAt + 3 * SECTION_HEADER);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(HEADER), true);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  view.setUint16(52, HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, segments.length, true);
  view.setUint16(58, SECTION_HEADER, true);
  view.setUint16(60, 3, true);
  let from = dataAt;
  segments.forEach((segment, index) => {
    const at = HEADER + index * PROGRAM_HEADER;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    view.setBigUint64(at + 8, BigInt(from), true);
    view.setBigUint64(at + 16, segment.base, true);
    view.setBigUint64(at + 24, segment.base, true);
    view.setBigUint64(at + 32, BigInt(segment.data.length), true);
    view.setBigUint64(at + 40, segment.size ?? BigInt(segment.data.length), true);
    bytes.set(segment.data, from);
    from += segment.data.length;
  });
  let nameAt = 1;
  names.forEach((name, index) => {
    const at = symbolsAt + (index + 1) * SYMBOL;
    view.setUint32(at, nameAt, true);
    bytes[at + 4] = 0x10;
    view.setUint16(at + 6, 0xfff1, true);
    view.setBigUint64(at + 8, symbols[name] ?? 0n, true);
    nameAt += encoder.encode(name).length + 1;
  });
  bytes.set(strings, stringsAt);
  const section = (index: number, type: number, offset: number, size: number, link: number): void => {
    const at = sectionsAt + index * SECTION_HEADER;
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(size), true);
    view.setUint32(at + 40, link, true);
  };
  section(1, 2, symbolsAt, (names.length + 1) * SYMBOL, 2);
  section(2, 3, stringsAt, strings.length, 0);
  return bytes;
}
