/**
 * Byte ranges as pages of which equal ones are kept once, in compressed pieces. All integers are u32, little-endian:
 *
 *   bytes of the table, table (compressed): per page of each range, in order, 0 = all zeros, else number of its content + 1
 *   number of contents, then per piece of up to 256 contents: bytes of the piece, piece (compressed)
 */

/** Given by the caller: this library uses no platform's compression. */
export interface Compression {
  compress(bytes: Uint8Array): Uint8Array;
  /** `size`: bytes that must come out. Throws when they do not. */
  decompress(bytes: Uint8Array, size: number): Uint8Array;
}

const PAGE = 4096;
const WORDS = PAGE / 4;
const PIECE_PAGES = 256;

/** Ranges must begin at multiples of 4 bytes in their buffers; the last page of a range is filled up with zeros. */
export function packPages(ranges: readonly Uint8Array[], compression: Compression): Uint8Array[] {
  const contents = new Contents();
  const tables = ranges.map((range) => {
    const table = new Uint32Array(pageCount(range.length));
    for (let page = 0; page < table.length; page++) table[page] = contents.numberOf(pageOf(range, page)) + 1;
    return table;
  });
  const table = compression.compress(join(tables.map((words) => new Uint8Array(words.buffer))));
  const out = [u32(table.length), table, u32(contents.pages.length)];
  for (let first = 0; first < contents.pages.length; first += PIECE_PAGES) {
    const pages = contents.pages.slice(first, first + PIECE_PAGES);
    const piece = compression.compress(
      join(pages.map((words) => new Uint8Array(words.buffer, words.byteOffset, PAGE))),
    );
    out.push(u32(piece.length), piece);
  }
  return out;
}

/** Fills the ranges, which are all zeros, with what {@link packPages} was given. Throws where the bytes are of another form. */
export function unpackPages(bytes: Uint8Array, ranges: readonly Uint8Array[], compression: Compression): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const word = (): number => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const piece = (size: number): Uint8Array => {
    const length = word();
    at += length;
    return compression.decompress(bytes.subarray(at - length, at), size);
  };
  const pages = ranges.reduce((sum, range) => sum + pageCount(range.length), 0);
  const table = piece(4 * pages);
  const tableView = new DataView(table.buffer, table.byteOffset, table.length);
  const contents: Uint8Array[] = [];
  for (let left = word(); left > 0; left -= PIECE_PAGES) {
    const count = Math.min(left, PIECE_PAGES);
    const some = piece(count * PAGE);
    for (let i = 0; i < count; i++) contents.push(some.subarray(i * PAGE, (i + 1) * PAGE));
  }
  let entry = 0;
  for (const range of ranges) {
    for (let from = 0; from < range.length; from += PAGE) {
      const number = tableView.getUint32(4 * entry++, true);
      if (number === 0) continue;
      const content = contents[number - 1];
      if (content === undefined) throw new RangeError(`page content ${number} of ${contents.length}`);
      range.set(content.subarray(0, Math.min(PAGE, range.length - from)), from);
    }
  }
}

/** Pages of different content, numbered as they are first seen. */
class Contents {
  readonly pages: Int32Array[] = [];
  private readonly byHash = new Map<number, number[]>();

  /** -1: all zeros. */
  numberOf(page: Int32Array): number {
    const hash = hashOf(page);
    if (hash === undefined) return -1;
    const candidates = this.byHash.get(hash);
    const known = candidates?.find((number) => equal(this.pages[number]!, page));
    if (known !== undefined) return known;
    const number = this.pages.push(page) - 1;
    if (candidates === undefined) this.byHash.set(hash, [number]);
    else candidates.push(number);
    return number;
  }
}

/** Undefined: all zeros. Only narrows the search: equal pages are compared. */
function hashOf(page: Int32Array): number | undefined {
  let hash = 0;
  let any = 0;
  for (let i = 0; i < WORDS; i++) {
    any |= page[i]!;
    hash = Math.imul(hash ^ page[i]! ^ (hash >>> 15), 0x9e3779b1);
  }
  return any === 0 ? undefined : hash;
}

function equal(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < WORDS; i++) if (a[i] !== b[i]) return false;
  return true;
}

function pageOf(range: Uint8Array, page: number): Int32Array {
  const from = page * PAGE;
  if (from + PAGE <= range.length) return new Int32Array(range.buffer, range.byteOffset + from, WORDS);
  const last = new Uint8Array(PAGE);
  last.set(range.subarray(from));
  return new Int32Array(last.buffer);
}

function pageCount(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
