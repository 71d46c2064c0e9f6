import { describe, expect, it } from 'vitest';
import type { VirtioBackend, VirtioPort } from './virtio-mmio.js';
import { NEEDS_RESET, RAM_BASE, TestDevice } from './virtio.testkit.js';
import { VirtqueueError } from './virtqueue.js';

/** A device that records what the transport tells it. */
class Recorder implements VirtioBackend {
  readonly name = 'recorder';
  readonly deviceId = 42;
  readonly features = 1n << 7n;
  readonly queueSizes = [8, 64];
  readonly config = Uint8Array.of(1, 2, 3, 4, 5);
  readonly told: string[] = [];
  port!: VirtioPort;
  onNotified: (index: number) => void = () => undefined;

  connect(port: VirtioPort): void {
    this.port = port;
  }

  notified(index: number): void {
    this.told.push(`notified ${index}`);
    this.onNotified(index);
  }

  reset(): void {
    this.told.push('reset');
  }

  state(): string {
    return this.told.join();
  }

  restore(): void {
    this.told.push('restore');
  }
}

function setUp() {
  const backend = new Recorder();
  return { backend, device: new TestDevice(backend, undefined, 8) };
}

describe('virtio-mmio', () => {
  it('introduces itself: magic, version 2, device id, features with VERSION_1', () => {
    const { device } = setUp();
    expect([device.read(0), device.read(4), device.read(8)]).toEqual([0x74726976, 2, 42]);
    const features = [0, 1, 2].map((select) => {
      device.write(0x14, select);
      return device.read(0x10);
    });
    expect(features).toEqual([1 << 7, 1, 0]);
  });

  it('lets words alone reach its registers, and any size its configuration', () => {
    const { device } = setUp();
    for (const size of [1, 2, 8] as const) {
      expect(device.mmio.load(0, size)).toBeUndefined();
      expect(device.mmio.store(0x70, size, 1n)).toBe(false);
    }
    expect(device.mmio.load(0x101, 1)).toBe(2n);
    expect(device.mmio.load(0x102, 2)).toBe(0x0403n);
    expect(device.mmio.load(0x100, 8)).toBe(0x0504030201n);
    expect(device.mmio.load(0xffc, 4)).toBe(0n);
    expect(device.mmio.store(0x100, 1, 9n)).toBe(true);
    expect(device.mmio.load(0x100, 1)).toBe(1n);
  });

  it('accepts what it offered, and no driver without VERSION_1', () => {
    const accepted = (low: number, high: number): boolean => {
      const { device } = setUp();
      device.write(0x24, 0);
      device.write(0x20, low);
      device.write(0x24, 1);
      device.write(0x20, high);
      device.write(0x70, 11);
      return (device.read(0x70) & 8) !== 0;
    };
    expect(accepted(1 << 7, 1)).toBe(true);
    expect(accepted(0, 1)).toBe(true);
    expect(accepted(1 << 7, 0)).toBe(false);
    expect(accepted(1 << 6, 1)).toBe(false);
    expect(accepted(0, 3)).toBe(false);
  });

  it('looks at no queue before the driver is ready, and at every one when it is', () => {
    const { device, backend } = setUp();
    device.notify(0);
    device.write(0x70, 15);
    device.notify(0);
    expect([device.status, backend.told]).toEqual([3, []]);
    device.start();
    expect(device.status).toBe(15);
    expect(backend.told).toEqual(['reset', 'notified 0', 'notified 1']);
    device.notify(1);
    device.notify(2);
    expect(backend.told.slice(3)).toEqual(['notified 1']);
  });

  it('keeps the size of a queue to powers of two up to its largest', () => {
    const { device, backend } = setUp();
    device.write(0x30, 1);
    expect(device.read(0x34)).toBe(64);
    for (const [size, kept] of [
      [32, 32],
      [0, 32],
      [33, 32],
      [128, 32],
      [64, 64],
    ] as const) {
      device.write(0x38, size);
      expect(backend.port.queues[1]!.size).toBe(kept);
    }
    device.write(0x30, 2);
    expect([device.read(0x34), device.read(0x44)]).toEqual([0, 0]);
    device.write(0x44, 1);
  });

  it('takes 64-bit addresses in halves', () => {
    const { device, backend } = setUp();
    for (const [offset, value] of [
      [0x80, 0x1111_0000],
      [0x84, 0x1],
      [0x90, 0xffff_0000],
      [0x94, 0x2],
      [0xa0, 0x3333_0000],
      [0xa4, 0x3],
    ] as const)
      device.write(offset, value);
    const { descriptors, available, used } = backend.port.queues[0]!;
    expect([descriptors, available, used]).toEqual([0x1_1111_0000n, 0x2_ffff_0000n, 0x3_3333_0000n]);
  });

  it('holds its line high until every reason is acknowledged', () => {
    const { device, backend } = setUp();
    device.start();
    backend.port.usedBuffers(backend.port.queues[0]!);
    backend.onNotified = () => {
      throw new VirtqueueError('broken');
    };
    device.notify(0);
    expect([device.read(0x60), device.line]).toEqual([3, true]);
    device.write(0x64, 1);
    expect(device.line).toBe(true);
    device.write(0x64, 2);
    expect([device.read(0x60), device.line]).toEqual([0, false]);
  });

  it('stops after a broken rule until it is reset; other errors are not the driver’s', () => {
    const { device, backend } = setUp();
    device.start();
    backend.onNotified = () => {
      throw new VirtqueueError('broken');
    };
    device.notify(0);
    expect(device.status).toBe(15 | NEEDS_RESET);
    device.write(0x70, 15);
    expect(device.status & NEEDS_RESET).toBe(NEEDS_RESET);
    const before = backend.told.length;
    device.notify(0);
    expect(backend.told).toHaveLength(before);
    backend.onNotified = () => undefined;
    device.start();
    device.notify(0);
    expect(backend.told.slice(before)).toEqual(['reset', 'notified 0', 'notified 1', 'notified 0']);
    backend.onNotified = () => {
      throw new TypeError('ours');
    };
    expect(() => device.notify(0)).toThrow(TypeError);
  });

  it('forgets everything in a reset', () => {
    const { device, backend } = setUp();
    const fresh = device.mmio.state();
    device.start();
    device.dma.view.setUint16(device.queues[0]!.availableRing - RAM_BASE + 2, 1, true);
    backend.port.usedBuffers(backend.port.queues[0]!);
    expect(device.mmio.state()).not.toEqual(fresh);
    device.write(0x70, 0);
    expect(device.line).toBe(false);
    backend.told.length = 0;
    expect(device.mmio.state()).toEqual(fresh);
  });
});
