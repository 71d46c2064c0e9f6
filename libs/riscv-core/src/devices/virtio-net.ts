/** virtio network device (Virtual I/O Device 1.2, 5.1): no offloads, one receive and one transmit queue. */
import { Link, MAX_FRAME, MIN_FRAME, type LinkPeer, type LinkTiming } from './link.js';
import type { DeviceState } from './device.js';
import type { EventClock } from './dma.js';
import type { VirtioBackend, VirtioPort } from './virtio-mmio.js';
import { bytesOf, fieldsOf, listOf, numberOf } from './state-reader.js';
import { byteCount, gather, scatter, VirtqueueError } from './virtqueue.js';

const F_MAC = 1n << 5n;
/** struct virtio_net_hdr with num_buffers (VIRTIO_F_VERSION_1). */
const HEADER = 12;
const NUM_BUFFERS = 10;
const RECEIVE = 0;
const TRANSMIT = 1;
/** Frames the NIC holds while the driver offers no buffer; later ones are lost, as on hardware. */
const RECEIVE_BACKLOG = 256;

interface Transmission {
  readonly head: number;
  /** Cycle at which its last byte has left, and the number of that event. */
  readonly done: number;
  event: number;
}

export class VirtioNet implements VirtioBackend {
  readonly name = 'virtio-net';
  readonly deviceId = 1;
  readonly features = F_MAC;
  readonly queueSizes = [256, 256];
  readonly config: Uint8Array;
  /** Frames lost: no driver, too many for the backlog, or nothing that Ethernet could carry. */
  dropped = 0;
  private port: VirtioPort | undefined;
  private readonly link: Link;
  private backlog: Uint8Array[] = [];
  /** The frame on its way out. */
  private current: Transmission | undefined;

  /** `mac`: 6 bytes. */
  constructor(
    mac: Uint8Array,
    peer: LinkPeer,
    private readonly clock: EventClock,
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

  /** What is on the link stays there. */
  reset(): void {
    this.backlog = [];
    this.current = undefined;
  }

  state(): DeviceState {
    const { current } = this;
    return [
      this.dropped,
      current === undefined ? [] : [current.done, current.event, current.head],
      this.backlog.slice(),
      this.link.state(),
    ];
  }

  restore(state: DeviceState | undefined): void {
    const [dropped, current, backlog, link] = fieldsOf(state, 4);
    this.dropped = numberOf(dropped);
    this.backlog = listOf(backlog).map(bytesOf);
    this.link.restore(link);
    if (listOf(current).length === 0) return;
    const [done, event, head] = fieldsOf(current, 3);
    const transmission = { done: numberOf(done), event: numberOf(event), head: numberOf(head) };
    this.current = transmission;
    this.clock.resume(transmission.event, this.departure(transmission));
  }

  /** One frame after the other: the buffer is used when its last byte has left. */
  private sendNext(): void {
    const queue = this.port?.queues[TRANSMIT];
    const chain = this.current === undefined ? queue?.pop() : undefined;
    if (chain === undefined || queue === undefined) return;
    const size = byteCount(chain.readable) - HEADER;
    const carried = size >= MIN_FRAME && size <= MAX_FRAME;
    if (!carried) this.dropped++;
    const done = carried
      ? this.link.fromNic(gather(this.port!.dma, chain.readable).subarray(HEADER))
      : this.clock.now() + 1;
    const transmission: Transmission = { head: chain.head, done, event: 0 };
    this.current = transmission;
    transmission.event = this.clock.at(done, this.departure(transmission));
  }

  private departure(transmission: Transmission): () => void {
    return () => {
      // A reset has forgotten the transmission.
      if (this.current === transmission) this.port?.guarded(() => this.sent(transmission.head));
    };
  }

  private sent(head: number): void {
    const queue = this.port!.queues[TRANSMIT]!;
    this.current = undefined;
    queue.push(head, 0);
    this.port?.usedBuffers(queue);
    this.sendNext();
  }

  private arrived(frame: Uint8Array): void {
    if (this.port?.live() !== true || this.backlog.length >= RECEIVE_BACKLOG) {
      this.dropped++;
      return;
    }
    this.backlog.push(frame);
    this.port.guarded(() => this.fillBuffers());
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
      // A frame is never spread over chains.
      bytes[NUM_BUFFERS] = 1;
      bytes.set(frame, HEADER);
      if (byteCount(chain.writable) < bytes.length)
        throw new VirtqueueError(`a receive buffer too small for ${bytes.length} bytes`);
      scatter(port.dma, chain.writable, bytes);
      queue.push(chain.head, bytes.length);
      used = true;
    }
    if (used) port.usedBuffers(queue);
  }
}
