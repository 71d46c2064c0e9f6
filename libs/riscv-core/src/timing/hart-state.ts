/**
 * The parts of a hart's timing state that compiled code reads itself, where calling the cycle model would cost more than the
 * answer (src/jit/timing-code.ts). Offsets from HART_TIMING in a hart's area. Shared with the AssemblyScript core:
 * nothing but integer constants.
 */

/** u32: global branch history. */
export const BHT_HISTORY = 16;
/** u32 each: number of valid entries, position of the newest. */
export const RAS_COUNT = 20;
export const RAS_POSITION = 24;
/** u64: tree bits. */
export const BTB_PLRU = 32;

/** u32 per line {line address / 64 << 2 | LINE_*}, 64 bytes per set. */
export const L1I = 0x1000;
/** A line of the instruction cache. */
export const LINE_SHARED = 1;

/** u8 each: first entry of a hash chain + 1, 0 = none. */
export const BTB_HEADS = 0xe800;
/** Many more than entries: compiled code knows the first of a chain only, and asks the core for the others. */
export const BTB_HASH = 512;
/** Entries: u64 address of the last halfword of the instruction | 1, u64 target, and what only the core reads. */
export const BTB = 0xd640;
export const BTB_ENTRY_SIZE = 32;
export const BTB_TARGET = 8;
/** u64 each. */
export const RAS = 0xe000;
/** u8 each, 0 or 1. */
export const BHT = 0xf000;

/** sqrt(3)/2 with 16 fractional bits: what the history is multiplied by. */
export const ROOT_3_HALF = 56755;
