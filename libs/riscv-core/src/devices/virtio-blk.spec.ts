import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtioBlock } from './virtio-blk.js';
import { NEEDS_RESET, RAM_BASE, TestDevice, TestTime, type Part } from './virtio.testkit.js';

const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const SECTORS = 16;
const TIMING = { latency: 100, bytesPerCycle: 8 };

const HEADER = RAM_BASE + 0x8000;
const DATA = RAM_BASE + 0x9000;
const STATUS = RAM_BASE + 0xf000;

function setUp(readOnly = false) {
  const disk = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i ^ (i >> 8)) & 0xff);
  const time = new TestTime();
  const block = new VirtioBlock(disk, readOnly, time, TIMING);
  const device = new TestDevice(block).start();
  /** Makes a request of `type` available; `data` lies between header and status. */
  const request = (type: number, sector: number | bigint, ...data: Part[]): number => {
    const view = device.dma.view;
    view.setUint32(HEADER - RAM_BASE, type, true);
    view.setBigUint64(HEADER - RAM_BASE + 8, BigInt(sector), true);
    view.setUint8(STATUS - RAM_BASE, 0xff);
    return device.queues[0]!.add({ address: HEADER, size: 16 }, ...data, { address: STATUS, size: 1, write: true });
  };
  const status = (): number => device.dma.view.getUint8(STATUS - RAM_BASE);
  return { disk, time, block, device, request, status };
}

describe('virtio block device', () => {
  it('reads sectors after its latency and the time of the transfer, then interrupts', () => {
    const { disk, time, device, request, status } = setUp();
    const head = request(IN, 3, { address: DATA, size: 1024, write: true });
    device.notify(0);
    time.advance(100 + 128 - 1);
    expect(device.queues[0]!.used()).toEqual([]);
    expect(device.line).toBe(false);
    time.advance(100 + 128);
    expect(device.queues[0]!.used()).toEqual([[head, 1025]]);
    expect(status()).toBe(0);
    expect(device.dma.bytes(DATA, 1024)).toEqual(disk.subarray(3 * 512, 5 * 512));
    expect(device.line).toBe(true);
    expect(device.acknowledge()).toBe(1);
    expect(device.line).toBe(false);
  });

  it('serves one request after the other', () => {
    const { time, device, request } = setUp();
    const heads = [request(FLUSH, 0), request(FLUSH, 0), request(FLUSH, 0)];
    device.notify(0);
    time.advance(100);
    expect(device.queues[0]!.used()).toEqual([[heads[0], 1]]);
    time.advance(300);
    expect(device.queues[0]!.used()).toEqual([
      [heads[1], 1],
      [heads[2], 1],
    ]);
  });

  it('writes, and remembers what it wrote', () => {
    const { disk, time, device, block, request, status } = setUp();
    const before = block.state();
    device.dma.bytes(DATA, 512).fill(0xaa);
    request(OUT, 9, { address: DATA, size: 512 });
    device.notify(0);
    time.runAll();
    expect(status()).toBe(0);
    expect(disk.subarray(9 * 512, 10 * 512)).toEqual(new Uint8Array(512).fill(0xaa));
    expect(block.state()).not.toEqual(before);
    expect(block.state()).toEqual([[], [1], [disk.subarray(8 * 512, 16 * 512)]]);
  });

  it('that is read-only says so and refuses to write', () => {
    const { disk, time, device, request, status } = setUp(true);
    expect(device.read(0x10) & (1 << 5)).not.toBe(0);
    const before = disk.slice();
    request(OUT, 0, { address: DATA, size: 512 });
    device.notify(0);
    time.runAll();
    expect(status()).toBe(1);
    expect(disk).toEqual(before);
  });

  it('tells its size and its name', () => {
    const { time, device, request } = setUp();
    expect([device.read(0x100), device.read(0x104)]).toEqual([SECTORS, 0]);
    expect(device.mmio.load(0x100, 8)).toBe(BigInt(SECTORS));
    const head = request(GET_ID, 0, { address: DATA, size: 20, write: true });
    device.notify(0);
    time.runAll();
    expect(device.queues[0]!.used()).toEqual([[head, 21]]);
    expect(new TextDecoder().decode(device.dma.bytes(DATA, 13))).toBe('duvisor-farm\0');
  });

  it('fails a request beyond the end or of broken sectors and goes on', () => {
    const { time, device, request, status } = setUp();
    const untouched = device.dma.bytes(DATA, 1024).slice();
    for (const [type, sector, size] of [
      [IN, SECTORS, 512],
      [IN, SECTORS - 1, 1024],
      [IN, 2n ** 64n - 1n, 512],
      [IN, 0, 100],
      [IN, 0, 0x3000],
      [OUT, SECTORS, 512],
      [OUT, 0, 1],
    ] as const) {
      request(type, sector, { address: DATA, size, write: type === IN });
      device.notify(0);
      time.runAll();
      expect([type, sector, size, status()]).toEqual([type, sector, size, 1]);
    }
    expect(device.dma.bytes(DATA, 1024)).toEqual(untouched);
    request(77, 0);
    device.notify(0);
    time.runAll();
    expect(status()).toBe(2);
    request(IN, 0, { address: DATA, size: 512, write: true });
    device.notify(0);
    time.runAll();
    expect(status()).toBe(0);
    expect(device.status & NEEDS_RESET).toBe(0);
  });

  it('needs a reset after a request without header or status, and then works again', () => {
    for (const parts of [
      [{ address: HEADER, size: 16 }],
      [
        { address: HEADER, size: 15 },
        { address: STATUS, size: 1, write: true },
      ],
    ]) {
      const { time, device } = setUp();
      device.queues[0]!.add(...parts);
      device.notify(0);
      time.runAll();
      expect(device.status & NEEDS_RESET).toBe(NEEDS_RESET);
      expect(device.acknowledge()).toBe(2);
      expect(device.queues[0]!.used()).toEqual([]);
      device.start();
      expect(device.status).toBe(15);
    }
  });

  it('forgets the request under way when it is reset', () => {
    const { time, device, request, status } = setUp();
    request(IN, 0, { address: DATA, size: 512, write: true });
    device.notify(0);
    device.write(0x70, 0);
    time.runAll();
    expect(status()).toBe(0xff);
    expect(device.line).toBe(false);
  });

  it('is a disk: any reads and writes, split into any buffers, agree with an array', () => {
    const operation = fc.record({
      write: fc.boolean(),
      sector: fc.nat(SECTORS - 1),
      count: fc.integer({ min: 1, max: 4 }),
      cuts: fc.array(fc.integer({ min: 1, max: 2047 }), { maxLength: 3 }),
      fill: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const { disk, time, device, request, status } = setUp();
        const model = disk.slice();
        for (const { write, sector, count, cuts, fill } of operations) {
          const size = count * 512;
          const fits = sector + count <= SECTORS;
          const edges = [0, ...cuts.filter((cut) => cut < size).sort((a, b) => a - b), size];
          const parts = edges
            .slice(1)
            .map((end, i) => ({ address: DATA + edges[i]!, size: end - edges[i]!, write: !write }));
          device.dma.bytes(DATA, size).fill(fill);
          request(write ? OUT : IN, sector, ...parts.filter((part) => part.size > 0));
          device.notify(0);
          time.runAll();
          expect(status()).toBe(fits ? 0 : 1);
          if (write && fits) model.fill(fill, sector * 512, sector * 512 + size);
          const wanted = model.subarray(sector * 512, sector * 512 + size);
          if (!write && fits) expect(Buffer.compare(device.dma.bytes(DATA, size), wanted)).toBe(0);
          expect(Buffer.compare(disk, model)).toBe(0);
        }
      }),
    );
  });
});
