/** Page tables for tests, written straight into RAM. */
import type { Program } from './program.js';

export const PTE = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, G: 32n, A: 64n, D: 128n } as const;
/** Everything allowed, already accessed and dirty. */
export const RWX = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;

const PAGE = 4096n;
const SV39_MODE = 8n << 60n;

/** One Sv39 or Sv39x4 table: the root at `root`, further tables taken from the pages behind it. */
export class PageTable {
  private nextTable: bigint;
  private readonly children = new Map<string, bigint>();

  /** `rootPages`: 1, or 4 for the wider root of the second stage. */
  constructor(
    private readonly program: Program,
    private readonly root: bigint,
    private readonly rootPages: 1 | 4,
  ) {
    this.nextTable = root + BigInt(rootPages) * PAGE;
  }

  /** satp, vsatp or hgatp that uses this table. */
  get atp(): bigint {
    return SV39_MODE | (this.root >> 12n);
  }

  /** Writes the leaf for `va` at `level` (0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB), making the tables above it. */
  map(va: bigint, pa: bigint, flags: bigint, level: 0 | 1 | 2 = 0): this {
    this.program.poke(this.entry(va, level), ((pa >> 12n) << 10n) | flags);
    return this;
  }

  /** Address of the entry for `va` at `level`. */
  entry(va: bigint, level: 0 | 1 | 2): bigint {
    let table = this.root;
    for (let i = 2; i > level; i--) table = this.child(table, this.index(va, i, table));
    return table + 8n * this.index(va, level, table);
  }

  private index(va: bigint, level: number, table: bigint): bigint {
    const width = table === this.root && this.rootPages === 4 ? 11n : 9n;
    const all = va >> BigInt(12 + 9 * level);
    return all & ((1n << width) - 1n);
  }

  private child(table: bigint, index: bigint): bigint {
    const key = `${table}/${index}`;
    let found = this.children.get(key);
    if (found === undefined) {
      found = this.nextTable;
      this.nextTable += PAGE;
      this.children.set(key, found);
      this.program.poke(table + 8n * index, ((found >> 12n) << 10n) | PTE.V);
    }
    return found;
  }
}
