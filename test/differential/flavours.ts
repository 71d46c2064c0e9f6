/** The kinds of random programs that the engines are compared on. */
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';

import { parseIsa } from '../../libs/riscv-core/src/machine/isa-string.js';

/** What a kind of random program is made of. */
export interface Flavour {
  readonly name: string;
  readonly options: MachineOptions;
  /** Instructions of opcode SYSTEM, CSRs, traps into other modes. */
  readonly privileged: boolean;
  /** V=1, two-stage translation, the H extension. */
  readonly guests: boolean;
  readonly dvext: boolean;
  /** Instructions between two stops at most, 60 if it says nothing: a stop ends the turn. */
  readonly step?: number;
  /** Page tables of four levels beside those of three: the machine has Sv48. */
  readonly fourLevels?: boolean;
  /**
   * The program can also run on QEMU: every trap writes registers to a log that the program sends to its UART at the end,
   * and what QEMU does otherwise is left out (qemu-deviations.ts).
   */
  readonly onQemu?: boolean;
}

const ALL = 'rv64gchb_sstc_svadu_svinval';
export const FOUR_LEVELS = { 'mmu.levels': 4 } as const;

export const flavours: readonly Flavour[] = [
  { name: 'unprivileged', options: { isa: 'rv64gc' }, privileged: false, guests: false, dvext: false },
  { name: 'machine, supervisor, user', options: { isa: 'rv64gc' }, privileged: true, guests: false, dvext: false },
  { name: 'misaligned accesses trap', options: { misaligned: 'trap' }, privileged: true, guests: false, dvext: false },
  { name: 'guests', options: {}, privileged: true, guests: true, dvext: false },
  { name: 'dv-ext rocket', options: { dvext: 'rocket' }, privileged: true, guests: true, dvext: true },
  { name: 'dv-ext strict', options: { dvext: 'strict' }, privileged: true, guests: true, dvext: true },
  { name: 'firesim', options: { machine: 'firesim', timing: 'none' }, privileged: true, guests: true, dvext: true },
  { name: 'dv-ext qemu', options: { dvext: 'qemu' }, privileged: true, guests: true, dvext: true },
  { name: 'bit manipulation', options: { isa: 'rv64gcb' }, privileged: false, guests: false, dvext: false },
  {
    name: 'all extensions',
    options: { isa: ALL, set: FOUR_LEVELS },
    privileged: true,
    guests: true,
    dvext: false,
    fourLevels: true,
  },
  {
    name: 'all extensions, cycle model',
    options: { isa: ALL, timing: 'rocket', set: FOUR_LEVELS },
    privileged: true,
    guests: true,
    dvext: false,
    fourLevels: true,
  },
  { name: 'cycle model, unprivileged', options: { timing: 'rocket' }, privileged: false, guests: false, dvext: false },
  { name: 'cycle model, guests', options: { timing: 'rocket' }, privileged: true, guests: true, dvext: false },
  { name: 'cycle model, firesim', options: { machine: 'firesim' }, privileged: true, guests: true, dvext: true },
  {
    name: 'cycle model, exact TLBs',
    options: { machine: 'firesim', set: { 'tlb.exact': 1, 'tlb.sectors': 3, 'tlb.superpages': 2 } },
    privileged: true,
    guests: true,
    dvext: true,
  },
  { name: 'two harts', options: { harts: 2, quantum: 25 }, privileged: true, guests: true, dvext: false },
  {
    name: 'two harts, cycle model',
    options: { machine: 'firesim', harts: 2, quantum: 100 },
    privileged: true,
    guests: true,
    dvext: true,
  },
  {
    name: 'three harts, cycle model, long turns',
    options: { machine: 'firesim', harts: 3, quantum: 8000 },
    step: 1500,
    privileged: true,
    guests: true,
    dvext: true,
  },
  {
    name: 'four unprivileged harts, cycle model, long turns',
    options: { timing: 'rocket', harts: 4, quantum: 1000 },
    step: 1500,
    privileged: false,
    guests: false,
    dvext: false,
  },
];

/** Extensions of more than one letter that the flavour's machine has. */
export function extensionsOf(flavour: Flavour): ReadonlySet<string> {
  return new Set(parseIsa(flavour.options.isa ?? 'rv64gch').named);
}
