/** Width of a device access in bytes. */
export type AccessSize = 1 | 2 | 4 | 8;

/** What a device remembers, as plain values in an order of its own. */
export type DeviceState = number | bigint | boolean | string | Uint8Array | readonly DeviceState[];

/** A device as the bus sees it. Offsets are bytes from its base; what it may touch is handed to it when it is made. */
export interface Device {
  readonly name: string;
  /** Bytes of address space it takes. */
  readonly size: number;
  /** Zero-extended value; undefined = access fault. `offset` is a multiple of `size`. */
  load(offset: number, size: AccessSize): bigint | undefined;
  /** false = access fault. `offset` is a multiple of `size`; bits of `value` above `size` bytes are 0. */
  store(offset: number, size: AccessSize, value: bigint): boolean;
  /** Everything that decides how it goes on, work under way included: part of the machine's state hash, and of a snapshot. */
  state(): DeviceState;
  /** Takes up what `state()` gave in another machine of the same configuration; a new device's first call. */
  restore(state: DeviceState): void;
}

/** A wire into an interrupt controller. */
export type InterruptLine = (high: boolean) => void;
