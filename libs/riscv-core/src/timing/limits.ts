/**
 * Room that the timing region reserves: how large a structure can be made by a parameter, and how the region is divided.
 * Shared with the AssemblyScript core: nothing but integer constants.
 */
export const MAX_L1_SETS = 64;
export const MAX_L1_WAYS = 16;
export const MAX_TLB_SECTORS = 64;
export const MAX_TLB_SUPERPAGES = 16;
export const MAX_L2TLB = 4096;
/** Each of the two walk caches. */
export const MAX_PTE_CACHE = 64;
export const MAX_BTB = 64;
export const MAX_BTB_PAGES = 32;
export const MAX_BHT = 8192;
export const MAX_RAS = 64;
/** Sets x ways. */
export const MAX_L2_LINES = 32768;
export const MAX_LLC_BLOCKS = 131072;
/** Ranks x banks. */
export const MAX_DRAM_BANKS = 64;
export const MAX_DRAM_RANKS = 8;
export const MAX_LLC_MSHRS = 16;
/** Words of 64 slots of two cycles: requests further apart than these 4096 do not wait for each other. */
export const CALENDAR_WORDS = 32;
/** Requests of a hart that wait for their answer: with as many of them its turn ends; and room for those that it makes until it has. */
export const REQUESTS_OF_TURN = 64;
export const MAX_REQUESTS = 96;
/** Where they are in the hart's timing state, and bytes of each; the first word there is the bytes of all that wait. */
export const HART_REQUESTS = 0x11000;
export const REQUEST_SIZE = 24;

/** Bytes: parameter block, state shared by all harts, per L2 line, per LLC block. */
export const PARAMETER_BLOCK_SIZE = 4096;
export const SHARED_STATE_SIZE = 0x4000;
export const L2_LINE_SIZE = 8;
export const LLC_BLOCK_SIZE = 4;
