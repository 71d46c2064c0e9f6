import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RAM_BASE, RAM_BYTES, TestDma, TestQueue } from './virtio.testkit.js';
import { byteCount, gather, scatter, Virtqueue, VirtqueueError } from './virtqueue.js';

const SIZE = 8;
const DATA = RAM_BASE + 0x8000;

function setUp() {
  const dma = new TestDma();
  const driver = new TestQueue(dma, 0, SIZE);
  const queue = new Virtqueue(256, dma);
  queue.size = SIZE;
  queue.ready = true;
  queue.descriptors = BigInt(driver.descriptors);
  queue.available = BigInt(driver.availableRing);
  queue.used = BigInt(driver.usedRing);
  /** Overwrites fields of descriptor `index`. */
  const patch = (index: number, fields: { address?: bigint; size?: number; flags?: number; next?: number }): void => {
    const at = driver.descriptors - RAM_BASE + 16 * index;
    if (fields.address !== undefined) dma.view.setBigUint64(at, fields.address, true);
    if (fields.size !== undefined) dma.view.setUint32(at + 8, fields.size, true);
    if (fields.flags !== undefined) dma.view.setUint16(at + 12, fields.flags, true);
    if (fields.next !== undefined) dma.view.setUint16(at + 14, fields.next, true);
  };
  return { dma, driver, queue, patch };
}

describe('virtqueue', () => {
  it('gives nothing when it is empty, not ready or without size', () => {
    const { driver, queue } = setUp();
    expect(queue.pop()).toBeUndefined();
    driver.add({ address: DATA, size: 4 });
    queue.ready = false;
    expect(queue.pop()).toBeUndefined();
    queue.ready = true;
    queue.size = 0;
    expect(queue.pop()).toBeUndefined();
    queue.size = SIZE;
    expect(queue.pop()).toBeDefined();
    expect(queue.pop()).toBeUndefined();
  });

  it('gives chains in order and takes them back, far beyond the 16 bits of its indices', () => {
    const { driver, queue } = setUp();
    for (let i = 0; i < 70_000; i++) {
      const head = driver.add({ address: DATA, size: 1 + (i % 100) });
      const chain = queue.pop()!;
      if (chain.head !== head || byteCount(chain.readable) !== 1 + (i % 100)) throw new Error(`chain ${i}`);
      queue.push(chain.head, i);
      const [used] = driver.used();
      if (used?.[0] !== head || used[1] !== i) throw new Error(`used ${i}`);
    }
  });

  it.each([
    ['an address outside RAM', { address: BigInt(RAM_BASE - 1) }],
    ['a buffer that leaves RAM', { address: BigInt(RAM_BASE + RAM_BYTES - 3) }],
    ['an address whose end wraps around', { address: 2n ** 64n - 2n }],
    ['no bytes', { size: 0 }],
    ['more bytes than RAM', { size: 0xffff_ffff }],
    ['a next descriptor outside the table', { flags: 1, next: SIZE }],
    ['itself as its next', { flags: 1, next: 0 }],
    ['an indirect table', { flags: 4 }],
  ])('refuses a descriptor with %s', (_, fields) => {
    const { driver, queue, patch } = setUp();
    driver.add({ address: DATA, size: 4 });
    patch(0, fields);
    expect(() => queue.pop()).toThrow(VirtqueueError);
  });

  it('refuses readable buffers behind writable ones, a head outside the table and too many chains', () => {
    const one = setUp();
    one.driver.add({ address: DATA, size: 4, write: true }, { address: DATA, size: 4 });
    expect(() => one.queue.pop()).toThrow(/readable buffer behind/);
    const other = setUp();
    other.driver.add({ address: DATA, size: 4 });
    other.dma.view.setUint16(other.driver.availableRing - RAM_BASE + 4, SIZE, true);
    expect(() => other.queue.pop()).toThrow(/descriptor 8/);
    const third = setUp();
    third.dma.view.setUint16(third.driver.availableRing - RAM_BASE + 2, SIZE + 1, true);
    expect(() => third.queue.pop()).toThrow(/9 chains/);
  });

  it.each(['descriptors', 'available', 'used'] as const)('refuses %s outside RAM', (part) => {
    for (const address of [0n, BigInt(RAM_BASE + RAM_BYTES), 2n ** 64n - 1n]) {
      const { driver, queue } = setUp();
      driver.add({ address: DATA, size: 4 });
      queue[part] = address;
      expect(() => {
        queue.push(queue.pop()!.head, 0);
      }).toThrow(VirtqueueError);
    }
  });

  it('carries any bytes in any parts', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: SIZE });
    fc.assert(
      fc.property(sizes, fc.uint8Array({ maxLength: 2000 }), (parts, bytes) => {
        for (const write of [false, true]) {
          const { dma, driver, queue } = setUp();
          let at = DATA;
          // A gap behind each part shows what was written too far.
          driver.add(...parts.map((size) => ({ address: (at += 1000) - 1000, size, write })));
          const chain = queue.pop()!;
          const room = byteCount(write ? chain.writable : chain.readable);
          expect(room).toBe(parts.reduce((sum, size) => sum + size, 0));
          const some = bytes.subarray(0, room);
          if (write) scatter(dma, chain.writable, some);
          else some.forEach((byte, i) => dma.bytes(place(parts, i), 1).fill(byte));
          const seen = write
            ? Uint8Array.from(some, (_, i) => dma.bytes(place(parts, i), 1)[0]!)
            : gather(dma, chain.readable).subarray(0, some.length);
          expect(seen).toEqual(some);
          const total = dma.ram.subarray(DATA - RAM_BASE).reduce((sum, byte) => sum + byte, 0);
          expect(total).toBe(some.reduce((sum, byte) => sum + byte, 0));
        }
      }),
    );
  });
});

/** Address of byte `index` of parts that lie 1000 bytes apart. */
function place(parts: readonly number[], index: number): number {
  let rest = index;
  for (const [part, size] of parts.entries()) {
    if (rest < size) return DATA + 1000 * part + rest;
    rest -= size;
  }
  throw new Error(`byte ${index}`);
}
