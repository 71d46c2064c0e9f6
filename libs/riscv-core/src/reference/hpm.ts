/** Zihpm: the counters mhpmcounter3 to 31 and their event selectors (Privileged ISA 3.1.10). */
import { CSR_MHPMCOUNTER, CSR_MHPMEVENT } from '../hart/csr-slots.js';
import { EVENT_BANK_SIZE, EVENT_COUNTS, PRV_M, PRV_S, PRV_U } from '../hart/layout.js';
import { COUNTED_EVENTS } from '../timing/counted-events.js';
import { bit, wrap } from './bits.js';
import type { HartState } from './state.js';

/** Bit of mhpmevent that leaves a mode out, and the mode's bank of event counts: PRV | V << 2. */
const modes = [
  { inhibit: 62, bank: PRV_M },
  { inhibit: 61, bank: PRV_S },
  { inhibit: 60, bank: PRV_U },
  { inhibit: 59, bank: PRV_S | 4 },
  { inhibit: 58, bank: PRV_U | 4 },
] as const;

/** Times that the chosen event has happened since reset, in the modes that are not left out. Event 0 never happens. */
function happened(hart: HartState, choice: bigint): bigint {
  const event = Number(choice & 0xffn);
  if (event === 0) return 0n;
  return modes
    .filter(({ inhibit }) => !bit(choice, inhibit))
    .reduce((sum, { bank }) => sum + hart.get64(EVENT_COUNTS + bank * EVENT_BANK_SIZE + 8 * (event - 1)), 0n);
}

/** `index`: 3 to 31. What is stored is the value less the events until now. */
export function readCounter(hart: HartState, index: number): bigint {
  const place = 8 * (index - 3);
  return wrap(hart.csr(CSR_MHPMCOUNTER + place) + happened(hart, hart.csr(CSR_MHPMEVENT + place)));
}

export function writeCounter(hart: HartState, index: number, value: bigint): void {
  const place = 8 * (index - 3);
  hart.setCsr(CSR_MHPMCOUNTER + place, wrap(value - happened(hart, hart.csr(CSR_MHPMEVENT + place))));
}

/** `choice` is masked. A number that names no event chooses none; the counter goes on from the value it has. */
export function writeEvent(hart: HartState, index: number, choice: bigint): void {
  const value = readCounter(hart, index);
  const legal = Number(choice & 0xffn) <= COUNTED_EVENTS ? choice : choice & ~0xffn;
  hart.setCsr(CSR_MHPMEVENT + 8 * (index - 3), legal);
  writeCounter(hart, index, value);
}
