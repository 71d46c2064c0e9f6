/** H: hypervisor instructions (Privileged ISA 8.3). */
import { ACCESS_UNSIGNED } from '../hart/layout.js';
import { FenceVma, Hlv, Hsv, insn, type Insn } from './insn.js';
import * as ops from './sysops.js';

/** Which encodings: those of H, or those of DV-ext with bit 31 set (dv-ext.md 7). */
interface Spelling {
  readonly extension: 'h' | 'dvext';
  readonly prefix: string;
  readonly highBit: number;
  readonly load: number;
  readonly loadExecute: number;
  readonly store: number;
}

const BYTE = 0;
const HALF = 1;
const WORD = 2;
const DOUBLE = 3;

/** The guest-memory accesses of one spelling; the access kind travels in the immediate. */
export function guestMemoryAccesses(s: Spelling): Insn[] {
  const f7 = (low: number): number => s.highBit | low;
  const load = (name: string, low: number, rs2: number, kind: number): Insn =>
    insn(`h${s.prefix}lv.${name}`, Hlv(f7(low), rs2), { extension: s.extension, latency: 'hlv', fixedImm: kind }, (x) =>
      x.system(s.load),
    );
  const loadExecute = (name: string, low: number, kind: number): Insn =>
    insn(`h${s.prefix}lvx.${name}`, Hlv(f7(low), 3), { extension: s.extension, latency: 'hlv', fixedImm: kind }, (x) =>
      x.system(s.loadExecute),
    );
  const store = (name: string, low: number, kind: number): Insn =>
    insn(`h${s.prefix}sv.${name}`, Hsv(f7(low)), { extension: s.extension, latency: 'hsv', fixedImm: kind }, (x) =>
      x.system(s.store),
    );
  return [
    load('b', 0b0110000, 0, BYTE),
    load('bu', 0b0110000, 1, BYTE | ACCESS_UNSIGNED),
    load('h', 0b0110010, 0, HALF),
    load('hu', 0b0110010, 1, HALF | ACCESS_UNSIGNED),
    loadExecute('hu', 0b0110010, HALF | ACCESS_UNSIGNED),
    load('w', 0b0110100, 0, WORD),
    load('wu', 0b0110100, 1, WORD | ACCESS_UNSIGNED),
    loadExecute('wu', 0b0110100, WORD | ACCESS_UNSIGNED),
    load('d', 0b0110110, 0, DOUBLE),
    store('b', 0b0110001, BYTE),
    store('h', 0b0110011, HALF),
    store('w', 0b0110101, WORD),
    store('d', 0b0110111, DOUBLE),
  ];
}

export const rvH: readonly Insn[] = [
  insn('hfence.vvma', FenceVma(0b0010001), { extension: 'h', latency: 'sfence' }, (x) => x.system(ops.SYS_HFENCE_VVMA)),
  insn('hfence.gvma', FenceVma(0b0110001), { extension: 'h', latency: 'sfence' }, (x) => x.system(ops.SYS_HFENCE_GVMA)),
  ...guestMemoryAccesses({
    extension: 'h',
    prefix: '',
    highBit: 0,
    load: ops.SYS_HLV,
    loadExecute: ops.SYS_HLVX,
    store: ops.SYS_HSV,
  }),
];
