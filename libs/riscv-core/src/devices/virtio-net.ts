/** virtio network device (Virtual I/O Device 1.2, 5.1): no offloads, one receive and one transmit queue. */
import { Link, type LinkPeer, type LinkTiming } from './link.js';
import type { DeviceClock } from './dma.js';
import type { VirtioBackend, VirtioPort } from './virtio-mmio.js';
import { gather, scatter } from './virtqueue.js';

const F_MAC = 1n << 5n;
/** struct virtio_net_hdr with num_buffers (VIRTIO_F_VERSION_1). */
const HEADER = 12;
const MAX_FRAME = 1514;
const RECEIVE = 0;
const TRANSMIT = 1;
/** Frames the NIC holds while the driver offers no buffer; later ones are lost, as on hardware. */
const RECEIVE_BACKLOG = 256;

export class VirtioNet implements VirtioBackend {
  readonly name = 'virtio-net';
  readonly deviceId = 1;
  readonly features = F_MAC;
  readonly queueSizes = [256, 256];
  readonly config: Uint8Array;
  /** Frames lost because the driver offered no buffer. */
  dropped = 0;
  private port: VirtioPort | undefined;
  private readonly link: Link;
  private backlog: Uint8Array[] = [];
  private sending = false;
  private generation = 0;

  constructor(
    mac: Uint8Array,
    peer: LinkPeer,
    private readonly clock: DeviceClock,
    timing: LinkTiming,
  ) {
    this.config = Uint8Array.from(mac);
    this.link = new Link(peer, clock, timing, (frame) => this.arrived(frame));
  }

  connect(port: VirtioPort): void {
    this.port = port;
  }

  notified(index: number): void {
    if (index === TRANSMIT) this.sendNext();
    else this.fillBuffers();
  }

  reset(): void {
    this.generation++;
    this.backlog = [];
    this.sending = false;
  }

  /** One frame after the other: the buffer is used when its last byte has left. */
  private sendNext(): void {
    const queue = this.port?.queues[TRANSMIT];
    if (this.port === undefined || queue === undefined || this.sending) return;
    const chain = queue.pop();
    if (chain === undefined) return;
    const bytes = gather(this.port.dma, chain, HEADER + MAX_FRAME);
    const left = bytes.length > HEADER ? this.link.fromNic(bytes.slice(HEADER)) : this.clock.now() + 1;
    this.sending = true;
    const { generation } = this;
    this.clock.at(left, () => {
      if (generation !== this.generation) return;
      this.sending = false;
      this.port?.guarded(() => {
        queue.push(chain.head, 0);
        this.port?.usedBuffers(queue);
        this.sendNext();
      });
    });
  }

  private arrived(frame: Uint8Array): void {
    if (this.backlog.length >= RECEIVE_BACKLOG) {
      this.dropped++;
      return;
    }
    this.backlog.push(frame);
    this.port?.guarded(() => this.fillBuffers());
  }

  private fillBuffers(): void {
    const { port } = this;
    const queue = port?.queues[RECEIVE];
    if (port === undefined || queue === undefined) return;
    let used = false;
    while (this.backlog.length > 0) {
      const chain = queue.pop();
      if (chain === undefined) break;
      const frame = this.backlog.shift()!;
      const bytes = new Uint8Array(HEADER + frame.length);
      // num_buffers = 1: a frame is never spread over chains.
      bytes[HEADER - 2] = 1;
      bytes.set(frame, HEADER);
      queue.push(chain.head, scatter(port.dma, chain, bytes));
      used = true;
    }
    if (used) port.usedBuffers(queue);
  }
}
