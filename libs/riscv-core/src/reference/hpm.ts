/** Zihpm: the counters mhpmcounter3 to 31 and their event selectors (Privileged ISA 3.1.10). */
import { CSR_MHPMEVENT } from '../hart/csr-slots.js';
import { EVENT_BANK_SIZE, EVENT_COUNTS, PRV_M, PRV_S, PRV_U } from '../hart/layout.js';
import { COUNTED_EVENTS } from '../timing/counted-events.js';
import { bit } from './bits.js';
import type { HartState } from './state.js';

/** Bit of mhpmevent that leaves a mode out, and the mode's bank of event counts: PRV | V << 2. */
const modes = [
  { inhibit: 62, bank: PRV_M },
  { inhibit: 61, bank: PRV_S },
  { inhibit: 60, bank: PRV_U },
  { inhibit: 59, bank: PRV_S | 4 },
  { inhibit: 58, bank: PRV_U | 4 },
] as const;

/** Times that the event which counter 3 to 31 has chosen has happened since reset, in the modes that are not left out. */
export function eventsCounted(hart: HartState, counter: number): bigint {
  const choice = hart.csr(CSR_MHPMEVENT + 8 * (counter - 3));
  const event = Number(choice & 0xffn);
  // Event 0 never happens.
  if (event === 0) return 0n;
  return modes
    .filter(({ inhibit }) => !bit(choice, inhibit))
    .reduce((sum, { bank }) => sum + hart.get64(EVENT_COUNTS + bank * EVENT_BANK_SIZE + 8 * (event - 1)), 0n);
}

/** A number that names no event chooses none. */
export function legalEvent(choice: bigint): bigint {
  return Number(choice & 0xffn) <= COUNTED_EVENTS ? choice : choice & ~0xffn;
}
