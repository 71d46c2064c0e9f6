/** Comparisons, minimum and maximum, classification. Operands are binary64 patterns (operands.ts). */
import { INFINITY, SIGN, canonical, isNaN, isSignaling, isZero } from './operands';
import { NV, raiseFlags } from './round';

/** a < b; neither is NaN. */
function below(a: u64, b: u64): bool {
  if (isZero(a) && isZero(b)) return false;
  const aNegative = a >> 63 != 0;
  const bNegative = b >> 63 != 0;
  if (aNegative != bNegative) return aNegative;
  return aNegative ? a > b : a < b;
}

/** Quiet: only signaling NaNs are invalid. */
export function equal(a: u64, b: u64): bool {
  if (isNaN(a) || isNaN(b)) {
    if (isSignaling(a) || isSignaling(b)) raiseFlags(NV);
    return false;
  }
  return a == b || (isZero(a) && isZero(b));
}

/** a < b, or a <= b. Signaling: every NaN is invalid. */
export function ordered(a: u64, b: u64, orEqual: bool): bool {
  if (isNaN(a) || isNaN(b)) {
    raiseFlags(NV);
    return false;
  }
  return orEqual ? !below(b, a) : below(a, b);
}

/**
 * Which operand is the minimum or maximum: 0 the first, 1 the second, 2 neither (both are NaN). -0 is below +0; one NaN gives
 * the other operand (Unprivileged ISA, FMIN and FMAX: IEEE 754-2019 minimumNumber).
 */
export function chosen(a: u64, b: u64, maximum: bool): i32 {
  if (isSignaling(a) || isSignaling(b)) raiseFlags(NV);
  if (isNaN(a)) return isNaN(b) ? 2 : 1;
  if (isNaN(b)) return 0;
  const firstIsBelow = isZero(a) && isZero(b) ? a > b : below(a, b);
  return firstIsBelow != maximum ? 0 : 1;
}

/** Minimum or maximum as a register value, given the registers of the operands. */
export function extremum(a: u64, b: u64, registerA: u64, registerB: u64, maximum: bool, double: bool): u64 {
  const which = chosen(a, b, maximum);
  return which == 2 ? canonical(double) : which == 0 ? registerA : registerB;
}

/** FCLASS: one bit of ten. `subnormal` depends on the format, so it is the caller's to say. */
export function classified(a: u64, subnormal: bool): u64 {
  if (isNaN(a)) return isSignaling(a) ? 1 << 8 : 1 << 9;
  const negative = (a & SIGN) != 0;
  if ((a & ~SIGN) == INFINITY) return negative ? 1 << 0 : 1 << 7;
  if (isZero(a)) return negative ? 1 << 3 : 1 << 4;
  if (subnormal) return negative ? 1 << 2 : 1 << 5;
  return negative ? 1 << 1 : 1 << 6;
}
