/** One record per instruction; everything else (decoder, engines, disassembler, assembler, random programs) reads these. */
import { X_OF_F } from '../hart/layout.js';
import type { LatencyClass } from '../timing/latency-class.js';
import type { Semantics } from './semantics.js';

/** Where the operands are in the 32 bits, and how the assembly text is written. */
export type Format =
  | 'R' // rd, rs1, rs2
  | 'unary' // rd, rs1
  | 'I' // rd, rs1, imm
  | 'load' // rd, imm(rs1)
  | 'shift6' // rd, rs1, shamt 0..63
  | 'shift5' // rd, rs1, shamt 0..31
  | 'S' // rs2, imm(rs1)
  | 'B' // rs1, rs2, target
  | 'U' // rd, imm20
  | 'J' // rd, target
  | 'jalr' // rd, imm(rs1)
  | 'amo' // rd, rs2, (rs1)
  | 'lr' // rd, (rs1)
  | 'csr' // rd, csr, rs1
  | 'csri' // rd, csr, uimm5
  | 'fence' // pred, succ
  | 'none' // no operands
  | 'rs1-rs2' // rs1, rs2 (fences)
  | 'hlv' // rd, (rs1)
  | 'hsv' // rs2, (rs1)
  | 'rd' // rd only
  | 'rs2' // rs2 only
  | 'f-load' // fd, imm(rs1)
  | 'f-store' // fs2, imm(rs1)
  | 'f-r' // fd, fs1, fs2 [, rm]
  | 'f-r4' // fd, fs1, fs2, fs3 [, rm]
  | 'f-unary' // fd, fs1 [, rm]
  | 'f-compare' // rd, fs1, fs2
  | 'f-to-x' // rd, fs1 [, rm]
  | 'x-to-f'; // fd, rs1 [, rm]

export interface Insn {
  readonly name: string;
  readonly format: Format;
  /** Bits that identify the instruction and the value they have. */
  readonly mask: number;
  readonly match: number;
  /** Extension as in the ISA string: i, m, a, zicsr, zifencei, zba, s (privileged), h, dvext ... */
  readonly extension: string;
  readonly latency: LatencyClass;
  /** Fixed "immediate" of instructions that encode an access kind or register in their opcode. */
  readonly fixedImm?: number;
  readonly semantics: <V>(x: Semantics<V>) => void;
}

/** Field positions fixed by the base encodings (Unprivileged ISA 2.2). */
export const OPCODE = 0x7f;
export const FUNCT3 = 0x7000;
export const FUNCT7 = 0xfe000000;
export const RD_FIELD = 0xf80;
export const RS1_FIELD = 0xf8000;
export const RS2_FIELD = 0x1f00000;

export const opcode = {
  LOAD: 0x03,
  MISC_MEM: 0x0f,
  OP_IMM: 0x13,
  AUIPC: 0x17,
  OP_IMM_32: 0x1b,
  STORE: 0x23,
  AMO: 0x2f,
  OP: 0x33,
  LUI: 0x37,
  OP_32: 0x3b,
  BRANCH: 0x63,
  JALR: 0x67,
  JAL: 0x6f,
  SYSTEM: 0x73,
  /** OP-VE: the 0x77 words of DV-ext (dv-ext.md 2.5). */
  OP_VE: 0x77,
  LOAD_FP: 0x07,
  STORE_FP: 0x27,
  OP_FP: 0x53,
} as const;

/** A register field: of the integer file, of the floating-point file, or none. */
export type RegisterField = 'x' | 'f' | false;

export interface RegisterUse {
  readonly rd: RegisterField;
  readonly rs1: RegisterField;
  readonly rs2: RegisterField;
  /** Bits 31:27, fused multiply-add only. */
  readonly rs3?: 'f';
}

/** Which register fields a format uses. CSR immediates sit in the rs1 field but name no register. */
export const registerUse: Readonly<Record<Format, RegisterUse>> = {
  R: { rd: 'x', rs1: 'x', rs2: 'x' },
  unary: { rd: 'x', rs1: 'x', rs2: false },
  I: { rd: 'x', rs1: 'x', rs2: false },
  load: { rd: 'x', rs1: 'x', rs2: false },
  shift6: { rd: 'x', rs1: 'x', rs2: false },
  shift5: { rd: 'x', rs1: 'x', rs2: false },
  S: { rd: false, rs1: 'x', rs2: 'x' },
  B: { rd: false, rs1: 'x', rs2: 'x' },
  U: { rd: 'x', rs1: false, rs2: false },
  J: { rd: 'x', rs1: false, rs2: false },
  jalr: { rd: 'x', rs1: 'x', rs2: false },
  amo: { rd: 'x', rs1: 'x', rs2: 'x' },
  lr: { rd: 'x', rs1: 'x', rs2: false },
  csr: { rd: 'x', rs1: 'x', rs2: false },
  csri: { rd: 'x', rs1: false, rs2: false },
  fence: { rd: false, rs1: false, rs2: false },
  none: { rd: false, rs1: false, rs2: false },
  'rs1-rs2': { rd: false, rs1: 'x', rs2: 'x' },
  hlv: { rd: 'x', rs1: 'x', rs2: false },
  hsv: { rd: false, rs1: 'x', rs2: 'x' },
  rd: { rd: 'x', rs1: false, rs2: false },
  rs2: { rd: false, rs1: false, rs2: 'x' },
  'f-load': { rd: 'f', rs1: 'x', rs2: false },
  'f-store': { rd: false, rs1: 'x', rs2: 'f' },
  'f-r': { rd: 'f', rs1: 'f', rs2: 'f' },
  'f-r4': { rd: 'f', rs1: 'f', rs2: 'f', rs3: 'f' },
  'f-unary': { rd: 'f', rs1: 'f', rs2: false },
  'f-compare': { rd: 'x', rs1: 'f', rs2: 'f' },
  'f-to-x': { rd: 'x', rs1: 'f', rs2: false },
  'x-to-f': { rd: 'f', rs1: 'x', rs2: false },
};

/** One numbering for both files, by which engines address registers and the pipeline tells them apart: f0 is X_OF_F. */
export function registerIndex(field: RegisterField, number: number): number {
  return field === 'f' ? X_OF_F + number : number;
}

/** Has the instruction a rounding-mode field? */
export function hasRoundingMode(row: Pick<Insn, 'format' | 'mask'>): boolean {
  return roundingFormats.has(row.format) && (row.mask & FUNCT3) === 0;
}
const roundingFormats: ReadonlySet<Format> = new Set(['f-r', 'f-r4', 'f-unary', 'f-to-x', 'x-to-f']);

export interface Encoding {
  readonly format: Format;
  readonly mask: number;
  readonly match: number;
}

const fixed = (format: Format, mask: number, match: number): Encoding => ({
  format,
  mask: mask >>> 0,
  match: match >>> 0,
});

/** rd, rs1, rs2 by opcode, funct3 and funct7. */
export const R = (op: number, f3: number, f7: number): Encoding =>
  fixed('R', OPCODE | FUNCT3 | FUNCT7, op | (f3 << 12) | (f7 << 25));
export const I = (op: number, f3: number): Encoding => fixed('I', OPCODE | FUNCT3, op | (f3 << 12));
export const Load = (f3: number): Encoding => fixed('load', OPCODE | FUNCT3, opcode.LOAD | (f3 << 12));
/** 64-bit shift: six bits of shift amount, funct6 above it. */
export const Shift6 = (f3: number, f6: number, op: number = opcode.OP_IMM): Encoding =>
  fixed('shift6', OPCODE | FUNCT3 | 0xfc000000, op | (f3 << 12) | (f6 << 26));
export const Shift5 = (f3: number, f7: number): Encoding =>
  fixed('shift5', OPCODE | FUNCT3 | FUNCT7, opcode.OP_IMM_32 | (f3 << 12) | (f7 << 25));
/** One source: the rs2 field selects the operation. */
export const Unary = (op: number, f3: number, f7: number, rs2: number): Encoding =>
  fixed('unary', OPCODE | FUNCT3 | FUNCT7 | RS2_FIELD, op | (f3 << 12) | (f7 << 25) | (rs2 << 20));
export const S = (f3: number): Encoding => fixed('S', OPCODE | FUNCT3, opcode.STORE | (f3 << 12));
export const B = (f3: number): Encoding => fixed('B', OPCODE | FUNCT3, opcode.BRANCH | (f3 << 12));
export const U = (op: number): Encoding => fixed('U', OPCODE, op);
export const J = (op: number): Encoding => fixed('J', OPCODE, op);
export const Jalr = (): Encoding => fixed('jalr', OPCODE | FUNCT3, opcode.JALR);
/** funct5 in bits 31:27; aq and rl are free. */
export const Amo = (f3: number, f5: number): Encoding =>
  fixed('amo', OPCODE | FUNCT3 | 0xf8000000, opcode.AMO | (f3 << 12) | (f5 << 27));
export const Lr = (f3: number): Encoding =>
  fixed('lr', OPCODE | FUNCT3 | 0xf8000000 | RS2_FIELD, opcode.AMO | (f3 << 12) | (0b00010 << 27));
export const Csr = (f3: number): Encoding => fixed('csr', OPCODE | FUNCT3, opcode.SYSTEM | (f3 << 12));
export const Csri = (f3: number): Encoding => fixed('csri', OPCODE | FUNCT3, opcode.SYSTEM | (f3 << 12));
/** An instruction without operands: all 32 bits fixed. */
export const Word = (word: number): Encoding => fixed('none', 0xffffffff, word);
/** SYSTEM with rd = 0 and two source registers: the fences. */
export const FenceVma = (f7: number): Encoding =>
  fixed('rs1-rs2', OPCODE | FUNCT3 | FUNCT7 | RD_FIELD, opcode.SYSTEM | (f7 << 25));
/** HLV/HLVX: funct3 100, the rs2 field selects the variant. */
export const Hlv = (f7: number, rs2: number): Encoding =>
  fixed('hlv', OPCODE | FUNCT3 | FUNCT7 | RS2_FIELD, opcode.SYSTEM | (4 << 12) | (rs2 << 20) | (f7 << 25));
export const Hsv = (f7: number): Encoding =>
  fixed('hsv', OPCODE | FUNCT3 | FUNCT7 | RD_FIELD, opcode.SYSTEM | (4 << 12) | (f7 << 25));

export const FLoad = (f3: number): Encoding => fixed('f-load', OPCODE | FUNCT3, opcode.LOAD_FP | (f3 << 12));
export const FStore = (f3: number): Encoding => fixed('f-store', OPCODE | FUNCT3, opcode.STORE_FP | (f3 << 12));
/** OP-FP by funct7 (format included); without `f3` that field is the rounding mode. */
const opFp = (format: Format, f7: number, rs2: number | undefined, f3: number | undefined): Encoding =>
  fixed(
    format,
    OPCODE | FUNCT7 | (rs2 === undefined ? 0 : RS2_FIELD) | (f3 === undefined ? 0 : FUNCT3),
    opcode.OP_FP | (f7 << 25) | ((rs2 ?? 0) << 20) | ((f3 ?? 0) << 12),
  );
export const FR = (f7: number, f3?: number): Encoding => opFp('f-r', f7, undefined, f3);
export const FCompare = (f7: number, f3: number): Encoding => opFp('f-compare', f7, undefined, f3);
export const FUnary = (f7: number, rs2: number): Encoding => opFp('f-unary', f7, rs2, undefined);
export const FToX = (f7: number, rs2: number, f3?: number): Encoding => opFp('f-to-x', f7, rs2, f3);
export const XToF = (f7: number, rs2: number, f3?: number): Encoding => opFp('x-to-f', f7, rs2, f3);
/** Fused multiply-add: rs3 above the format. */
export const FR4 = (op: number, format: number): Encoding => fixed('f-r4', OPCODE | (3 << 25), op | (format << 25));

export interface Options {
  readonly extension: string;
  readonly latency: LatencyClass;
  readonly fixedImm?: number;
}

/** A row of the table. */
export function insn(
  name: string,
  encoding: Encoding,
  options: Options,
  semantics: <V>(x: Semantics<V>) => void,
): Insn {
  return {
    name,
    format: encoding.format,
    mask: encoding.mask,
    match: encoding.match,
    extension: options.extension,
    latency: options.latency,
    ...(options.fixedImm === undefined ? {} : { fixedImm: options.fixedImm }),
    semantics,
  };
}
