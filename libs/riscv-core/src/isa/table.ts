/** The instruction table: every extension's rows. */
import { dvExt } from './dv-ext.js';
import type { Insn } from './insn.js';
import { rvA } from './rv-a.js';
import { rvFD } from './rv-fd.js';
import { rvH } from './rv-h.js';
import { rvI } from './rv-i.js';
import { rvM } from './rv-m.js';
import { rvPriv } from './rv-priv.js';
import { rvSvinval } from './rv-svinval.js';
import { rvZb } from './rv-zb.js';
import { rvZicsr } from './rv-zicsr.js';

export const instructions: readonly Insn[] = [
  ...rvI,
  ...rvM,
  ...rvA,
  ...rvFD,
  ...rvZb,
  ...rvZicsr,
  ...rvPriv,
  ...rvH,
  ...rvSvinval,
  ...dvExt,
];

const byName = new Map(instructions.map((row) => [row.name, row]));

export function insnByName(name: string): Insn | undefined {
  return byName.get(name);
}
