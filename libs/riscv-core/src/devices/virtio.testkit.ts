/** A device without a machine: RAM, a clock that a test turns, and a driver's side of the transport. */
import { DeviceTime } from '../machine/device-time.js';
import type { Dma } from './dma.js';
import { VirtioMmio, type VirtioBackend } from './virtio-mmio.js';

export const RAM_BASE = 0x8000_0000;
export const RAM_BYTES = 0x2_0000;

export class TestDma implements Dma {
  readonly ram = new Uint8Array(RAM_BYTES);
  readonly view = new DataView(this.ram.buffer);

  contains(physical: bigint, size: number): boolean {
    const offset = physical - BigInt(RAM_BASE);
    return offset >= 0n && offset + BigInt(size) <= BigInt(RAM_BYTES);
  }

  read(physical: bigint, size: number): Uint8Array {
    return this.bytes(Number(physical), size);
  }

  write(physical: bigint, bytes: Uint8Array): void {
    this.bytes(Number(physical), bytes.length).set(bytes);
  }

  /** The bytes themselves. Fails outside RAM: a device must have asked `contains`. */
  bytes(physical: number, size: number): Uint8Array {
    if (!this.contains(BigInt(physical), size))
      throw new Error(`DMA outside RAM: 0x${physical.toString(16)} + ${size}`);
    return this.ram.subarray(physical - RAM_BASE, physical - RAM_BASE + size);
  }
}

export class TestTime extends DeviceTime {
  cycle = 0;

  constructor() {
    super(
      () => this.cycle,
      () => undefined,
    );
  }

  /** Everything that is planned, in order. */
  runAll(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) this.advance(next);
  }

  advance(cycle: number): void {
    this.runUntil(cycle);
    this.cycle = cycle;
  }
}

export interface Part {
  readonly address: number;
  readonly size: number;
  readonly write?: boolean;
}

const DRIVER_OK = 15;

/** The driver of queue `index` of a device: rings at fixed places of RAM. */
export class TestQueue {
  private next = 0;
  private available = 0;
  private seen = 0;
  readonly descriptors: number;
  readonly availableRing: number;
  readonly usedRing: number;

  constructor(
    private readonly dma: TestDma,
    index: number,
    readonly size: number,
  ) {
    this.descriptors = RAM_BASE + 0x1000 * (index + 1);
    this.availableRing = this.descriptors + 0x400;
    this.usedRing = this.descriptors + 0x800;
  }

  /** As before the first use. */
  clear(): void {
    this.next = this.available = this.seen = 0;
    this.dma.bytes(this.descriptors, 0xc00).fill(0);
  }

  /** Makes a chain available and returns its head. */
  add(...parts: Part[]): number {
    const head = this.next;
    parts.forEach((part, at) => {
      const entry = this.descriptors - RAM_BASE + 16 * this.next;
      this.next = (this.next + 1) % this.size;
      const more = at + 1 < parts.length;
      this.dma.view.setBigUint64(entry, BigInt(part.address), true);
      this.dma.view.setUint32(entry + 8, part.size, true);
      this.dma.view.setUint16(entry + 12, (more ? 1 : 0) | (part.write === true ? 2 : 0), true);
      this.dma.view.setUint16(entry + 14, this.next, true);
    });
    const ring = this.availableRing - RAM_BASE;
    this.dma.view.setUint16(ring + 4 + 2 * (this.available % this.size), head, true);
    this.available = (this.available + 1) & 0xffff;
    this.dma.view.setUint16(ring + 2, this.available, true);
    return head;
  }

  /** Chains that came back since the last call: [head, bytes written]. */
  used(): [number, number][] {
    const ring = this.usedRing - RAM_BASE;
    const found: [number, number][] = [];
    while (this.seen !== this.dma.view.getUint16(ring + 2, true)) {
      const entry = ring + 4 + 8 * (this.seen % this.size);
      found.push([this.dma.view.getUint32(entry, true), this.dma.view.getUint32(entry + 4, true)]);
      this.seen = (this.seen + 1) & 0xffff;
    }
    return found;
  }
}

/** A device behind its transport, and a driver that follows the rules. */
export class TestDevice {
  readonly mmio: VirtioMmio;
  line = false;
  readonly queues: TestQueue[];

  constructor(
    backend: VirtioBackend,
    readonly dma = new TestDma(),
    queueSize = 16,
  ) {
    this.mmio = new VirtioMmio(backend, dma, (high) => (this.line = high));
    this.queues = backend.queueSizes.map((_, index) => new TestQueue(dma, index, queueSize));
  }

  read(offset: number): number {
    return Number(this.mmio.load(offset, 4));
  }

  write(offset: number, value: number): void {
    this.mmio.store(offset, 4, BigInt(value));
  }

  /** Reset, features, queues, DRIVER_OK. */
  start(): this {
    this.write(0x70, 0);
    this.write(0x70, 3);
    this.write(0x24, 1);
    this.write(0x20, 1);
    this.write(0x70, 11);
    this.queues.forEach((queue, index) => {
      queue.clear();
      this.write(0x30, index);
      this.write(0x38, queue.size);
      for (const [offset, address] of [
        [0x80, queue.descriptors],
        [0x90, queue.availableRing],
        [0xa0, queue.usedRing],
      ] as const) {
        this.write(offset, address);
        this.write(offset + 4, 0);
      }
      this.write(0x44, 1);
    });
    this.write(0x70, DRIVER_OK);
    return this;
  }

  notify(queue: number): void {
    this.write(0x50, queue);
  }

  get status(): number {
    return this.read(0x70);
  }

  /** Reads and acknowledges the reasons of the interrupt. */
  acknowledge(): number {
    const reasons = this.read(0x60);
    this.write(0x64, reasons);
    return reasons;
  }
}

export const NEEDS_RESET = 0x40;
