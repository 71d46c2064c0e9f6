/**
 * C: compressed instructions (Unprivileged ISA, "C" Extension, RV64C with D: the encodings of C.FLW are those of C.LD). A row expands to the 32-bit
 * instruction it stands for, so semantics are never stated twice.
 */
import { encode, type Operands } from './encode.js';
import type { Insn } from './insn.js';
import { insnByName } from './table.js';

export interface CompressedInsn {
  readonly name: string;
  readonly mask: number;
  readonly match: number;
  /** False for reserved encodings inside mask/match. */
  readonly valid: (bits: number) => boolean;
  readonly insn: Insn;
  readonly operands: (bits: number) => Operands;
}

const bit = (bits: number, from: number): number => (bits >> from) & 1;
const field = (bits: number, high: number, low: number): number => (bits >> low) & ((1 << (high - low + 1)) - 1);
/** Full register fields. */
const rdFull = (b: number): number => field(b, 11, 7);
const rs2Full = (b: number): number => field(b, 6, 2);
/** Three-bit register fields name x8..x15. */
const rdLow = (b: number): number => 8 + field(b, 4, 2);
const rs1Low = (b: number): number => 8 + field(b, 9, 7);

/** imm[5|4:0] of CI. */
const imm6 = (b: number): number => (bit(b, 12) ? -32 : 0) | field(b, 6, 2) | 0;
const shamt6 = (b: number): number => (bit(b, 12) << 5) | field(b, 6, 2);
const immLw = (b: number): number => (bit(b, 5) << 6) | (field(b, 12, 10) << 3) | (bit(b, 6) << 2);
const immLd = (b: number): number => (field(b, 6, 5) << 6) | (field(b, 12, 10) << 3);
const immLwsp = (b: number): number => (field(b, 3, 2) << 6) | (bit(b, 12) << 5) | (field(b, 6, 4) << 2);
const immLdsp = (b: number): number => (field(b, 4, 2) << 6) | (bit(b, 12) << 5) | (field(b, 6, 5) << 3);
const immSwsp = (b: number): number => (field(b, 8, 7) << 6) | (field(b, 12, 9) << 2);
const immSdsp = (b: number): number => (field(b, 9, 7) << 6) | (field(b, 12, 10) << 3);
const immAddi4spn = (b: number): number =>
  (field(b, 10, 7) << 6) | (field(b, 12, 11) << 4) | (bit(b, 5) << 3) | (bit(b, 6) << 2);
const immAddi16sp = (b: number): number =>
  (bit(b, 12) ? -512 : 0) | (field(b, 4, 3) << 7) | (bit(b, 5) << 6) | (bit(b, 2) << 5) | (bit(b, 6) << 4);
const immJ = (b: number): number =>
  (bit(b, 12) ? -2048 : 0) |
  (bit(b, 8) << 10) |
  (field(b, 10, 9) << 8) |
  (bit(b, 6) << 7) |
  (bit(b, 7) << 6) |
  (bit(b, 2) << 5) |
  (bit(b, 11) << 4) |
  (field(b, 5, 3) << 1);
const immB = (b: number): number =>
  (bit(b, 12) ? -256 : 0) | (field(b, 6, 5) << 6) | (bit(b, 2) << 5) | (field(b, 11, 10) << 3) | (field(b, 4, 3) << 1);

const FUNCT3_OP = 0xe003;
const always = (): boolean => true;

function row(
  name: string,
  mask: number,
  match: number,
  expandsTo: string,
  operands: (bits: number) => Operands,
  valid: (bits: number) => boolean = always,
): CompressedInsn {
  const insn = insnByName(expandsTo);
  if (insn === undefined) throw new Error(`rv-c: ${name} expands to unknown instruction ${expandsTo}`);
  return { name, mask, match, valid, insn, operands };
}

const SP = 2;

export const rvC: readonly CompressedInsn[] = [
  // Quadrant 0
  row(
    'c.addi4spn',
    FUNCT3_OP,
    0x0000,
    'addi',
    (b) => ({ rd: rdLow(b), rs1: SP, imm: immAddi4spn(b) }),
    (b) => immAddi4spn(b) !== 0,
  ),
  row('c.fld', FUNCT3_OP, 0x2000, 'fld', (b) => ({ rd: rdLow(b), rs1: rs1Low(b), imm: immLd(b) })),
  row('c.lw', FUNCT3_OP, 0x4000, 'lw', (b) => ({ rd: rdLow(b), rs1: rs1Low(b), imm: immLw(b) })),
  row('c.ld', FUNCT3_OP, 0x6000, 'ld', (b) => ({ rd: rdLow(b), rs1: rs1Low(b), imm: immLd(b) })),
  row('c.fsd', FUNCT3_OP, 0xa000, 'fsd', (b) => ({ rs2: rdLow(b), rs1: rs1Low(b), imm: immLd(b) })),
  row('c.sw', FUNCT3_OP, 0xc000, 'sw', (b) => ({ rs2: rdLow(b), rs1: rs1Low(b), imm: immLw(b) })),
  row('c.sd', FUNCT3_OP, 0xe000, 'sd', (b) => ({ rs2: rdLow(b), rs1: rs1Low(b), imm: immLd(b) })),

  // Quadrant 1
  row('c.addi', FUNCT3_OP, 0x0001, 'addi', (b) => ({ rd: rdFull(b), rs1: rdFull(b), imm: imm6(b) })),
  row(
    'c.addiw',
    FUNCT3_OP,
    0x2001,
    'addiw',
    (b) => ({ rd: rdFull(b), rs1: rdFull(b), imm: imm6(b) }),
    (b) => rdFull(b) !== 0,
  ),
  row('c.li', FUNCT3_OP, 0x4001, 'addi', (b) => ({ rd: rdFull(b), rs1: 0, imm: imm6(b) })),
  row(
    'c.addi16sp',
    FUNCT3_OP | 0xf80,
    0x6101,
    'addi',
    (b) => ({ rd: SP, rs1: SP, imm: immAddi16sp(b) }),
    (b) => immAddi16sp(b) !== 0,
  ),
  row(
    'c.lui',
    FUNCT3_OP,
    0x6001,
    'lui',
    (b) => ({ rd: rdFull(b), imm: imm6(b) << 12 }),
    (b) => rdFull(b) !== SP && imm6(b) !== 0,
  ),
  row('c.srli', FUNCT3_OP | 0xc00, 0x8001, 'srli', (b) => ({ rd: rs1Low(b), rs1: rs1Low(b), imm: shamt6(b) })),
  row('c.srai', FUNCT3_OP | 0xc00, 0x8401, 'srai', (b) => ({ rd: rs1Low(b), rs1: rs1Low(b), imm: shamt6(b) })),
  row('c.andi', FUNCT3_OP | 0xc00, 0x8801, 'andi', (b) => ({ rd: rs1Low(b), rs1: rs1Low(b), imm: imm6(b) })),
  ...(
    [
      ['c.sub', 0x8c01, 'sub'],
      ['c.xor', 0x8c21, 'xor'],
      ['c.or', 0x8c41, 'or'],
      ['c.and', 0x8c61, 'and'],
      ['c.subw', 0x9c01, 'subw'],
      ['c.addw', 0x9c21, 'addw'],
    ] as const
  ).map(([name, match, to]) => row(name, 0xfc63, match, to, (b) => ({ rd: rs1Low(b), rs1: rs1Low(b), rs2: rdLow(b) }))),
  row('c.j', FUNCT3_OP, 0xa001, 'jal', (b) => ({ rd: 0, imm: immJ(b) })),
  row('c.beqz', FUNCT3_OP, 0xc001, 'beq', (b) => ({ rs1: rs1Low(b), rs2: 0, imm: immB(b) })),
  row('c.bnez', FUNCT3_OP, 0xe001, 'bne', (b) => ({ rs1: rs1Low(b), rs2: 0, imm: immB(b) })),

  // Quadrant 2
  row('c.slli', FUNCT3_OP, 0x0002, 'slli', (b) => ({ rd: rdFull(b), rs1: rdFull(b), imm: shamt6(b) })),
  row('c.fldsp', FUNCT3_OP, 0x2002, 'fld', (b) => ({ rd: rdFull(b), rs1: SP, imm: immLdsp(b) })),
  row(
    'c.lwsp',
    FUNCT3_OP,
    0x4002,
    'lw',
    (b) => ({ rd: rdFull(b), rs1: SP, imm: immLwsp(b) }),
    (b) => rdFull(b) !== 0,
  ),
  row(
    'c.ldsp',
    FUNCT3_OP,
    0x6002,
    'ld',
    (b) => ({ rd: rdFull(b), rs1: SP, imm: immLdsp(b) }),
    (b) => rdFull(b) !== 0,
  ),
  row(
    'c.jr',
    0xf07f,
    0x8002,
    'jalr',
    (b) => ({ rd: 0, rs1: rdFull(b), imm: 0 }),
    (b) => rdFull(b) !== 0,
  ),
  row(
    'c.mv',
    0xf003,
    0x8002,
    'add',
    (b) => ({ rd: rdFull(b), rs1: 0, rs2: rs2Full(b) }),
    (b) => rs2Full(b) !== 0,
  ),
  row('c.ebreak', 0xffff, 0x9002, 'ebreak', () => ({})),
  row(
    'c.jalr',
    0xf07f,
    0x9002,
    'jalr',
    (b) => ({ rd: 1, rs1: rdFull(b), imm: 0 }),
    (b) => rdFull(b) !== 0,
  ),
  row(
    'c.add',
    0xf003,
    0x9002,
    'add',
    (b) => ({ rd: rdFull(b), rs1: rdFull(b), rs2: rs2Full(b) }),
    (b) => rs2Full(b) !== 0,
  ),
  row('c.fsdsp', FUNCT3_OP, 0xa002, 'fsd', (b) => ({ rs2: rs2Full(b), rs1: SP, imm: immSdsp(b) })),
  row('c.swsp', FUNCT3_OP, 0xc002, 'sw', (b) => ({ rs2: rs2Full(b), rs1: SP, imm: immSwsp(b) })),
  row('c.sdsp', FUNCT3_OP, 0xe002, 'sd', (b) => ({ rs2: rs2Full(b), rs1: SP, imm: immSdsp(b) })),
];

/** The 32-bit encoding that a compressed instruction stands for. */
export function expand(compressed: CompressedInsn, bits: number): number {
  return encode(compressed.insn, compressed.operands(bits));
}
