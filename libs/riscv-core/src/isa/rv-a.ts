/** A: atomics (Unprivileged ISA, "A" Extension). Harts run in turns, so aq and rl matter only to the cycle model. */
import { Amo, Lr, insn, type Insn } from './insn.js';
import * as ops from './sysops.js';

const amo = { extension: 'a', latency: 'amo' } as const;

const operations: readonly { name: string; funct5: number; op: number }[] = [
  { name: 'amoswap', funct5: 0b00001, op: ops.AMO_SWAP },
  { name: 'amoadd', funct5: 0b00000, op: ops.AMO_ADD },
  { name: 'amoxor', funct5: 0b00100, op: ops.AMO_XOR },
  { name: 'amoand', funct5: 0b01100, op: ops.AMO_AND },
  { name: 'amoor', funct5: 0b01000, op: ops.AMO_OR },
  { name: 'amomin', funct5: 0b10000, op: ops.AMO_MIN },
  { name: 'amomax', funct5: 0b10100, op: ops.AMO_MAX },
  { name: 'amominu', funct5: 0b11000, op: ops.AMO_MINU },
  { name: 'amomaxu', funct5: 0b11100, op: ops.AMO_MAXU },
];

const widths: readonly { suffix: string; funct3: number; kind: number }[] = [
  { suffix: '.w', funct3: 0b010, kind: 2 },
  { suffix: '.d', funct3: 0b011, kind: 3 },
];

export const rvA: readonly Insn[] = widths.flatMap(({ suffix, funct3, kind }) => [
  insn(`lr${suffix}`, Lr(funct3), amo, (x) => x.setRd(x.loadReserved(kind, x.rs1()))),
  insn(`sc${suffix}`, Amo(funct3, 0b00011), { extension: 'a', latency: 'sc' }, (x) =>
    x.setRd(x.storeConditional(kind, x.rs1(), x.rs2())),
  ),
  ...operations.map(({ name, funct5, op }) =>
    insn(name + suffix, Amo(funct3, funct5), amo, (x) => x.setRd(x.amo(op, kind, x.rs1(), x.rs2()))),
  ),
]);
