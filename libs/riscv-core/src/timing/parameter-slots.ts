/**
 * Where the parameters of the cycle model stand in the parameter block (u32 each, offsets from TIMING of hart/layout.ts).
 * Shared with the AssemblyScript core: nothing but integer constants. Names, units and sources: parameters.ts.
 */
export const P_CORE_MHZ = 0;
export const P_MEMORY_MHZ = 4;
export const P_TRAP_ENTRY = 8;
export const P_MISPREDICT = 12;
export const P_PREDECODE = 16;
export const P_BTB_ENTRIES = 20;
export const P_BTB_PAGES = 24;
export const P_BHT_ENTRIES = 28;
export const P_BHT_HISTORY = 32;
export const P_BHT_HISTORY_FOLD = 36;
export const P_RAS_ENTRIES = 40;
export const P_MUL_BITS = 44;
export const P_MULDIV_FIXED = 48;
export const P_L1I_SETS = 52;
export const P_L1I_WAYS = 56;
export const P_L1I_LFSR = 60;
export const P_L1D_SETS = 64;
export const P_L1D_WAYS = 68;
export const P_L1D_LFSR = 72;
export const P_L1D_WRITEBACK = 76;
export const P_TLB_SECTORS = 80;
export const P_TLB_SUPERPAGES = 84;
export const P_L2TLB_ENTRIES = 88;
export const P_L2TLB_HIT = 92;
export const P_PTE_CACHE = 96;
export const P_GSTAGE_CACHE = 100;
export const P_WALK_BASE = 104;
export const P_WALK_STEP = 108;
export const P_WALK_CACHED = 112;
export const P_L2_SETS = 116;
export const P_L2_WAYS = 120;
export const P_L2_LFSR = 124;
export const P_L2_HIT = 128;
export const P_L2_UPGRADE = 132;
export const P_L2_UPGRADE_PROBE = 136;
export const P_L2_PROBE = 140;
export const P_L2_PROBE_DATA = 144;
export const P_L2_MISS = 148;
export const P_CROSSING = 152;
export const P_LLC_SETS = 156;
export const P_LLC_WAYS = 160;
export const P_LLC_BLOCK_BYTES = 164;
export const P_LLC_LFSR = 168;
export const P_LLC_HIT = 172;
export const P_LLC_BEATS = 176;
export const P_DRAM_READ = 180;
export const P_MMIO_ROUND_TRIP = 184;

/** Bytes of the parameter block. */
export const PARAMETER_BLOCK_SIZE = 4096;
