/** A split virtqueue as the device sees it (Virtual I/O Device 1.2, 2.7). Addresses come from the driver: every one is checked. */
import type { DeviceState } from './device.js';
import type { Dma } from './dma.js';
import { bigintOf, booleanOf, fieldsOf, listOf, numberOf } from './state-reader.js';

/** One buffer of a chain: at least one byte, wholly inside RAM. */
export interface Buffer {
  readonly address: bigint;
  readonly size: number;
}

/** A chain of descriptors that the driver made available. */
export interface Chain {
  readonly head: number;
  /** What the device may read, in order; in a chain it stands before what the device may write. */
  readonly readable: readonly Buffer[];
  readonly writable: readonly Buffer[];
}

const DESCRIPTOR_SIZE = 16;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
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
    const waiting = (index - this.lastAvailable) & 0xffff;
    if (waiting > this.size) throw new VirtqueueError(`${waiting} chains available in a queue of ${this.size}`);
    const head = this.u16(this.available + 4n + 2n * BigInt(this.lastAvailable % this.size));
    const chain = this.walk(head);
    this.lastAvailable = (this.lastAvailable + 1) & 0xffff;
    return chain;
  }

  /** Hands a chain back; `written` = bytes the device wrote into it. Throws {@link VirtqueueError}. */
  push(head: number, written: number): void {
    const entry = new DataView(new ArrayBuffer(8));
    entry.setUint32(0, head, true);
    entry.setUint32(4, written, true);
    this.write(this.used + 4n + 8n * BigInt(this.usedIndex % this.size), new Uint8Array(entry.buffer));
    this.usedIndex = (this.usedIndex + 1) & 0xffff;
    this.write(this.used + 2n, Uint8Array.of(this.usedIndex & 0xff, this.usedIndex >> 8));
  }

  /** Does the driver want to be interrupted for used buffers? Throws {@link VirtqueueError}. */
  wantsInterrupt(): boolean {
    return (this.u16(this.available) & NO_INTERRUPT) === 0;
  }

  state(): DeviceState {
    const { size, ready, descriptors, available, used, lastAvailable, usedIndex } = this;
    return [size, ready, descriptors, available, used, lastAvailable, usedIndex];
  }

  restore(state: DeviceState | undefined): void {
    const [size, ready, descriptors, available, used, lastAvailable, usedIndex] = fieldsOf(state, 7);
    this.size = numberOf(size);
    this.ready = booleanOf(ready);
    this.descriptors = bigintOf(descriptors);
    this.available = bigintOf(available);
    this.used = bigintOf(used);
    this.lastAvailable = numberOf(lastAvailable);
    this.usedIndex = numberOf(usedIndex);
  }

  /** 2.7.4.2: readable before writable. A chain without end is one that is longer than its queue. */
  private walk(head: number): Chain {
    const readable: Buffer[] = [];
    const writable: Buffer[] = [];
    let index = head;
    for (let length = 1; ; length++) {
      if (index >= this.size) throw new VirtqueueError(`descriptor ${index} of a queue of ${this.size}`);
      if (length > this.size) throw new VirtqueueError('a chain longer than its queue');
      const { buffer, flags, next } = this.descriptor(index);
      if ((flags & WRITE) !== 0) writable.push(buffer);
      else if (writable.length === 0) readable.push(buffer);
      else throw new VirtqueueError('a readable buffer behind a writable one');
      if ((flags & NEXT) === 0) return { head, readable, writable };
      index = next;
    }
  }

  private descriptor(index: number): { buffer: Buffer; flags: number; next: number } {
    const bytes = this.read(this.descriptors + BigInt(index * DESCRIPTOR_SIZE), DESCRIPTOR_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset, DESCRIPTOR_SIZE);
    const buffer = { address: view.getBigUint64(0, true), size: view.getUint32(8, true) };
    const flags = view.getUint16(12, true);
    if ((flags & INDIRECT) !== 0) throw new VirtqueueError('an indirect descriptor, which was not negotiated');
    if (buffer.size === 0) throw new VirtqueueError('a buffer of no bytes');
    if (!this.dma.contains(buffer.address, buffer.size))
      throw new VirtqueueError(`buffer 0x${buffer.address.toString(16)} + ${buffer.size} outside RAM`);
    return { buffer, flags, next: view.getUint16(14, true) };
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
    if (!this.dma.contains(address, bytes.length))
      throw new VirtqueueError(`queue memory 0x${address.toString(16)} outside RAM`);
    this.dma.write(address, bytes);
  }
}

/** A chain as a device under way remembers it. */
export function chainState({ head, readable, writable }: Chain): DeviceState {
  const buffers = (list: readonly Buffer[]): DeviceState => list.map(({ address, size }) => [address, size]);
  return [head, buffers(readable), buffers(writable)];
}

export function chainOf(state: DeviceState | undefined): Chain {
  const [head, readable, writable] = fieldsOf(state, 3);
  const buffers = (list: DeviceState | undefined): Buffer[] =>
    listOf(list).map((buffer) => {
      const [address, size] = fieldsOf(buffer, 2);
      return { address: bigintOf(address), size: numberOf(size) };
    });
  return { head: numberOf(head), readable: buffers(readable), writable: buffers(writable) };
}

/** Bytes of some buffers together: may be more than an array can hold. */
export function byteCount(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.size, 0);
}

/** Copies buffers into one array; the caller has looked at {@link byteCount}. */
export function gather(dma: Dma, buffers: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(byteCount(buffers));
  let at = 0;
  for (const { address, size } of buffers) {
    bytes.set(dma.read(address, size), at);
    at += size;
  }
  return bytes;
}

/** Writes `bytes` into buffers that have room for them; what is left of the room stays as it is. */
export function scatter(dma: Dma, buffers: readonly Buffer[], bytes: Uint8Array): void {
  let at = 0;
  for (const { address, size } of buffers) {
    if (at >= bytes.length) return;
    dma.write(address, bytes.subarray(at, at + size));
    at += size;
  }
}
