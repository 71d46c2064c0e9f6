/** What the core asks of the world around it. TypeScript side: src/core/core-module.ts. */

/**
 * Load of `size` bytes from outside RAM and CLINT, zero-extended. M_MMIO_STATUS is 0 when called; the import sets it to 1 when
 * nothing answers.
 */
export declare function mmio_load(pa: u64, size: i32): u64;

export declare function mmio_store(pa: u64, size: i32, value: u64): void;

/** Fills the record at `rec` for the instruction at virtual address `pc` of hart area `h`. */
export declare function decode(h: usize, rec: usize, pc: u64): void;

/** The records of `slot` are no longer true and have been emptied. */
export declare function code_dropped(slot: usize): void;

/** Architectural event EV_*; made only while M_EVENTS is 1. */
export declare function event(h: usize, kind: i32, a: i32, b: i32): void;

/** A store reached the HTIF word at M_HTIF_TOHOST; the value is already in RAM. */
export declare function tohost(h: usize): void;
