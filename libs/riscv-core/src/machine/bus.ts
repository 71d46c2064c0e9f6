/** Routes an access to the device that answers at its address. A bus is itself a device. */
import { ConfigError } from './config-error.js';
import { describeRange } from './elf.js';
import type { AccessSize } from './engine.js';
import type { Device, DeviceState } from '../devices/device.js';
import { fieldsOf } from '../devices/state-reader.js';

interface Mapping {
  readonly base: number;
  readonly end: number;
  readonly device: Device;
}

export class Bus implements Device {
  private readonly mappings: Mapping[] = [];

  constructor(
    readonly name: string,
    readonly size: number,
  ) {}

  /** Throws {@link ConfigError} when the range leaves the bus or touches another device. */
  attach(base: number, device: Device): void {
    const end = base + device.size;
    const range = (from: number, to: number): string => describeRange(BigInt(from), BigInt(to - from));
    if (base < 0 || end > this.size || device.size <= 0)
      throw new ConfigError(`device ${device.name}`, `range ${range(base, end)}`, `one inside bus ${this.name}`);
    const other = this.mappings.find((mapping) => base < mapping.end && mapping.base < end);
    if (other !== undefined)
      throw new ConfigError(
        `device ${device.name}`,
        `range ${range(base, end)} overlapping ${other.device.name} at ${range(other.base, other.end)}`,
        'devices that do not overlap',
      );
    this.mappings.push({ base, end, device });
  }

  load(offset: number, size: AccessSize): bigint | undefined {
    const found = this.find(offset, size);
    return found?.device.load(offset - found.base, size);
  }

  store(offset: number, size: AccessSize, value: bigint): boolean {
    const found = this.find(offset, size);
    return found?.device.store(offset - found.base, size, value) ?? false;
  }

  state(): DeviceState {
    return this.mappings.map(({ base, device }) => [base, device.name, device.state()]);
  }

  restore(state: DeviceState): void {
    const states = fieldsOf(state, this.mappings.length);
    this.mappings.forEach(({ device }, index) => device.restore(fieldsOf(states[index], 3)[2]!));
  }

  private find(offset: number, size: number): Mapping | undefined {
    if (offset % size !== 0) return undefined;
    return this.mappings.find((mapping) => offset >= mapping.base && offset + size <= mapping.end);
  }
}
