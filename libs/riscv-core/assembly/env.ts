/** What the core asks of the world around it. TypeScript side: src/core/core-module.ts. */

/**
 * Load of `size` bytes from outside RAM and CLINT, zero-extended. M_MMIO_STATUS is 0 when called; the import sets it to 1 when
 * nothing answers. M_MMIO_HART tells who asks.
 */
@external("env", "mmio_load")
export declare function mmioLoad(pa: u64, size: i32): u64;

@external("env", "mmio_store")
export declare function mmioStore(pa: u64, size: i32, value: u64): void;

/** Fills the record at `rec` for the instruction at virtual address `pc` of hart area `h`. */
@external("env", "decode")
export declare function decode(h: usize, rec: usize, pc: u64): void;

/** Architectural event EV_*; made only while M_EVENTS is 1. */
@external("env", "event")
export declare function event(h: usize, kind: i32, a: i32, b: i32): void;

/** A store reached the HTIF word at M_HTIF_TOHOST; the value is already in RAM. */
@external("env", "tohost")
export declare function tohost(h: usize): void;
