/** virtio block device (Virtual I/O Device 1.2, 5.2) over a disk held in memory; one request at a time, as FireSim's. */
import type { DeviceClock } from './dma.js';
import type { VirtioBackend, VirtioPort } from './virtio-mmio.js';
import { gather, scatter, type Chain } from './virtqueue.js';

const SECTOR = 512;
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
const ID_SIZE = 20;

export interface BlockTiming {
  /** Cycles from request to its first byte (rocket-timing.md 9). */
  readonly latency: number;
  /** Bytes per cycle after that. */
  readonly bytesPerCycle: number;
}

export class VirtioBlock implements VirtioBackend {
  readonly name = 'virtio-blk';
  readonly deviceId = 2;
  readonly features: bigint;
  readonly queueSizes = [256];
  readonly config: Uint8Array;
  private port: VirtioPort | undefined;
  private busy = false;
  /** Counts resets: a completion of before a reset is dropped. */
  private generation = 0;

  /** `disk`: a whole number of sectors; written in place. */
  constructor(
    private readonly disk: Uint8Array,
    private readonly readOnly: boolean,
    private readonly clock: DeviceClock,
    private readonly timing: BlockTiming,
  ) {
    if (disk.length % SECTOR !== 0)
      throw new RangeError(`virtio-blk: disk of ${disk.length} bytes, expected whole sectors`);
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
    this.generation++;
    this.busy = false;
  }

  private startNext(): void {
    const queue = this.port?.queues[0];
    if (this.port === undefined || queue === undefined || this.busy) return;
    const chain = queue.pop();
    if (chain === undefined) return;
    this.busy = true;
    const bytes = chain.buffers.reduce((sum, buffer) => sum + buffer.size, 0);
    const done = this.clock.now() + this.timing.latency + Math.ceil(bytes / this.timing.bytesPerCycle);
    const { generation } = this;
    this.clock.at(done, () => {
      if (generation !== this.generation) return;
      this.port?.guarded(() => this.finish(chain));
    });
  }

  private finish(chain: Chain): void {
    const { dma, queues, usedBuffers } = this.port!;
    const queue = queues[0]!;
    const writable = chain.buffers.filter((buffer) => buffer.writable).reduce((sum, buffer) => sum + buffer.size, 0);
    const { status, data } = this.perform(gather(dma, chain, this.disk.length + HEADER), writable - 1);
    // The status byte is the last writable byte of the chain.
    const answer = new Uint8Array(Math.max(writable, 0));
    answer.set(data.subarray(0, Math.max(writable - 1, 0)));
    if (writable > 0) answer[writable - 1] = status;
    scatter(dma, chain, answer);
    queue.push(chain.head, status === STATUS_OK ? data.length + 1 : Math.min(writable, 1));
    usedBuffers(queue);
    this.busy = false;
    this.startNext();
  }

  private perform(request: Uint8Array, room: number): { status: number; data: Uint8Array } {
    const nothing = new Uint8Array(0);
    if (request.length < HEADER || room < 0) return { status: STATUS_IOERR, data: nothing };
    const header = new DataView(request.buffer, request.byteOffset, HEADER);
    const from = Number(header.getBigUint64(8, true)) * SECTOR;
    switch (header.getUint32(0, true)) {
      case REQUEST_IN:
        if (room % SECTOR !== 0 || from + room > this.disk.length) return { status: STATUS_IOERR, data: nothing };
        return { status: STATUS_OK, data: this.disk.slice(from, from + room) };
      case REQUEST_OUT: {
        const data = request.subarray(HEADER);
        if (this.readOnly || data.length % SECTOR !== 0 || from + data.length > this.disk.length)
          return { status: STATUS_IOERR, data: nothing };
        this.disk.set(data, from);
        return { status: STATUS_OK, data: nothing };
      }
      case REQUEST_FLUSH:
        return { status: STATUS_OK, data: nothing };
      case REQUEST_GET_ID: {
        const id = new Uint8Array(Math.min(ID_SIZE, room));
        id.set(new TextEncoder().encode('duvisor-farm').subarray(0, id.length));
        return { status: STATUS_OK, data: id };
      }
      default:
        return { status: STATUS_UNSUPPORTED, data: nothing };
    }
  }
}
