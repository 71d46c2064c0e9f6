/** Width of a device access in bytes. */
export type AccessSize = 1 | 2 | 4 | 8;

/** A device as the bus sees it. Offsets are bytes from its base; what it may touch is handed to it when it is made. */
export interface Device {
  readonly name: string;
  /** Bytes of address space it takes. */
  readonly size: number;
  /** Zero-extended value; undefined = access fault. `offset` is a multiple of `size`. */
  load(offset: number, size: AccessSize): bigint | undefined;
  /** false = access fault. `offset` is a multiple of `size`; bits of `value` above `size` bytes are 0. */
  store(offset: number, size: AccessSize, value: bigint): boolean;
}

/** A wire into an interrupt controller. */
export type InterruptLine = (high: boolean) => void;
