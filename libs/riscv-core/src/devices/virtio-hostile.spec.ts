/** Drivers that do anything at all: a device stops with NEEDS_RESET, touches nothing but RAM, and works again after a reset. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { echoPeer } from './echo-peer.js';
import { VirtioBlock } from './virtio-blk.js';
import { VirtioNet } from './virtio-net.js';
import { NEEDS_RESET, RAM_BASE, RAM_BYTES, TestDevice, TestTime } from './virtio.testkit.js';

type Step =
  | { readonly kind: 'register'; readonly offset: number; readonly value: number }
  | { readonly kind: 'descriptor'; readonly queue: number; readonly index: number; readonly fields: Fields }
  | { readonly kind: 'available'; readonly queue: number; readonly heads: readonly number[]; readonly skip: number }
  | { readonly kind: 'poke'; readonly offset: number; readonly byte: number }
  | { readonly kind: 'wait'; readonly cycles: number };

interface Fields {
  readonly address: bigint;
  readonly size: number;
  readonly flags: number;
  readonly next: number;
}

const QUEUE_SIZE = 8;

/** In RAM, at its edges, outside, or where sums overflow. */
const address = fc.oneof(
  fc.nat(RAM_BYTES).map((offset) => BigInt(RAM_BASE + offset)),
  fc.constantFrom(0n, BigInt(RAM_BASE - 1), BigInt(RAM_BASE + RAM_BYTES - 1), 2n ** 63n, 2n ** 64n - 1n),
);
const size = fc.oneof(fc.nat(2000), fc.constantFrom(0, 1, 12, 16, 512, 513, 1526, 0x7fff_ffff, 0xffff_ffff));
const fields = fc.record({ address, size, flags: fc.nat(7), next: fc.nat(QUEUE_SIZE) });
const index = fc.nat(QUEUE_SIZE - 1);
const queue = fc.nat(1);
const word = fc.oneof(
  fc.nat(16),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.nat(RAM_BYTES).map((at) => RAM_BASE + at),
);
const offsets = [
  0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x50, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0x200,
];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('register' as const), offset: fc.constantFrom(...offsets), value: word }),
  fc.record({ kind: fc.constant('register' as const), offset: fc.constant(0x50), value: queue }),
  fc.record({ kind: fc.constant('descriptor' as const), queue, index, fields }),
  fc.record({ kind: fc.constant('descriptor' as const), queue, index, fields }),
  fc.record({
    kind: fc.constant('available' as const),
    queue,
    heads: fc.array(fc.oneof(index, fc.nat(0xffff)), { minLength: 1, maxLength: 4 }),
    skip: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) }),
  }),
  fc.record({ kind: fc.constant('poke' as const), offset: fc.nat(RAM_BYTES - 1), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('wait' as const), cycles: fc.nat(3000) }),
);

/** A driver's side that breaks every rule it knows of. */
class Vandal {
  private readonly available = [0, 0];

  constructor(
    readonly device: TestDevice,
    private readonly time: TestTime,
  ) {}

  do(action: Step): void {
    const { view } = this.device.dma;
    switch (action.kind) {
      case 'register':
        this.device.write(action.offset, action.value);
        break;
      case 'descriptor': {
        const queue = this.device.queues[action.queue];
        if (queue === undefined) break;
        const at = queue.descriptors - RAM_BASE + 16 * action.index;
        view.setBigUint64(at, action.fields.address, true);
        view.setUint32(at + 8, action.fields.size, true);
        view.setUint16(at + 12, action.fields.flags, true);
        view.setUint16(at + 14, action.fields.next, true);
        break;
      }
      case 'available': {
        const queue = this.device.queues[action.queue];
        if (queue === undefined) break;
        const ring = queue.availableRing - RAM_BASE;
        let next = this.available[action.queue]!;
        for (const head of action.heads) view.setUint16(ring + 4 + 2 * (next++ % QUEUE_SIZE), head, true);
        this.available[action.queue] = (next + action.skip) & 0xffff;
        view.setUint16(ring + 2, this.available[action.queue]!, true);
        this.device.notify(action.queue);
        break;
      }
      case 'poke':
        view.setUint8(action.offset, action.byte);
        break;
      case 'wait':
        this.time.advance(this.time.cycle + action.cycles);
        break;
    }
    expect(this.device.line).toBe(this.device.read(0x60) !== 0);
  }
}

const makers = {
  block: (time: TestTime) => new VirtioBlock(new Uint8Array(64 * 512), false, time, { latency: 50, bytesPerCycle: 8 }),
  net: (time: TestTime) => new VirtioNet(new Uint8Array(6), echoPeer(), time, { latency: 10, cyclesPerByte: 0.25 }),
};

/** Runs a vandal, then a driver that follows the rules; counts the stops. */
function survive(kind: keyof typeof makers, steps: readonly Step[]): boolean {
  const time = new TestTime();
  const device = new TestDevice(makers[kind](time), undefined, QUEUE_SIZE).start();
  const vandal = new Vandal(device, time);
  let stopped = false;
  for (const action of steps) {
    vandal.do(action);
    stopped ||= (device.status & NEEDS_RESET) !== 0;
  }
  time.runAll();
  stopped ||= (device.status & NEEDS_RESET) !== 0;

  device.start();
  expect(device.status).toBe(15);
  const [receive, transmit] = device.queues;
  if (kind === 'block') {
    const header = RAM_BASE + 0x8000;
    device.dma.bytes(header, 600).fill(0);
    const head = receive!.add({ address: header, size: 16 }, { address: header + 16, size: 513, write: true });
    device.notify(0);
    time.runAll();
    expect(receive!.used()).toEqual([[head, 513]]);
  } else {
    const head = receive!.add({ address: RAM_BASE + 0x8000, size: 1526, write: true });
    transmit!.add({ address: RAM_BASE + 0xc000, size: 100 });
    device.notify(1);
    time.runAll();
    expect(receive!.used()).toEqual([[head, 100]]);
  }
  return stopped;
}

describe.each(['block', 'net'] as const)('%s device', (kind) => {
  it('survives any driver', () => {
    let stops = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        if (survive(kind, steps)) stops++;
      }),
      { numRuns: 1500 },
    );
    // Vandals that are never stopped would show nothing.
    expect(stops).toBeGreaterThan(300);
  });

  it.each([
    ['a loop of descriptors', [{ address: BigInt(RAM_BASE), size: 64, flags: 1, next: 0 }]],
    ['a buffer outside RAM', [{ address: 0n, size: 64, flags: 0, next: 0 }]],
    ['a buffer of no bytes', [{ address: BigInt(RAM_BASE), size: 0, flags: 0, next: 0 }]],
  ])('is stopped by %s', (_, descriptors) => {
    for (const target of kind === 'net' ? [1] : [0]) {
      const steps: Step[] = descriptors.map((each, at) => ({
        kind: 'descriptor',
        queue: target,
        index: at,
        fields: each,
      }));
      expect(survive(kind, [...steps, { kind: 'available', queue: target, heads: [0], skip: 0 }])).toBe(true);
    }
  });
});
