/** RAM as devices reach it; the engine hears of every access. */
import type { Dma } from '../devices/dma.js';
import type { Ram } from './linear-memory.js';

export class RamDma implements Dma {
  constructor(
    private readonly ram: Ram,
    /** Bytes that were read, or have been written. */
    private readonly accessed: (physical: number, size: number, write: boolean) => void,
  ) {}

  contains(physical: bigint, size: number): boolean {
    return this.ram.contains(physical, BigInt(size));
  }

  read(physical: bigint, size: number): Uint8Array {
    if (size > 0) this.accessed(Number(physical), size, false);
    return this.ram.slice(physical, BigInt(size));
  }

  write(physical: bigint, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.ram.slice(physical, BigInt(bytes.length)).set(bytes);
    this.accessed(Number(physical), bytes.length, true);
  }
}
