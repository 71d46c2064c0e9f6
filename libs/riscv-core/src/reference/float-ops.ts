/** Floating-point instructions on a hart's registers: what surrounds the arithmetic of float.ts. */
import { CSR_FCSR, CSR_MSTATUS, CSR_VSSTATUS } from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import type { DecodedInsn } from '../decode/decoder.js';
import * as O from '../isa/floatops.js';
import { registerIndex, registerUse } from '../isa/insn.js';
import { NAN_BOX, signed, signExtend, wrap } from './bits.js';
import * as A from './float.js';
import { FS } from './mstatus.js';
import type { HartState } from './state.js';
import { illegal } from './trap.js';

/** Illegal instruction while FS is off for the host or, in a guest, for either; `writes`: the state becomes dirty. */
export function floatAccess(hart: HartState, insn: DecodedInsn, writes: boolean): void {
  const off = (slot: number): boolean => (hart.csr(slot) & FS) === 0n;
  if (off(CSR_MSTATUS) || (hart.v && off(CSR_VSSTATUS))) throw illegal(insn);
  if (writes) markDirty(hart);
}

function markDirty(hart: HartState): void {
  hart.setCsr(CSR_MSTATUS, hart.csr(CSR_MSTATUS) | FS);
  if (hart.v) hart.setCsr(CSR_VSSTATUS, hart.csr(CSR_VSSTATUS) | FS);
}

/** `op`: FLOAT_* of isa/floatops.ts. */
export function executeFloat(hart: HartState, insn: DecodedInsn, op: number): void {
  floatAccess(hart, insn, false);
  const { bits, flags } = floatOutcome(hart, insn, op);
  if (flags !== 0) hart.setCsr(CSR_FCSR, hart.csr(CSR_FCSR) | BigInt(flags));
  if (flags !== 0 || (op & O.FLOAT_TO_X) === 0) markDirty(hart);
  const boxed = (op & (O.FLOAT_TO_X | O.FLOAT_DOUBLE)) === 0 ? bits | NAN_BOX : bits;
  const rd = registerIndex(registerUse[insn.insn.format].rd, insn.rd);
  if (rd !== 0) hart.set64(L.X + 8 * rd, boxed);
}

/** What the instruction computes, and the flags it raises, without a change of the hart. A trap where its rounding mode is reserved. */
export function floatOutcome(hart: HartState, insn: DecodedInsn, op: number): A.Outcome {
  return compute(hart, insn, op, roundingMode(hart, insn, op));
}

function roundingMode(hart: HartState, insn: DecodedInsn, op: number): A.Rounding {
  if ((op & O.FLOAT_ROUNDS) === 0) return 0;
  const field = (insn.raw >>> 12) & 7;
  const mode = field === 7 ? Number((hart.csr(CSR_FCSR) >> 5n) & 7n) : field;
  if (mode > 4) throw illegal(insn);
  return mode as A.Rounding;
}

function compute(hart: HartState, insn: DecodedInsn, op: number, rounding: A.Rounding): A.Outcome {
  const isDouble = (op & O.FLOAT_DOUBLE) !== 0;
  const f = isDouble ? A.binary64 : A.binary32;
  const integer = hart.readX(insn.rs1);
  const operand = (number: number, format = f): bigint => {
    const register = hart.get64(L.F + 8 * number);
    if (format === A.binary64) return register;
    return (register & NAN_BOX) === NAN_BOX ? register & ~NAN_BOX : A.canonicalNaN(format);
  };
  const a = (): bigint => operand(insn.rs1);
  const b = (): bigint => operand(insn.rs2);
  const c = (): bigint => operand(insn.raw >>> 27);
  const toInteger = (bits: number, isSigned: boolean): A.Outcome => {
    const lowest = isSigned ? -(1n << BigInt(bits - 1)) : 0n;
    const highest = isSigned ? -lowest - 1n : (1n << BigInt(bits)) - 1n;
    const outcome = A.toInteger(f, rounding, a(), lowest, highest);
    return { ...outcome, bits: signExtend(wrap(outcome.bits) & ((1n << BigInt(bits)) - 1n), bits) };
  };
  switch (op & O.FLOAT_OPERATION) {
    case O.FLOAT_ADD:
      return A.add(f, rounding, a(), b());
    case O.FLOAT_SUB:
      return A.subtract(f, rounding, a(), b());
    case O.FLOAT_MUL:
      return A.multiplyAdd(f, rounding, a(), b(), undefined);
    case O.FLOAT_DIV:
      return A.divide(f, rounding, a(), b());
    case O.FLOAT_SQRT:
      return A.squareRoot(f, rounding, a());
    case O.FLOAT_MADD:
      return A.multiplyAdd(f, rounding, a(), b(), c());
    case O.FLOAT_MSUB:
      return A.multiplyAdd(f, rounding, a(), b(), c(), false, true);
    case O.FLOAT_NMSUB:
      return A.multiplyAdd(f, rounding, a(), b(), c(), true, false);
    case O.FLOAT_NMADD:
      return A.multiplyAdd(f, rounding, a(), b(), c(), true, true);
    case O.FLOAT_MIN:
      return A.extremum(f, a(), b(), false);
    case O.FLOAT_MAX:
      return A.extremum(f, a(), b(), true);
    case O.FLOAT_EQ:
      return A.comparison(f, a(), b(), 'eq');
    case O.FLOAT_LT:
      return A.comparison(f, a(), b(), 'lt');
    case O.FLOAT_LE:
      return A.comparison(f, a(), b(), 'le');
    case O.FLOAT_CLASS:
      return { bits: A.classify(f, a()), flags: 0 };
    case O.FLOAT_TO_W:
      return toInteger(32, true);
    case O.FLOAT_TO_WU:
      return toInteger(32, false);
    case O.FLOAT_TO_L:
      return toInteger(64, true);
    case O.FLOAT_TO_LU:
      return toInteger(64, false);
    case O.FLOAT_FROM_W:
      return A.fromInteger(f, rounding, BigInt.asIntN(32, integer));
    case O.FLOAT_FROM_WU:
      return A.fromInteger(f, rounding, BigInt.asUintN(32, integer));
    case O.FLOAT_FROM_L:
      return A.fromInteger(f, rounding, signed(integer));
    case O.FLOAT_FROM_LU:
      return A.fromInteger(f, rounding, integer);
    case O.FLOAT_CONVERT: {
      const from = isDouble ? A.binary32 : A.binary64;
      return A.convert(f, rounding, from, operand(insn.rs1, from));
    }
    default:
      throw new Error(`no floating-point operation ${op}`);
  }
}
