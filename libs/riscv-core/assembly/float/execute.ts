/** `float` of the protocol: floating-point instructions other than loads, stores and moves. */
import { CSR_FCSR } from '../../src/hart/csr-slots';
import { REC_RAW, REC_RD, REC_RS1, REC_RS2, X, X_OF_F } from '../../src/hart/layout';
import * as O from '../../src/isa/floatops';
import { csr, setCsr } from '../state';
import { floatOn, markFloatDirty } from './state';
import { add, divide, multiply, multiplyAdd, squareRoot } from './arithmetic';
import { classified, equal, extremum, ordered } from './compare';
import { fromSigned, fromUnsigned, toFormat, toInteger } from './convert';
import { SIGN, box, unbox, widened } from './operands';
import { NX, RMM, RNE, clearFlags, raised } from './round';
import { illegal } from '../trap';

const DYNAMIC: i32 = 7;

function register(h: usize, index: i32): u64 {
  return load<u64>(h + X + index * 8);
}

/** Executes `op` (FLOAT_* of isa/floatops.ts) of record `rec`, without retiring it. True: an exception was taken. */
export function float(h: usize, op: i32, rec: usize): bool {
  const raw = load<u32>(rec, REC_RAW);
  let mode: i32 = RNE;
  if (op & O.FLOAT_ROUNDS) {
    mode = i32(raw >> 12) & 7;
    if (mode == DYNAMIC) mode = i32(csr(h, CSR_FCSR) >> 5) & 7;
  }
  if (!floatOn(h) || mode > RMM) {
    illegal(h, rec);
    return true;
  }
  const double = (op & O.FLOAT_DOUBLE) != 0;
  const first = register(h, load<u8>(rec, REC_RS1));
  const second = register(h, load<u8>(rec, REC_RS2));
  const rd = h + X + i32(load<u8>(rec, REC_RD)) * 8;
  const kind = op & O.FLOAT_OPERATION;

  if (mode == RNE && kind <= O.FLOAT_SQRT && (csr(h, CSR_FCSR) & NX) != 0) {
    const quick = double ? native64(kind, first, second) : native32(kind, unbox(first), unbox(second));
    if (quick != NOT_PLAIN) {
      store<u64>(rd, quick);
      markFloatDirty(h);
      return false;
    }
  }
  clearFlags();
  store<u64>(rd, compute(h, kind, first, second, raw, mode, double));
  if (raised != 0) setCsr(h, CSR_FCSR, csr(h, CSR_FCSR) | raised);
  if (raised != 0 || (op & O.FLOAT_TO_X) == 0) markFloatDirty(h);
  return false;
}

/** `float_access` of the protocol: before a load, store or move. True: floating point is off, an exception was taken. */
export function floatAccess(h: usize, writes: bool, rec: usize): bool {
  if (!floatOn(h)) {
    illegal(h, rec);
    return true;
  }
  if (writes) markFloatDirty(h);
  return false;
}

function compute(h: usize, kind: i32, first: u64, second: u64, raw: u32, mode: i32, double: bool): u64 {
  switch (kind) {
    case O.FLOAT_FROM_W:
      return fromSigned(i64(i32(first)), mode, double);
    case O.FLOAT_FROM_WU:
      return fromUnsigned(u64(u32(first)), mode, double);
    case O.FLOAT_FROM_L:
      return fromSigned(i64(first), mode, double);
    case O.FLOAT_FROM_LU:
      return fromUnsigned(first, mode, double);
    case O.FLOAT_CONVERT:
      // From the other format.
      return toFormat(widened(first, !double), mode, double);
  }
  const a = widened(first, double);
  switch (kind) {
    case O.FLOAT_SQRT:
      return squareRoot(a, mode, double);
    case O.FLOAT_TO_W:
      return toInteger(a, mode, 32, true);
    case O.FLOAT_TO_WU:
      return toInteger(a, mode, 32, false);
    case O.FLOAT_TO_L:
      return toInteger(a, mode, 64, true);
    case O.FLOAT_TO_LU:
      return toInteger(a, mode, 64, false);
    case O.FLOAT_CLASS:
      return classified(a, double ? (first & 0x7ff0_0000_0000_0000) == 0 : (unbox(first) & 0x7f80_0000) == 0);
  }
  const b = widened(second, double);
  switch (kind) {
    case O.FLOAT_ADD:
      return add(a, b, mode, double);
    case O.FLOAT_SUB:
      return add(a, b ^ SIGN, mode, double);
    case O.FLOAT_MUL:
      return multiply(a, b, mode, double);
    case O.FLOAT_DIV:
      return divide(a, b, mode, double);
    case O.FLOAT_MIN:
      return extremum(a, b, first, second, false, double);
    case O.FLOAT_MAX:
      return extremum(a, b, first, second, true, double);
    case O.FLOAT_EQ:
      return u64(equal(a, b));
    case O.FLOAT_LT:
      return u64(ordered(a, b, false));
    case O.FLOAT_LE:
      return u64(ordered(a, b, true));
  }
  const c = widened(register(h, X_OF_F + i32(raw >> 27)), double);
  switch (kind) {
    case O.FLOAT_MADD:
      return multiplyAdd(a, b, c, mode, double);
    case O.FLOAT_MSUB:
      return multiplyAdd(a, b, c ^ SIGN, mode, double);
    case O.FLOAT_NMSUB:
      return multiplyAdd(a ^ SIGN, b, c, mode, double);
    default:
      return multiplyAdd(a ^ SIGN, b, c ^ SIGN, mode, double);
  }
}

/** The host's own operation did not give a plain number: exceptions other than inexact may be due. No result looks like this. */
const NOT_PLAIN: u64 = 0x7fff_ffff_ffff_ffff;

/**
 * Rounding to nearest even with the inexact flag already up: WebAssembly's operation is the RISC-V one wherever the result is
 * a normal number above the smallest, so no other flag can be due.
 */
function native64(kind: i32, first: u64, second: u64): u64 {
  const bits = reinterpret<u64>(hostOperation<f64>(kind, reinterpret<f64>(first), reinterpret<f64>(second)));
  const exponent = i32(bits >> 52) & 0x7ff;
  return exponent > 1 && exponent < 0x7ff ? bits : NOT_PLAIN;
}

function native32(kind: i32, first: u32, second: u32): u64 {
  const bits = reinterpret<u32>(hostOperation<f32>(kind, reinterpret<f32>(first), reinterpret<f32>(second)));
  const exponent = i32(bits >> 23) & 0xff;
  return exponent > 1 && exponent < 0xff ? box(bits) : NOT_PLAIN;
}

/** `F`: f32 or f64. `kind`: FLOAT_ADD to FLOAT_SQRT. */
function hostOperation<F>(kind: i32, a: F, b: F): F {
  switch (kind) {
    case O.FLOAT_ADD:
      return a + b;
    case O.FLOAT_SUB:
      return a - b;
    case O.FLOAT_MUL:
      return a * b;
    case O.FLOAT_DIV:
      return a / b;
    default:
      return sqrt<F>(a);
  }
}
