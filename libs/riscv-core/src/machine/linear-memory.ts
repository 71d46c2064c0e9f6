/** Typed access to a machine's linear memory (hart/layout.ts). The memory never grows, so one view serves for good. */
import * as L from '../hart/layout.js';

export class LinearMemory {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(readonly memory: WebAssembly.Memory) {
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  setU64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true);
  }

  /** A u64 that is known to stay below 2^53 (cycles, instructions): no bigint is made. */
  count(at: number): number {
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  setCount(at: number, value: number): void {
    this.view.setUint32(at, value % 0x1_0000_0000, true);
    this.view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }
}

/** Linear address of hart `index`'s area. */
export function hartArea(index: number): number {
  return L.HARTS + index * L.HART_STRIDE;
}

/** RAM by physical address: the machine's own view of it, for loaders, HTIF and signatures. */
export class Ram {
  constructor(
    private readonly linear: LinearMemory,
    readonly base: number,
    readonly size: number,
  ) {}

  get end(): number {
    return this.base + this.size;
  }

  contains(physical: bigint, size: bigint): boolean {
    return physical >= BigInt(this.base) && physical + size <= BigInt(this.end);
  }

  /** The bytes themselves, not a copy. The caller has checked the range with {@link contains}. */
  slice(physical: bigint, size: bigint): Uint8Array {
    if (!this.contains(physical, size)) throw new RangeError(`RAM: 0x${physical.toString(16)} + ${size} outside`);
    const at = L.RAM_LINEAR + Number(physical - BigInt(this.base));
    return this.linear.bytes.subarray(at, at + Number(size));
  }

  u64(physical: bigint): bigint {
    const bytes = this.slice(physical, 8n);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  setU64(physical: bigint, value: bigint): void {
    const bytes = this.slice(physical, 8n);
    new DataView(bytes.buffer, bytes.byteOffset, 8).setBigUint64(0, value, true);
  }
}
