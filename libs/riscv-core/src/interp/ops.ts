/** Handler numbers of predecoded records (REC_OP). */
import { instructions } from '../isa/table.js';
import type { Insn } from '../isa/insn.js';

/** Not decoded yet: asks TypeScript to fill the record. Must be 0: a fresh slot is all zeros. */
export const OP_DECODE = 0;
/** Behind the last record of a page: the pc has left the page. */
export const OP_PAGE_END = 1;
/** A 32-bit instruction whose second half lies on the next page. */
export const OP_CROSS = 2;
/** A label is being watched here: tell the observer, then run the real instruction. */
export const OP_PROBE = 3;
export const OP_ILLEGAL = 4;
/** A compiled region begins here (JIT): its number is in CODE_SLOT_REGIONS. */
export const OP_REGION = 5;
export const FIRST_INSN_OP = 6;

const numbers = new Map<Insn, number>(instructions.map((row, i) => [row, FIRST_INSN_OP + i]));

export function opOf(row: Insn): number {
  const number = numbers.get(row);
  if (number === undefined) throw new Error(`instruction ${row.name} is not in the table`);
  return number;
}
