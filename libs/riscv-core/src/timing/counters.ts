/** Names of the events that the cycle model counts (counted-events.ts), and a hart's counts by privilege mode. */
import { EVENT_BANK_SIZE, EVENT_COUNTS, HARTS, HART_STRIDE, PRV_M, PRV_S, PRV_U } from '../hart/layout.js';
import * as C from './counted-events.js';

interface CountedEvent {
  /** As parameters are named: unit and event. */
  readonly name: string;
  /** Number of its counter. */
  readonly event: number;
  readonly text: string;
}

const row = (event: number, name: string, text: string): CountedEvent => ({ event, name, text });

/** In the order of their numbers. */
export const countedEvents: readonly CountedEvent[] = [
  row(C.COUNT_L1I_MISS, 'l1i.miss', 'lines refilled into the instruction cache'),
  row(C.COUNT_L1D_LOAD_MISS, 'l1d.loadMiss', 'misses of loads and page walks'),
  row(C.COUNT_L1D_STORE_MISS, 'l1d.storeMiss', 'misses of stores, AMOs and LR'),
  row(C.COUNT_L1D_WRITEBACK, 'l1d.writeback', 'dirty victims'),
  row(C.COUNT_ITLB_MISS, 'itlb.miss', 'misses of the instruction TLB'),
  row(C.COUNT_DTLB_MISS, 'dtlb.miss', 'misses of the data TLB'),
  row(C.COUNT_L2TLB_MISS, 'l2tlb.miss', 'page walks'),
  row(C.COUNT_WALK_READ, 'walk.read', 'PTEs read through the L1D'),
  row(C.COUNT_L2_MISS, 'l2.miss', 'lines that the L2 fetched from memory'),
  row(C.COUNT_L2_PROBE, 'l2.probe', 'misses that had to ask another L1D'),
  row(C.COUNT_L2_UPGRADE, 'l2.upgrade', 'writes to shared lines'),
  row(C.COUNT_L2_WRITEBACK, 'l2.writeback', 'dirty victims'),
  row(C.COUNT_LLC_MISS, 'llc.miss', 'blocks that the LLC fetched from DRAM'),
  row(C.COUNT_DRAM_ROW_HIT, 'dram.rowHit', 'column accesses to an open row'),
  row(C.COUNT_DRAM_CLOSED, 'dram.closed', 'column accesses to a closed bank'),
  row(C.COUNT_DRAM_CONFLICT, 'dram.conflict', 'column accesses that closed another row'),
  row(C.COUNT_DRAM_REFRESH, 'dram.refresh', 'column accesses that waited for a refresh'),
  row(C.COUNT_BRANCH_MISPREDICT, 'branch.mispredict', 'branches predicted the wrong way'),
  row(C.COUNT_TARGET_MISPREDICT, 'jump.mispredict', 'indirect jumps to another place than predicted'),
  row(C.COUNT_PREDECODE, 'jump.predecode', 'transfers found by fetch predecode only'),
  row(C.COUNT_UNCACHED, 'mmio.access', 'uncached accesses'),
  row(C.COUNT_L1I_STALL, 'stall.l1i', 'cycles waited for instruction lines'),
  row(C.COUNT_L1D_STALL, 'stall.l1d', 'cycles waited for data lines, those of page walks included'),
  row(C.COUNT_TLB_STALL, 'stall.tlb', 'cycles waited for the L2 TLB and page walks'),
  row(C.COUNT_L2_WAIT, 'stall.l2', 'cycles of those above waited for other harts in the L2'),
];

/** Modes with a bank: V=1 modes behind the others. */
export const countedModes = [
  { mode: 'M', bank: PRV_M },
  { mode: 'S', bank: PRV_S },
  { mode: 'U', bank: PRV_U },
  { mode: 'VS', bank: PRV_S | 4 },
  { mode: 'VU', bank: PRV_U | 4 },
] as const;
export type CountedMode = (typeof countedModes)[number]['mode'];

/** Counts since reset of one hart in one mode, in the order of {@link countedEvents}. */
export function readCounts(memory: WebAssembly.Memory, hart: number, mode: CountedMode): number[] {
  const view = new DataView(memory.buffer);
  const bank = countedModes.find((row) => row.mode === mode)!.bank;
  const at = HARTS + hart * HART_STRIDE + EVENT_COUNTS + bank * EVENT_BANK_SIZE;
  return countedEvents.map(({ event }) => Number(view.getBigUint64(at + event * 8, true)));
}
