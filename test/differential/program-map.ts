/**
 * Where the parts of a random program lie.
 *
 *   0x8000_0000  set-up: registers, delegation, PMP
 *   0x8000_1000  handlers of M, HS, VS, HU; the way out
 *   0x8000_2000  blocks
 *   0x8020_0000  data; the window at virtual 0x20_0000_0000 shows pages of it through random page-table entries
 *   0x8040_0000  page tables: satp, vsatp, hgatp
 *   0x8070_0000  log of the traps, if the program keeps one
 */
export const BASE = 0x8000_0000n;
export const HANDLERS = 0x1000;
export const BLOCKS = 0x2000;
export const DATA = 0x8020_0000n;
export const WINDOW = 0x20_0000_0000n;
export const WINDOW_PAGES = 32;
export const HOST_ROOT = 0x8040_0000n;
export const GUEST_ROOT = 0x8050_0000n;
export const SECOND_STAGE_ROOT = 0x8060_0000n;
/** Behind the handlers: the way out. */
export const FINISH = 0xe00;
export const LOG = 0x8070_0000n;
export const LOG_RECORD = 216;
export const LOG_RECORDS = 1000;
export const HANDLER_SPACING = 0x400;
export const SV39 = 8n << 60n;
export const SV48 = 9n << 60n;
/** The same window again where only four levels reach: the root has two entries for the table below it. */
export const FAR_WINDOW = WINDOW + (5n << 39n);
/** Behind the tables of three levels of a stage: the root of four. */
export const fourLevelRoot = (root: bigint): bigint => root + 0x1_0000n;
export const RAM_BYTES = 8 << 20;
