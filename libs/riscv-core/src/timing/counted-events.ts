/**
 * What the cycle model counts per hart and privilege mode: number of the u64 in a bank (EVENT_COUNTS of hart/layout.ts). Hits are not
 * counted, since engines pass over them. Shared with the AssemblyScript core: nothing but integer constants. Names and meaning: counters.ts.
 */
export const COUNT_L1I_MISS = 0;
export const COUNT_L1D_LOAD_MISS = 1;
export const COUNT_L1D_STORE_MISS = 2;
export const COUNT_L1D_WRITEBACK = 3;
export const COUNT_ITLB_MISS = 4;
export const COUNT_DTLB_MISS = 5;
export const COUNT_L2TLB_MISS = 6;
export const COUNT_WALK_READ = 7;
export const COUNT_L2_MISS = 8;
export const COUNT_L2_PROBE = 9;
export const COUNT_L2_UPGRADE = 10;
export const COUNT_L2_WRITEBACK = 11;
export const COUNT_LLC_MISS = 12;
export const COUNT_DRAM_ROW_HIT = 13;
export const COUNT_DRAM_CLOSED = 14;
export const COUNT_DRAM_CONFLICT = 15;
export const COUNT_DRAM_REFRESH = 16;
export const COUNT_BRANCH_MISPREDICT = 17;
export const COUNT_TARGET_MISPREDICT = 18;
export const COUNT_PREDECODE = 19;
export const COUNT_UNCACHED = 20;
/** Cycles. */
export const COUNT_L1I_STALL = 21;
export const COUNT_L1D_STALL = 22;
export const COUNT_TLB_STALL = 23;
export const COUNT_L2_WAIT = 24;
/** How many there are. */
export const COUNTED_EVENTS = 25;
