/**
 * The cycle model's state, which all engines share to the bit (part of the state hash): in the timing region, behind the parameters, what
 * harts have in common; in each hart's area its own, and bookkeeping that only engines with filters have (not part of the hash).
 */
import { HARTS, HART_BOOK, HART_ID, HART_STRIDE, HART_TIMING, TIMING } from '../../src/hart/layout';
import {
  CALENDAR_WORDS,
  HART_REQUESTS,
  L2_LINE_SIZE,
  LLC_BLOCK_SIZE,
  MAX_DRAM_BANKS,
  MAX_DRAM_RANKS,
  MAX_L2_LINES,
  MAX_LLC_BLOCKS,
  MAX_LLC_MSHRS,
  MAX_TLB_SECTORS,
  PARAMETER_BLOCK_SIZE,
  SHARED_STATE_SIZE,
} from '../../src/timing/limits';
import {
  BHT,
  BHT_HISTORY,
  BTB,
  BTB_HEADS,
  BTB_PLRU,
  L1I,
  LINE_SHARED,
  RAS,
  RAS_COUNT,
  RAS_POSITION,
} from '../../src/timing/hart-state';

/** Hashed shared state: [STATE, STATE_END). The same range, for the hash: src/timing/state.ts. */
export const STATE = TIMING + PARAMETER_BLOCK_SIZE;

// Shared by all harts.
export const L2_LFSR = STATE + 0; // u32
export const LLC_LFSR = STATE + 4; // u32

/** Pending misses of the LLC, u64: when the last and when the first of all entries is refilled; then, of each entry: when that is, when it came; u32 its set. */
export const LLC_PENDING_UNTIL = STATE + 8;
export const LLC_PENDING_FIRST = STATE + 16;
/** u32: the entry that is refilled first. */
export const LLC_PENDING_OLDEST = STATE + 24;
export const LLC_PENDING_READY = STATE + 64;
export const LLC_PENDING_CAME = LLC_PENDING_READY + MAX_LLC_MSHRS * 8;
export const LLC_PENDING_SET = LLC_PENDING_CAME + MAX_LLC_MSHRS * 8;

/** DRAM channel: u32 rank of the last column command. */
export const CHANNEL_RANK = STATE + 32;
/** u64 begin of the refresh interval of the last request, u32 its number. */
export const REFRESH_BEGIN = STATE + 40;
export const REFRESH_EPOCH = STATE + 48;
export const DRAM_RANKS = LLC_PENDING_SET + MAX_LLC_MSHRS * 4;
export const RANK_ACTIVATIONS = 0; // 4 x u64, newest first
export const RANK_READ = 32; // u64: when a read may follow the last write
export const RANK_CAME = 40; // u64: when its newest request came
export const RANK_SIZE = 48;
export const DRAM_BANKS = DRAM_RANKS + MAX_DRAM_RANKS * RANK_SIZE;
export const BANK_ROW = 0; // u32: open row + 1, 0 = none was ever opened
export const BANK_EPOCH = 4; // u32: refreshes before it was opened
export const BANK_ACTIVATED = 8; // u64: when it was opened
export const BANK_PRECHARGE = 16; // u64: when it may be closed
export const BANK_CAME = 24; // u64: when its newest request came
export const BANK_SIZE = 32;

/** L2: per hashed set its last transaction {u64 begin, u32 cycles, u32 set}. */
export const L2_SETS_BUSY = DRAM_BANKS + MAX_DRAM_BANKS * BANK_SIZE;
export const SET_BUSY_CYCLES = 8;
export const SET_BUSY_SET = 12;
export const SET_BUSY_SIZE = 16;
export const SETS_BUSY = 64;
/** Calendars (calendar.ts): the L2's way back to the L1s in core cycles, the LLC's array and the DRAM's data bus in memory cycles. */
export const L2_CALENDAR = L2_SETS_BUSY + SETS_BUSY * SET_BUSY_SIZE;
export const LLC_CALENDAR = L2_CALENDAR + CALENDAR_WORDS * 16;
export const DRAM_CALENDAR = LLC_CALENDAR + CALENDAR_WORDS * 16;
export const SHARED_STATE_END = DRAM_CALENDAR + CALENDAR_WORDS * 16;

/** Per hart, from HART_TIMING in its area, with src/timing/hart-state.ts. */
export { BHT, BHT_HISTORY, BTB, BTB_HEADS, BTB_PLRU, L1I, LINE_SHARED, RAS, RAS_COUNT, RAS_POSITION };
export const L1I_LFSR = 0; // u32
export const L1D_LFSR = 4; // u32
/** u64: the cycle at which the uncached access under way is answered. */
export const MMIO_BUSY = 8;
/** u32: page register to replace next. */
export const BTB_NEXT_PAGE = 28;
/** u64: tree bits. */
export const PTE_PLRU = 40;
export const GSTAGE_PLRU = 48;

/** As L1I. */
export const L1D = 0x2000;
/** Instruction and data TLB, TLB_SIZE each; fields below. */
export const ITLB = 0x3000;
export const DTLB = 0x4000;
/** u64 per entry: page number | space << 58 | 1 << 63. */
export const L2TLB = 0x5000;
/** u64 per entry: physical address of a non-leaf PTE | 1. */
export const PTE_CACHE = 0xd000;
/** u64 per entry: host page of a VS-stage table | 1 << 63. */
export const GSTAGE_CACHE = 0xd200;
/** u64 page register each; 0 = empty, else page + 1. */
export const BTB_PAGES = 0xd400;

/**
 * Requests that wait for their answer (requests.ts): u32 bytes of all entries, 0 = none waits; u32 bytes of those answered already; u64
 * cycles by which these took longer than what the hart was charged for them; entries.
 */
export const REQUESTS = HART_REQUESTS;
export const REQUESTS_END = 0;
export const REQUESTS_FIRST = 4;
export const REQUESTS_LATE = 8;
export const REQUESTS_ENTRIES = 64;
/** Entries: u64 cycle, u32 line, i32 line that it evicted or -1, u32 REQUEST_*, i32 cycles that the hart was charged. */
export const REQUEST_LINE = 8;
export const REQUEST_EVICTED = 12;
export const REQUEST_FLAGS = 16;
export const REQUEST_CHARGED = 20;

/** Fields of a TLB. */
export const TLB_PLRU = 0;
export const TLB_SUPER_PLRU = 8;
/** u8 each: first entry of a chain + 1, 0 = none. */
export const TLB_HEADS = 64;
export const TLB_HASH = 64;
/** Entries of 16 bytes: u64 key (virtual page / 4 | space << 60, 0 = empty), u32 valid bit per page, u32 next in chain + 1. */
export const TLB_ENTRIES = 128;
/** Entries of 16 bytes: u64 key (address >> shift | space << 60, 0 = empty), u32 shift. */
export const TLB_SUPERPAGES = TLB_ENTRIES + MAX_TLB_SECTORS * 16;

/** Per set, u32 each: line << 1 | dirty of every way (0 = empty), then of every way a bit per L1D that holds it | L2_OWNED. */
export const L2 = STATE + SHARED_STATE_SIZE;
/** u32 per block: block number << 1 | dirty, 0 = empty. */
export const LLC = L2 + MAX_L2_LINES * L2_LINE_SIZE;
export const STATE_END = LLC + MAX_LLC_BLOCKS * LLC_BLOCK_SIZE;

/** Bookkeeping of a hart, from HART_BOOK in its area: per L1D line u32 of the filters, u32 where the L2 had it (l2GrantedPlace). */
export const LINE_BOOK = 0;
export const LINE_BOOK_SIZE = 8;
export const LINE_PLACE = 4;
/** Of the filters, a list head (u32) per DTLB entry. */
export const FILTER_HEADS = 0x2000;
/** u32 per entry of the target buffer: address of the byte of SITES that names it, 0 = none (sites.ts). */
export const SITE_OF_ENTRY = 0x2800;

/** State of a line in an L1 (I$ lines are LINE_SHARED). */
export const LINE_EXCLUSIVE = 2;
export const LINE_MODIFIED = 3;

/** One L1D may write the line without asking. */
export const L2_OWNED = 0x100;

/** In place of a hart area: a device asks. */
export const DEVICE = 0;

@inline
export function hartIndex(h: i32): i32 {
  return load<i32>(h, HART_ID);
}

/** State of the hart whose area is `h`. */
@inline
export function stateOf(h: i32): i32 {
  return h + HART_TIMING;
}

@inline
export function bookOf(h: i32): i32 {
  return h + HART_BOOK;
}

/** Bookkeeping of the hart whose state is at `state`. */
@inline
export function bookOfState(state: i32): i32 {
  return state + (HART_BOOK - HART_TIMING);
}

@inline
export function hartArea(index: i32): i32 {
  return HARTS + index * HART_STRIDE;
}
