/** Placing operands into the base encodings (Unprivileged ISA 2.2, 2.3). Immediates are plain signed numbers. */
import { hasRoundingMode, type Insn } from './insn.js';

export interface Operands {
  readonly rd?: number;
  readonly rs1?: number;
  readonly rs2?: number;
  readonly imm?: number;
  /** CSR number (formats csr, csri). */
  readonly csr?: number;
  /** aq and rl of atomics: bit 1 and bit 0. */
  readonly order?: number;
  /** Third source of fused multiply-add. */
  readonly rs3?: number;
  /** Rounding mode field of floating point; 7 = that of fcsr. */
  readonly rm?: number;
}

function immB(imm: number): number {
  return (((imm >> 12) & 1) << 31) | (((imm >> 5) & 0x3f) << 25) | (((imm >> 1) & 0xf) << 8) | (((imm >> 11) & 1) << 7);
}

function immJ(imm: number): number {
  return (
    (((imm >> 20) & 1) << 31) | (((imm >> 1) & 0x3ff) << 21) | (((imm >> 11) & 1) << 20) | (((imm >> 12) & 0xff) << 12)
  );
}

/** The 32-bit encoding of `row` with these operands. Fields the row fixes are left as the row has them. */
export function encode(row: Insn, operands: Operands): number {
  const { rd = 0, rs1 = 0, rs2 = 0, imm = 0, csr = 0, order = 0, rs3 = 0, rm = 7 } = operands;
  const RD = rd << 7;
  const RS1 = rs1 << 15;
  const RS2 = rs2 << 20;
  let bits: number;
  switch (row.format) {
    case 'R':
      bits = RD | RS1 | RS2;
      break;
    case 'I':
    case 'load':
    case 'f-load':
    case 'jalr':
      bits = RD | RS1 | ((imm & 0xfff) << 20);
      break;
    case 'shift6':
      bits = RD | RS1 | ((imm & 0x3f) << 20);
      break;
    case 'shift5':
      bits = RD | RS1 | ((imm & 0x1f) << 20);
      break;
    case 'S':
    case 'f-store':
      bits = RS1 | RS2 | (((imm >> 5) & 0x7f) << 25) | ((imm & 0x1f) << 7);
      break;
    case 'B':
      bits = RS1 | RS2 | immB(imm);
      break;
    case 'U':
      bits = RD | (imm & 0xfffff000);
      break;
    case 'J':
      bits = RD | immJ(imm);
      break;
    case 'amo':
      bits = RD | RS1 | RS2 | (order << 25);
      break;
    case 'lr':
      bits = RD | RS1 | (order << 25);
      break;
    case 'csr':
    case 'csri':
      bits = RD | RS1 | (csr << 20);
      break;
    case 'fence':
      bits = (imm & 0xfff) << 20;
      break;
    case 'none':
      bits = 0;
      break;
    case 'rs1-rs2':
      bits = RS1 | RS2;
      break;
    case 'hlv':
    case 'unary':
      bits = RD | RS1;
      break;
    case 'hsv':
      bits = RS1 | RS2;
      break;
    case 'rd':
      bits = RD;
      break;
    case 'rs2':
      bits = RS2;
      break;
    case 'f-r':
    case 'f-compare':
      bits = RD | RS1 | RS2;
      break;
    case 'f-r4':
      bits = RD | RS1 | RS2 | (rs3 << 27);
      break;
    case 'f-unary':
    case 'f-to-x':
    case 'x-to-f':
      bits = RD | RS1;
      break;
  }
  if (hasRoundingMode(row)) bits |= rm << 12;
  return (bits | row.match) >>> 0;
}

/** The immediate of a 32-bit encoding, sign-extended; 0 for formats without one. */
export function immediate(row: Insn, bits: number): number {
  if (row.fixedImm !== undefined) return row.fixedImm;
  switch (row.format) {
    case 'I':
    case 'load':
    case 'f-load':
    case 'jalr':
      return bits >> 20;
    case 'shift6':
      return (bits >> 20) & 0x3f;
    case 'shift5':
      return (bits >> 20) & 0x1f;
    case 'S':
    case 'f-store':
      return ((bits >> 25) << 5) | ((bits >> 7) & 0x1f);
    case 'B':
      return (
        ((bits >> 31) << 12) | (((bits >> 7) & 1) << 11) | (((bits >> 25) & 0x3f) << 5) | (((bits >> 8) & 0xf) << 1)
      );
    case 'U':
      return bits & 0xfffff000;
    case 'J':
      return (
        ((bits >> 31) << 20) |
        (((bits >> 12) & 0xff) << 12) |
        (((bits >> 20) & 1) << 11) |
        (((bits >> 21) & 0x3ff) << 1)
      );
    case 'csr':
    case 'csri':
      return bits >>> 20;
    case 'fence':
      return bits >>> 20;
    case 'R':
    case 'unary':
    case 'amo':
    case 'lr':
    case 'none':
    case 'rs1-rs2':
    case 'hlv':
    case 'hsv':
    case 'rd':
    case 'rs2':
    case 'f-r':
    case 'f-r4':
    case 'f-unary':
    case 'f-compare':
    case 'f-to-x':
    case 'x-to-f':
      return 0;
  }
}
