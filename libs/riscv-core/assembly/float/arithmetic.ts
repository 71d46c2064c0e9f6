/**
 * Addition, multiplication, division, square root and fused multiply-add on binary64 patterns, rounded once to the format of
 * the result (IEEE 754-2008 5.4.1). Each returns a register value and raises flags in round.ts.
 */
import { SIGN, canonical, exponentOf, isInfinite, isNaN, isSignaling, isZero, jam, significandOf } from './operands';
import { DZ, NV, RDN, raiseFlags, round, signedInfinity, signedZero } from './round';

function isNegative(bits: u64): bool {
  return bits >> 63 != 0;
}

function nan(a: u64, b: u64, double: bool): u64 {
  if (isSignaling(a) || isSignaling(b)) raiseFlags(NV);
  return canonical(double);
}

function invalid(double: bool): u64 {
  raiseFlags(NV);
  return canonical(double);
}

/** x + (-x) and the sum of zeros of both signs (IEEE 754-2008 6.3). */
function cancelled(mode: i32, double: bool): u64 {
  return signedZero(mode == RDN, double);
}

export function add(a: u64, b: u64, mode: i32, double: bool): u64 {
  if (isNaN(a) || isNaN(b)) return nan(a, b, double);
  const negative = isNegative(a);
  if (isInfinite(a))
    return isInfinite(b) && negative != isNegative(b) ? invalid(double) : signedInfinity(negative, double);
  if (isInfinite(b)) return signedInfinity(isNegative(b), double);
  if (isZero(a) && isZero(b)) return negative == isNegative(b) ? signedZero(negative, double) : cancelled(mode, double);
  if (isZero(a)) return round(isNegative(b), exponentOf(b), significandOf(b), mode, double);
  if (isZero(b)) return round(negative, exponentOf(a), significandOf(a), mode, double);

  // The larger magnitude first: its exponent is the sum's, give or take the carry.
  if ((a & ~SIGN) < (b & ~SIGN)) {
    const larger = b;
    b = a;
    a = larger;
  }
  const exp = exponentOf(a);
  // One bit of room for the carry; operands have eleven zeros below their last bit.
  const sigA = significandOf(a) >> 1;
  const sigB = jam(significandOf(b) >> 1, exp - exponentOf(b));
  const sum = isNegative(a) == isNegative(b) ? sigA + sigB : sigA - sigB;
  if (sum == 0) return cancelled(mode, double);
  const shift = i32(clz(sum));
  return round(isNegative(a), exp + 1 - shift, sum << shift, mode, double);
}

/** Upper half of the 128-bit product. */
function high(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const bLow = b & 0xffff_ffff;
  const aHigh = a >> 32;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const carry = (middle & 0xffff_ffff) + aLow * bHigh;
  return aHigh * bHigh + (middle >> 32) + (carry >> 32);
}

export function multiply(a: u64, b: u64, mode: i32, double: bool): u64 {
  if (isNaN(a) || isNaN(b)) return nan(a, b, double);
  const negative = isNegative(a ^ b);
  if (isInfinite(a) || isInfinite(b)) {
    return isZero(a) || isZero(b) ? invalid(double) : signedInfinity(negative, double);
  }
  if (isZero(a) || isZero(b)) return signedZero(negative, double);
  const sigA = significandOf(a);
  const sigB = significandOf(b);
  const product = high(sigA, sigB);
  const shift = i32(clz(product));
  const low = sigA * sigB;
  const sig = shift ? (product << 1) | (low >> 63) : product;
  const rest = shift ? low << 1 : low;
  return round(negative, exponentOf(a) + exponentOf(b) + 1 - shift, sig | u64(rest != 0), mode, double);
}

export function divide(a: u64, b: u64, mode: i32, double: bool): u64 {
  if (isNaN(a) || isNaN(b)) return nan(a, b, double);
  const negative = isNegative(a ^ b);
  if (isInfinite(a)) return isInfinite(b) ? invalid(double) : signedInfinity(negative, double);
  if (isInfinite(b)) return signedZero(negative, double);
  if (isZero(b)) {
    if (isZero(a)) return invalid(double);
    raiseFlags(DZ);
    return signedInfinity(negative, double);
  }
  if (isZero(a)) return signedZero(negative, double);
  // Significands have 53 bits: with the low zeros gone there is room to shift the remainder.
  let remainder = significandOf(a) >> 11;
  const divisor = significandOf(b) >> 11;
  let exp = exponentOf(a) - exponentOf(b);
  if (remainder < divisor) {
    remainder <<= 1;
    exp--;
  }
  let quotient: u64 = 0;
  for (let bit = 0; bit < 64; bit++) {
    quotient <<= 1;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
    remainder <<= 1;
  }
  return round(negative, exp, quotient | u64(remainder != 0), mode, double);
}

export function squareRoot(a: u64, mode: i32, double: bool): u64 {
  if (isNaN(a)) return nan(a, a, double);
  if (isZero(a)) return signedZero(isNegative(a), double);
  if (isNegative(a)) return invalid(double);
  if (isInfinite(a)) return signedInfinity(false, double);
  const exp = exponentOf(a);
  // An even exponent: the radicand lies in [1, 4), two bits before the point.
  let radicand = significandOf(a) >> (exp & 1 ? 0 : 1);
  let root: u64 = 0;
  let remainder: u64 = 0;
  for (let bit = 0; bit < 60; bit++) {
    remainder = (remainder << 2) | (radicand >> 62);
    radicand <<= 2;
    const trial = (root << 2) | 1;
    root <<= 1;
    if (remainder >= trial) {
      remainder -= trial;
      root |= 1;
    }
  }
  // 60 digits, the first of which is 1.
  return round(false, exp >> 1, (root << 4) | u64(remainder != 0), mode, double);
}

/** a * b + c, rounded once. */
export function multiplyAdd(a: u64, b: u64, c: u64, mode: i32, double: bool): u64 {
  const productInvalid = (isInfinite(a) && isZero(b)) || (isZero(a) && isInfinite(b));
  if (isNaN(a) || isNaN(b) || isNaN(c)) {
    // Infinity times zero is invalid even when a quiet NaN is added (Unprivileged ISA, fused multiply-add).
    if (productInvalid || isSignaling(c)) raiseFlags(NV);
    return nan(a, b, double);
  }
  if (productInvalid) return invalid(double);
  const negative = isNegative(a ^ b);
  if (isInfinite(a) || isInfinite(b)) {
    return isInfinite(c) && isNegative(c) != negative ? invalid(double) : signedInfinity(negative, double);
  }
  if (isInfinite(c)) return signedInfinity(isNegative(c), double);
  if (isZero(a) || isZero(b)) {
    const zero = negative ? SIGN : 0;
    return add(zero, c, mode, double);
  }

  // The exact product, 128 bits with bit 127 set.
  const sigA = significandOf(a);
  const sigB = significandOf(b);
  let productHigh = high(sigA, sigB);
  let productLow = sigA * sigB;
  let productExp = exponentOf(a) + exponentOf(b) + 1;
  if (productHigh >> 63 == 0) {
    productHigh = (productHigh << 1) | (productLow >> 63);
    productLow <<= 1;
    productExp--;
  }
  if (isZero(c)) return round(negative, productExp, productHigh | u64(productLow != 0), mode, double);
  const addend = significandOf(c);
  const addendExp = exponentOf(c);
  const addendNegative = isNegative(c);
  const productLarger =
    productExp != addendExp ? productExp > addendExp : productHigh != addend ? productHigh > addend : true;
  if (productLarger) {
    return sum(productHigh, productLow, productExp, negative, addend, 0, addendExp, addendNegative, mode, double);
  }
  return sum(addend, 0, addendExp, addendNegative, productHigh, productLow, productExp, negative, mode, double);
}

/** Larger magnitude plus smaller, both with bit 127 set; their low 21 bits are 0. */
function sum(
  aHigh: u64,
  aLow: u64,
  aExp: i32,
  aNegative: bool,
  bHigh: u64,
  bLow: u64,
  bExp: i32,
  bNegative: bool,
  mode: i32,
  double: bool,
): u64 {
  // One bit of room for the carry, then the smaller one moves to the exponent of the larger, lost bits jammed.
  aLow = (aHigh << 63) | (aLow >> 1);
  aHigh >>= 1;
  const by = aExp - bExp + 1;
  if (by >= 64) {
    bLow = jam(bHigh, by - 64) | u64(bLow != 0);
    bHigh = 0;
  } else {
    const lost = bLow << (64 - by) != 0;
    bLow = (bHigh << (64 - by)) | (bLow >> by) | u64(lost);
    bHigh >>= by;
  }
  let low: u64;
  let top: u64;
  if (aNegative == bNegative) {
    low = aLow + bLow;
    top = aHigh + bHigh + u64(low < aLow);
  } else {
    low = aLow - bLow;
    top = aHigh - bHigh - u64(aLow < bLow);
  }
  if ((top | low) == 0) return cancelled(mode, double);
  let exp = aExp + 1;
  if (top == 0) {
    top = low;
    low = 0;
    exp -= 64;
  }
  const shift = i32(clz(top));
  if (shift) {
    top = (top << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  return round(aNegative, exp - shift, top | u64(low != 0), mode, double);
}
