/** What a device that masters the bus is given of the machine: RAM, and time. */

export interface Dma {
  /** True when [physical, physical + size) lies in RAM. */
  contains(physical: bigint, size: number): boolean;
  /** A view of RAM for reading; the caller has checked the range. */
  read(physical: bigint, size: number): Uint8Array;
  /** Writes to RAM; engines forget what they derived from those bytes. The caller has checked the range. */
  write(physical: bigint, bytes: Uint8Array): void;
}

export interface DeviceClock {
  /** Target cycle of the access or event being served. */
  now(): number;
  /** Calls `action` when the target has reached `cycle`, a whole number; one that has passed means now. */
  at(cycle: number, action: (cycle: number) => void): void;
}

/** The clock of whoever is part of a snapshot. */
export interface EventClock extends DeviceClock {
  /** Returns the event's number. */
  at(cycle: number, action: (cycle: number) => void): number;
  /** After a restore: what event `number` of the machine that was saved does. */
  resume(number: number, action: (cycle: number) => void): void;
}
