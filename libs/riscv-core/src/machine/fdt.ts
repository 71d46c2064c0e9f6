/**
 * Flattened device tree, version 17 (Devicetree Specification 0.4, ch. 5): reader and writer.
 * Everything in a blob is big-endian; structure tokens are 32-bit words.
 */
import { ConfigError, hex } from './config-error.js';

export interface FdtNode {
  /** With unit address: `cpu@0`; empty for the root. */
  name: string;
  properties: Map<string, Uint8Array>;
  children: FdtNode[];
}

export interface Fdt {
  root: FdtNode;
  /** Memory reservations: physical address and size in bytes. */
  reservations: { address: bigint; size: bigint }[];
  bootCpu: number;
}

const MAGIC = 0xd00dfeed;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;
const END = 9;
const HEADER_SIZE = 40;

/** A property's bytes: numbers become 32-bit cells, bigints 64-bit pairs of cells, strings end in NUL. */
export type PropertyPiece = number | bigint | string;

export function property(...pieces: PropertyPiece[]): Uint8Array {
  const out: number[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') out.push(...encodeText(piece), 0);
    else if (typeof piece === 'bigint') out.push(...word(Number(piece >> 32n)), ...word(Number(piece & 0xffff_ffffn)));
    else out.push(...word(piece));
  }
  return Uint8Array.from(out);
}

export function node(
  name: string,
  properties: Record<string, Uint8Array | PropertyPiece | PropertyPiece[]>,
  children: FdtNode[] = [],
): FdtNode {
  const bytes = Object.entries(properties).map(([key, value]): [string, Uint8Array] => [
    key,
    value instanceof Uint8Array ? value : Array.isArray(value) ? property(...value) : property(value),
  ]);
  return { name, properties: new Map(bytes), children };
}

/** The child called `name`, made when absent. */
export function childNode(parent: FdtNode, name: string): FdtNode {
  const found = parent.children.find((child) => child.name === name);
  if (found !== undefined) return found;
  const made = node(name, {});
  parent.children.push(made);
  return made;
}

export function writeFdt(tree: Fdt): Uint8Array {
  const strings: number[] = [];
  const stringOffsets = new Map<string, number>();
  const structure: number[] = [];
  const align = (): void => {
    while (structure.length % 4 !== 0) structure.push(0);
  };
  const emit = (current: FdtNode): void => {
    structure.push(...word(BEGIN_NODE), ...encodeText(current.name), 0);
    align();
    for (const [name, value] of current.properties) {
      let offset = stringOffsets.get(name);
      if (offset === undefined) {
        offset = strings.length;
        stringOffsets.set(name, offset);
        strings.push(...encodeText(name), 0);
      }
      structure.push(...word(PROPERTY), ...word(value.length), ...word(offset));
      for (const byte of value) structure.push(byte);
      align();
    }
    current.children.forEach(emit);
    structure.push(...word(END_NODE));
  };
  emit(tree.root);
  structure.push(...word(END));

  const reservations = [...tree.reservations, { address: 0n, size: 0n }].flatMap(({ address, size }) => [
    ...property(address, size),
  ]);
  const structureAt = HEADER_SIZE + reservations.length;
  const stringsAt = structureAt + structure.length;
  const total = stringsAt + strings.length;
  const header = [
    MAGIC,
    total,
    structureAt,
    stringsAt,
    HEADER_SIZE,
    17,
    16,
    tree.bootCpu,
    strings.length,
    structure.length,
  ];
  return Uint8Array.from([...header.flatMap(word), ...reservations, ...structure, ...strings]);
}

/** `name` is what the blob was read from, for messages. Throws {@link ConfigError}. */
export function readFdt(bytes: Uint8Array, name: string): Fdt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_SIZE)
    throw new ConfigError(name, `${bytes.length} bytes`, 'a device tree blob (at least 40)');
  const magic = view.getUint32(0);
  if (magic !== MAGIC) throw new ConfigError(name, `magic ${hex(magic)}`, 'a device tree blob, which begins d00dfeed');
  const total = view.getUint32(4);
  if (total > bytes.length)
    throw new ConfigError(name, `${bytes.length} bytes`, `the ${total} that its header names: the file is truncated`);
  const structureAt = view.getUint32(8);
  const stringsAt = view.getUint32(12);
  const reservationsAt = view.getUint32(16);
  const version = view.getUint32(20);
  if (version < 16) throw new ConfigError(name, `version ${version}`, 'device tree version 16 or 17');

  const damaged = (at: number): never => {
    throw new ConfigError(name, `no valid structure at byte ${at}`, 'a well-formed device tree blob');
  };
  const readWord = (at: number): number => (at + 4 <= total ? view.getUint32(at) : damaged(at));
  const readText = (at: number): string => {
    const end = bytes.indexOf(0, at);
    if (at >= total || end < 0 || end >= total) return damaged(at);
    return new TextDecoder().decode(bytes.subarray(at, end));
  };
  const reservations: Fdt['reservations'] = [];
  for (let at = reservationsAt; ; at += 16) {
    if (at + 16 > total) damaged(at);
    const address = view.getBigUint64(at);
    const size = view.getBigUint64(at + 8);
    if (address === 0n && size === 0n) break;
    reservations.push({ address, size });
  }

  const stack: FdtNode[] = [];
  let root: FdtNode | undefined;
  let at = structureAt;
  for (;;) {
    const token = readWord(at);
    at += 4;
    if (token === NOP) continue;
    if (token === END) break;
    const parent = stack.at(-1);
    if (token === BEGIN_NODE) {
      const nodeName = readText(at);
      at = aligned(at + encodeText(nodeName).length + 1);
      const opened: FdtNode = { name: nodeName, properties: new Map(), children: [] };
      if (parent !== undefined) parent.children.push(opened);
      else if (root === undefined) root = opened;
      else damaged(at);
      stack.push(opened);
    } else if (token === END_NODE) {
      if (stack.pop() === undefined) damaged(at - 4);
    } else if (token === PROPERTY && parent !== undefined) {
      const length = readWord(at);
      if (at + 8 + length > total) damaged(at);
      parent.properties.set(readText(stringsAt + readWord(at + 4)), bytes.slice(at + 8, at + 8 + length));
      at = aligned(at + 8 + length);
    } else damaged(at - 4);
  }
  if (root === undefined || stack.length > 0) return damaged(at);
  return { root, reservations, bootCpu: view.getUint32(28) };
}

function aligned(at: number): number {
  return (at + 3) & ~3;
}

function word(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
