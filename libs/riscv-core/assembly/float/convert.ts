/** Conversions between integers and floating point, and between the two formats. */
import { canonical, exponentOf, isInfinite, isNaN, isSignaling, isZero, significandOf } from './operands';
import { NV, NX, raiseFlags, round, roundsUp, signedInfinity, signedZero } from './round';

/** Between formats; also what makes a widened operand a result. */
export function toFormat(a: u64, mode: i32, double: bool): u64 {
  if (isNaN(a)) {
    if (isSignaling(a)) raiseFlags(NV);
    return canonical(double);
  }
  const negative = a >> 63 != 0;
  if (isInfinite(a)) return signedInfinity(negative, double);
  if (isZero(a)) return signedZero(negative, double);
  return round(negative, exponentOf(a), significandOf(a), mode, double);
}

export function fromSigned(value: i64, mode: i32, double: bool): u64 {
  if (value >= 0) return fromUnsigned(u64(value), mode, double);
  const magnitude = u64(0) - u64(value);
  const shift = i32(clz(magnitude));
  return round(true, 63 - shift, magnitude << shift, mode, double);
}

export function fromUnsigned(value: u64, mode: i32, double: bool): u64 {
  if (value == 0) return signedZero(false, double);
  const shift = i32(clz(value));
  return round(false, 63 - shift, value << shift, mode, double);
}

/**
 * To an integer of `bits` bits, sign-extended to a register. What does not fit is invalid and gives the nearest bound; NaN
 * gives the largest number (Unprivileged ISA, table "Domains of float-to-integer conversions").
 */
export function toInteger(a: u64, mode: i32, bits: i32, signed: bool): u64 {
  const unused = 64 - bits;
  const largest = signed ? u64.MAX_VALUE >> (unused + 1) : u64.MAX_VALUE >> unused;
  const lowestMagnitude: u64 = signed ? largest + 1 : 0;
  const negative = !isNaN(a) && a >> 63 != 0;
  const bound = negative ? u64(0) - lowestMagnitude : largest;
  if (isZero(a)) return 0;
  if (isNaN(a) || isInfinite(a)) return refused(bound, bits);

  const exp = exponentOf(a);
  if (exp > 63) return refused(bound, bits);
  const sig = significandOf(a);
  let magnitude: u64 = 0;
  let inexact = false;
  if (exp == 63) {
    magnitude = sig;
  } else {
    const lost = 63 - exp;
    const half = lost <= 64 && ((sig >> (lost - 1)) & 1) != 0;
    const rest = lost > 64 ? true : lost > 1 && sig << (65 - lost) != 0;
    magnitude = lost > 63 ? 0 : sig >> lost;
    inexact = half || rest;
    if (roundsUp(mode, negative, (magnitude & 1) != 0, half, rest)) magnitude++;
  }
  if (magnitude > (negative ? lowestMagnitude : largest)) return refused(bound, bits);
  if (inexact) raiseFlags(NX);
  return extended(negative ? u64(0) - magnitude : magnitude, bits);
}

function refused(bound: u64, bits: i32): u64 {
  raiseFlags(NV);
  return extended(bound, bits);
}

function extended(value: u64, bits: i32): u64 {
  return bits == 32 ? u64(i64(i32(value))) : value;
}
