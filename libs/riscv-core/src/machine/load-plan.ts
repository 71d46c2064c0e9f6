/** What is put into RAM before the machine starts: ranges that lie inside RAM and do not overlap. */
import { ConfigError, hex } from './config-error.js';
import { describeRange } from './elf.js';
import type { Ram } from './linear-memory.js';

export interface LoadRange {
  /** File the bytes come from, for messages. */
  readonly name: string;
  readonly base: bigint;
  readonly data: Uint8Array;
  /** Bytes in memory; those past `data` are zero (RAM starts zeroed). */
  readonly size: bigint;
}

/** What a kernel's first page table maps of RAM: one Sv39 gigapage. Boot information is placed inside it. */
const EARLY_BYTES = 0x4000_0000;

export class LoadPlan {
  private readonly ranges: LoadRange[] = [];

  constructor(private readonly ram: Ram) {}

  /** Throws {@link ConfigError} when the range is not wholly inside RAM or touches one already planned. */
  add(range: LoadRange): void {
    if (!this.ram.contains(range.base, range.size))
      throw new ConfigError(
        range.name,
        `load range ${describeRange(range.base, range.size)}`,
        `one inside RAM, ${describeRange(BigInt(this.ram.base), BigInt(this.ram.size))}`,
      );
    const other = this.overlapping(range.base, range.size);
    if (other !== undefined)
      throw new ConfigError(
        range.name,
        `load range ${describeRange(range.base, range.size)} overlapping ${describeRange(other.base, other.size)} of ${other.name}`,
        'load ranges that do not overlap',
      );
    this.ranges.push(range);
  }

  /** Plans `data` at the highest 4 KiB aligned address of RAM's first GiB where it fits. */
  addAtTop(name: string, data: Uint8Array): bigint {
    const size = BigInt(data.length);
    let base = alignDown(BigInt(this.ram.base + Math.min(this.ram.size, EARLY_BYTES)) - size);
    for (;;) {
      if (base < BigInt(this.ram.base))
        throw new ConfigError(name, `no free range of ${size} bytes in RAM`, `more memory than ${this.ram.size} bytes`);
      const other = this.overlapping(base, size);
      if (other === undefined) break;
      base = alignDown(other.base - size);
    }
    this.ranges.push({ name, base, data, size });
    return base;
  }

  /** Lowest address that is loaded, undefined when nothing is. */
  lowest(): bigint | undefined {
    return this.ranges.map((range) => range.base).sort((a, b) => (a < b ? -1 : 1))[0];
  }

  /** Copies everything into RAM. */
  write(): void {
    for (const range of this.ranges) this.ram.slice(range.base, BigInt(range.data.length)).set(range.data);
  }

  private overlapping(base: bigint, size: bigint): LoadRange | undefined {
    return this.ranges.find((range) => base < range.base + range.size && range.base < base + size);
  }
}

function alignDown(address: bigint): bigint {
  return address < 0n ? -1n : address & ~0xfffn;
}

/** `0x80000000`, decimal or hexadecimal; throws {@link ConfigError} naming `where`. */
export function parseAddress(text: string, where: string): bigint {
  if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text))
    throw new ConfigError(where, JSON.stringify(text), 'an address such as 0x80000000');
  const value = BigInt(text);
  if (value >= 1n << 64n) throw new ConfigError(where, hex(value), 'an address below 2^64');
  return value;
}
