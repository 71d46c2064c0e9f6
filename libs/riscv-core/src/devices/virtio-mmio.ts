/** virtio over MMIO, version 2 (Virtual I/O Device 1.2, 4.2.2): the transport that block and net devices share. */
import type { Device, DeviceState, InterruptLine } from './device.js';
import type { Dma } from './dma.js';
import { bigintOf, fieldsOf, numberOf } from './state-reader.js';
import { Virtqueue, VirtqueueError } from './virtqueue.js';

/** What a kind of device adds to the transport. */
export interface VirtioBackend {
  readonly name: string;
  /** Device id: 1 net, 2 block, 3 console. */
  readonly deviceId: number;
  /** Feature bits besides VIRTIO_F_VERSION_1. */
  readonly features: bigint;
  /** Largest size of each queue. */
  readonly queueSizes: readonly number[];
  /** Configuration space, read by the driver from 0x100 on. */
  readonly config: Uint8Array;
  /** Called once with the queues and the means to interrupt. */
  connect(port: VirtioPort): void;
  /** The driver has made buffers available in queue `index`. */
  notified(index: number): void;
  /** The driver reset the device: forget requests under way. */
  reset(): void;
  /** As {@link Device.state} and {@link Device.restore}. */
  state(): DeviceState;
  restore(state: DeviceState | undefined): void;
}

export interface VirtioPort {
  readonly queues: readonly Virtqueue[];
  readonly dma: Dma;
  /** The driver is ready, and has broken no rule since it reset the device. */
  live(): boolean;
  /** Buffers of `queue` were used: interrupts unless the driver asked not to. Throws {@link VirtqueueError}. */
  usedBuffers(queue: Virtqueue): void;
  /** Runs `work` while the device is {@link live}. A {@link VirtqueueError} in it makes the device need a reset. */
  guarded(work: () => void): void;
}

const VERSION_1 = 1n << 32n;
const MAGIC = 0x74726976;
const VERSION = 2;
const STATUS_DRIVER_OK = 0x04;
const STATUS_FEATURES_OK = 0x08;
const STATUS_NEEDS_RESET = 0x40;
const INTERRUPT_USED = 1;
const INTERRUPT_CONFIG = 2;
const CONFIG_SPACE = 0x100;

const register = {
  magic: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSelect: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSelect: 0x024,
  queueSelect: 0x030,
  queueSizeMax: 0x034,
  queueSize: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescriptors: 0x080,
  queueDriver: 0x090,
  queueDevice: 0x0a0,
  configGeneration: 0x0fc,
} as const;

export class VirtioMmio implements Device {
  readonly name: string;
  readonly size = 0x1000;
  private readonly queues: Virtqueue[];
  private deviceFeaturesSelect = 0;
  private driverFeaturesSelect = 0;
  private driverFeatures = 0n;
  private queueSelect = 0;
  private interruptStatus = 0;
  private status = 0;

  constructor(
    private readonly backend: VirtioBackend,
    dma: Dma,
    private readonly setLine: InterruptLine,
  ) {
    this.name = backend.name;
    this.queues = backend.queueSizes.map((size) => new Virtqueue(size, dma));
    backend.connect({
      queues: this.queues,
      dma,
      live: () => this.live,
      usedBuffers: (queue) => {
        if (queue.wantsInterrupt()) this.interrupt(INTERRUPT_USED);
      },
      guarded: (work) => this.guarded(work),
    });
  }

  load(offset: number, size: number): bigint | undefined {
    if (offset >= CONFIG_SPACE) {
      let value = 0n;
      for (let i = 0; i < size; i++) {
        value |= BigInt(this.backend.config[offset - CONFIG_SPACE + i] ?? 0) << BigInt(8 * i);
      }
      return value;
    }
    // 4.2.2.2: registers are accessed as aligned words only.
    if (size !== 4) return undefined;
    return BigInt(this.readRegister(offset) >>> 0);
  }

  store(offset: number, size: number, value: bigint): boolean {
    // The configuration of block and net devices here has no writable field.
    if (offset >= CONFIG_SPACE) return true;
    if (size !== 4) return false;
    this.writeRegister(offset, Number(value & 0xffff_ffffn));
    return true;
  }

  private readRegister(offset: number): number {
    const features = this.backend.features | VERSION_1;
    switch (offset) {
      case register.magic:
        return MAGIC;
      case register.version:
        return VERSION;
      case register.deviceId:
        return this.backend.deviceId;
      case register.deviceFeatures:
        return this.deviceFeaturesSelect < 2
          ? Number((features >> BigInt(32 * this.deviceFeaturesSelect)) & 0xffff_ffffn)
          : 0;
      case register.queueSizeMax:
        return this.queue?.maxSize ?? 0;
      case register.queueReady:
        return this.queue?.ready === true ? 1 : 0;
      case register.interruptStatus:
        return this.interruptStatus;
      case register.status:
        return this.status;
      default:
        // Vendor id, configuration generation, write-only and unknown registers.
        return 0;
    }
  }

  private writeRegister(offset: number, value: number): void {
    const { queue } = this;
    switch (offset) {
      case register.deviceFeaturesSelect:
        this.deviceFeaturesSelect = value;
        break;
      case register.driverFeaturesSelect:
        this.driverFeaturesSelect = value;
        break;
      case register.driverFeatures:
        if (this.driverFeaturesSelect < 2)
          this.driverFeatures = setHalf(this.driverFeatures, this.driverFeaturesSelect === 0 ? 'low' : 'high', value);
        break;
      case register.queueSelect:
        this.queueSelect = value;
        break;
      case register.queueSize:
        if (queue && value > 0 && value <= queue.maxSize && (value & (value - 1)) === 0) queue.size = value;
        break;
      case register.queueReady:
        if (queue) queue.ready = (value & 1) === 1;
        break;
      case register.queueNotify:
        if (value < this.queues.length) this.guarded(() => this.backend.notified(value));
        break;
      case register.interruptAck:
        this.interruptStatus &= ~value;
        this.setLine(this.interruptStatus !== 0);
        break;
      case register.status:
        if (value === 0) this.reset();
        else this.setStatus(value);
        break;
      case register.queueDescriptors:
        if (queue) queue.descriptors = setHalf(queue.descriptors, 'low', value);
        break;
      case register.queueDescriptors + 4:
        if (queue) queue.descriptors = setHalf(queue.descriptors, 'high', value);
        break;
      case register.queueDriver:
        if (queue) queue.available = setHalf(queue.available, 'low', value);
        break;
      case register.queueDriver + 4:
        if (queue) queue.available = setHalf(queue.available, 'high', value);
        break;
      case register.queueDevice:
        if (queue) queue.used = setHalf(queue.used, 'low', value);
        break;
      case register.queueDevice + 4:
        if (queue) queue.used = setHalf(queue.used, 'high', value);
        break;
      default:
    }
  }

  /**
   * FEATURES_OK stays clear when the driver wants what was not offered, or will not speak version 1 (2.2.2); without it there is no
   * DRIVER_OK. A driver that becomes ready may have made buffers available before (3.1.1).
   */
  private setStatus(value: number): void {
    const offered = this.backend.features | VERSION_1;
    const acceptable = (this.driverFeatures & ~offered) === 0n && (this.driverFeatures & VERSION_1) !== 0n;
    const wasLive = this.live;
    const accepted =
      acceptable && (value & STATUS_FEATURES_OK) !== 0 ? value : value & ~(STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    this.status = (accepted & 0xff & ~STATUS_NEEDS_RESET) | (this.status & STATUS_NEEDS_RESET);
    if (!wasLive && this.live) this.queues.forEach((_, index) => this.guarded(() => this.backend.notified(index)));
  }

  private get live(): boolean {
    return (this.status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) === STATUS_DRIVER_OK;
  }

  state(): DeviceState {
    return [
      this.deviceFeaturesSelect,
      this.driverFeaturesSelect,
      this.driverFeatures,
      this.queueSelect,
      this.interruptStatus,
      this.status,
      this.queues.map((queue) => queue.state()),
      this.backend.state(),
    ];
  }

  restore(state: DeviceState): void {
    const [deviceSelect, driverSelect, features, queueSelect, interruptStatus, status, queues, backend] = fieldsOf(
      state,
      8,
    );
    this.deviceFeaturesSelect = numberOf(deviceSelect);
    this.driverFeaturesSelect = numberOf(driverSelect);
    this.driverFeatures = bigintOf(features);
    this.queueSelect = numberOf(queueSelect);
    this.interruptStatus = numberOf(interruptStatus);
    this.status = numberOf(status);
    const states = fieldsOf(queues, this.queues.length);
    this.queues.forEach((queue, index) => queue.restore(states[index]));
    this.backend.restore(backend);
  }

  private reset(): void {
    this.status = 0;
    this.interruptStatus = 0;
    this.driverFeatures = 0n;
    this.deviceFeaturesSelect = this.driverFeaturesSelect = this.queueSelect = 0;
    for (const queue of this.queues) queue.reset();
    this.setLine(false);
    this.backend.reset();
  }

  private interrupt(bit: number): void {
    this.interruptStatus |= bit;
    this.setLine(true);
  }

  /** A driver that breaks the rules stops its device, never the simulation. */
  private guarded(work: () => void): void {
    if (!this.live) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.status |= STATUS_NEEDS_RESET;
      this.interrupt(INTERRUPT_CONFIG);
    }
  }

  private get queue(): Virtqueue | undefined {
    return this.queues[this.queueSelect];
  }
}

function setHalf(whole: bigint, which: 'low' | 'high', value: number): bigint {
  const half = BigInt(value);
  return which === 'low' ? (whole & ~0xffff_ffffn) | half : (whole & 0xffff_ffffn) | (half << 32n);
}
