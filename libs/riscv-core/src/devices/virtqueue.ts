/** A split virtqueue as the device sees it (Virtual I/O Device 1.2, 2.7). Addresses come from the driver: every one is checked. */
import type { Dma } from './dma.js';

/** One buffer of a chain. */
export interface Buffer {
  readonly address: bigint;
  readonly size: number;
  /** The device may write it; else it may read it. */
  readonly writable: boolean;
}

/** A chain of descriptors that the driver made available. */
export interface Chain {
  readonly head: number;
  readonly buffers: readonly Buffer[];
}

const DESCRIPTOR_SIZE = 16;
const NEXT = 1;
const WRITE = 2;
const NO_INTERRUPT = 1;

/** The driver broke the rules; the device stops with DEVICE_NEEDS_RESET. */
export class VirtqueueError extends Error {}

export class Virtqueue {
  size = 0;
  ready = false;
  descriptors = 0n;
  available = 0n;
  used = 0n;
  private lastAvailable = 0;
  private usedIndex = 0;

  constructor(
    readonly maxSize: number,
    private readonly dma: Dma,
  ) {}

  reset(): void {
    this.size = 0;
    this.ready = false;
    this.descriptors = this.available = this.used = 0n;
    this.lastAvailable = this.usedIndex = 0;
  }

  /** Takes the next available chain; undefined = none. Throws {@link VirtqueueError}. */
  pop(): Chain | undefined {
    if (!this.ready || this.size === 0) return undefined;
    const index = this.u16(this.available + 2n);
    if (index === this.lastAvailable) return undefined;
    const head = this.u16(this.available + 4n + 2n * BigInt(this.lastAvailable % this.size));
    this.lastAvailable = (this.lastAvailable + 1) & 0xffff;
    return { head, buffers: this.walk(head) };
  }

  /** Hands a chain back; `written` = bytes the device wrote into it. */
  push(head: number, written: number): void {
    const entry = new DataView(new ArrayBuffer(8));
    entry.setUint32(0, head, true);
    entry.setUint32(4, written, true);
    this.write(this.used + 4n + 8n * BigInt(this.usedIndex % this.size), new Uint8Array(entry.buffer));
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    this.write(this.used + 2n, Uint8Array.of(this.usedIndex & 0xff, this.usedIndex >> 8));
  }

  /** Does the driver want to be interrupted for used buffers? */
  wantsInterrupt(): boolean {
    return (this.u16(this.available) & NO_INTERRUPT) === 0;
  }

  private walk(head: number): Buffer[] {
    const buffers: Buffer[] = [];
    let index = head;
    for (;;) {
      if (index >= this.size) throw new VirtqueueError(`descriptor ${index} of a queue of ${this.size}`);
      if (buffers.length >= this.size) throw new VirtqueueError('a chain longer than its queue');
      const bytes = this.read(this.descriptors + BigInt(index * DESCRIPTOR_SIZE), DESCRIPTOR_SIZE);
      const view = new DataView(bytes.buffer, bytes.byteOffset, DESCRIPTOR_SIZE);
      const buffer = {
        address: view.getBigUint64(0, true),
        size: view.getUint32(8, true),
        writable: (view.getUint16(12, true) & WRITE) !== 0,
      };
      if (!this.dma.contains(buffer.address, buffer.size)) {
        throw new VirtqueueError(`buffer 0x${buffer.address.toString(16)} + ${buffer.size} outside RAM`);
      }
      buffers.push(buffer);
      if ((view.getUint16(12, true) & NEXT) === 0) return buffers;
      index = view.getUint16(14, true);
    }
  }

  private u16(address: bigint): number {
    const bytes = this.read(address, 2);
    return bytes[0]! | (bytes[1]! << 8);
  }

  private read(address: bigint, size: number): Uint8Array {
    if (!this.dma.contains(address, size))
      throw new VirtqueueError(`queue memory 0x${address.toString(16)} outside RAM`);
    return this.dma.read(address, size);
  }

  private write(address: bigint, bytes: Uint8Array): void {
    if (!this.dma.contains(address, bytes.length)) {
      throw new VirtqueueError(`queue memory 0x${address.toString(16)} outside RAM`);
    }
    this.dma.write(address, bytes);
  }
}

/** Copies the readable buffers of a chain into one array, `limit` bytes at most. */
export function gather(dma: Dma, chain: Chain, limit: number): Uint8Array {
  const readable = chain.buffers.filter((buffer) => !buffer.writable);
  const size = Math.min(
    limit,
    readable.reduce((sum, buffer) => sum + buffer.size, 0),
  );
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const buffer of readable) {
    const part = dma.read(buffer.address, Math.min(buffer.size, size - at));
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Writes `bytes` into the writable buffers of a chain; returns how many fitted. */
export function scatter(dma: Dma, chain: Chain, bytes: Uint8Array): number {
  let at = 0;
  for (const buffer of chain.buffers) {
    if (!buffer.writable || at === bytes.length) continue;
    const part = bytes.subarray(at, at + buffer.size);
    dma.write(buffer.address, part);
    at += part.length;
  }
  return at;
}
