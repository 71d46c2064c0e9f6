/** virtio block device (Virtual I/O Device 1.2, 5.2) over a disk held in memory; one request at a time, as FireSim's. */
import type { DeviceState } from './device.js';
import type { EventClock } from './dma.js';
import type { VirtioBackend, VirtioPort } from './virtio-mmio.js';
import { fieldsOf, listOf, numberOf, numbersOf } from './state-reader.js';
import { byteCount, chainOf, chainState, gather, scatter, VirtqueueError, type Chain } from './virtqueue.js';

export const SECTOR = 512;
const HEADER = 16;
const REQUEST_IN = 0;
const REQUEST_OUT = 1;
const REQUEST_FLUSH = 4;
const REQUEST_GET_ID = 8;
const STATUS_OK = 0;
const STATUS_IOERR = 1;
const STATUS_UNSUPPORTED = 2;
const F_RO = 1n << 5n;
const F_FLUSH = 1n << 9n;
const ID = new TextEncoder().encode('duvisor-farm');
const ID_SIZE = 20;
/** What was written is remembered by blocks of this many sectors. */
const BLOCK_SECTORS = 8;

export interface BlockTiming {
  /** Cycles from request to its first byte (rocket-timing.md 9). */
  readonly latency: number;
  /** Bytes per cycle after that. */
  readonly bytesPerCycle: number;
}

interface Request {
  readonly chain: Chain;
  /** Cycle at which it completes, and the number of that event. */
  readonly done: number;
  event: number;
}

export class VirtioBlock implements VirtioBackend {
  readonly name = 'virtio-blk';
  readonly deviceId = 2;
  readonly features: bigint;
  readonly queueSizes = [256];
  readonly config: Uint8Array;
  private port: VirtioPort | undefined;
  /** The request under way. */
  private current: Request | undefined;
  /** Blocks that differ from the image the machine started with. */
  private readonly written = new Set<number>();

  /** `disk`: a whole number of sectors; written in place. */
  constructor(
    private readonly disk: Uint8Array,
    private readonly readOnly: boolean,
    private readonly clock: EventClock,
    private readonly timing: BlockTiming,
  ) {
    this.features = readOnly ? F_FLUSH | F_RO : F_FLUSH;
    this.config = new Uint8Array(8);
    new DataView(this.config.buffer).setBigUint64(0, BigInt(disk.length / SECTOR), true);
  }

  connect(port: VirtioPort): void {
    this.port = port;
  }

  notified(): void {
    this.startNext();
  }

  reset(): void {
    this.current = undefined;
  }

  state(): DeviceState {
    const { current } = this;
    const blocks = [...this.written].sort((a, b) => a - b);
    return [
      current === undefined ? [] : [current.done, current.event, chainState(current.chain)],
      blocks,
      blocks.map((block) => this.disk.subarray(block * BLOCK_SECTORS * SECTOR, (block + 1) * BLOCK_SECTORS * SECTOR)),
    ];
  }

  /** The disk is already as it was. */
  restore(state: DeviceState | undefined): void {
    const [current, blocks] = fieldsOf(state, 3);
    for (const block of numbersOf(blocks)) this.written.add(block);
    if (listOf(current).length === 0) return;
    const [done, event, chain] = fieldsOf(current, 3);
    const request = { done: numberOf(done), event: numberOf(event), chain: chainOf(chain) };
    this.current = request;
    this.clock.resume(request.event, this.completion(request));
  }

  private startNext(): void {
    const chain = this.current === undefined ? this.port?.queues[0]?.pop() : undefined;
    if (chain === undefined) return;
    const bytes = byteCount(chain.readable) + byteCount(chain.writable) - HEADER - 1;
    const transfer = Math.ceil(Math.max(bytes, 0) / this.timing.bytesPerCycle);
    const request: Request = { chain, done: this.clock.now() + this.timing.latency + transfer, event: 0 };
    this.current = request;
    request.event = this.clock.at(request.done, this.completion(request));
  }

  private completion(request: Request): () => void {
    return () => {
      // A reset has forgotten the request.
      if (this.current === request) this.port?.guarded(() => this.finish(request.chain));
    };
  }

  private finish(chain: Chain): void {
    const { dma, queues, usedBuffers } = this.port!;
    const queue = queues[0]!;
    const last = chain.writable.at(-1);
    if (byteCount(chain.readable) < HEADER || last === undefined)
      throw new VirtqueueError('a request without header or without a byte for its status');
    const { status, written } = this.perform(chain);
    dma.write(last.address + BigInt(last.size - 1), Uint8Array.of(status));
    queue.push(chain.head, written + 1);
    usedBuffers(queue);
    this.current = undefined;
    this.startNext();
  }

  /** `written`: bytes put into the chain before its status. */
  private perform(chain: Chain): { status: number; written: number } {
    const { dma } = this.port!;
    const sent = byteCount(chain.readable) - HEADER;
    // The status byte is the last writable one.
    const room = byteCount(chain.writable) - 1;
    const failed = { status: STATUS_IOERR, written: 0 };
    if (sent > this.disk.length || room > this.disk.length) return failed;

    const request = gather(dma, chain.readable);
    const header = new DataView(request.buffer, 0, HEADER);
    const from = Number(header.getBigUint64(8, true)) * SECTOR;
    const fits = (size: number): boolean => size % SECTOR === 0 && from + size <= this.disk.length;
    switch (header.getUint32(0, true)) {
      case REQUEST_IN:
        if (!fits(room)) return failed;
        scatter(dma, chain.writable, this.disk.subarray(from, from + room));
        return { status: STATUS_OK, written: room };
      case REQUEST_OUT:
        if (this.readOnly || !fits(sent)) return failed;
        this.write(from, request.subarray(HEADER));
        return { status: STATUS_OK, written: 0 };
      case REQUEST_FLUSH:
        return { status: STATUS_OK, written: 0 };
      case REQUEST_GET_ID: {
        const id = new Uint8Array(Math.min(ID_SIZE, room));
        id.set(ID.subarray(0, id.length));
        scatter(dma, chain.writable, id);
        return { status: STATUS_OK, written: id.length };
      }
      default:
        return { status: STATUS_UNSUPPORTED, written: 0 };
    }
  }

  private write(from: number, data: Uint8Array): void {
    this.disk.set(data, from);
    const blockBytes = BLOCK_SECTORS * SECTOR;
    for (let block = Math.floor(from / blockBytes); block * blockBytes < from + data.length; block++)
      this.written.add(block);
  }
}
