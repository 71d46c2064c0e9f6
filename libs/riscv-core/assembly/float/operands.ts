/**
 * Floating-point operands. Arithmetic works on binary64 patterns: every binary32 value is one of them exactly, so only the
 * rounding at the end knows the format. A finite number is sig / 2^63 * 2^exp with bit 63 of sig set.
 */
export const SIGN: u64 = 0x8000_0000_0000_0000;
export const INFINITY: u64 = 0x7ff0_0000_0000_0000;
const FRACTION: u64 = 0x000f_ffff_ffff_ffff;
const QUIET: u64 = 0x0008_0000_0000_0000;
const BOX: u64 = 0xffff_ffff_0000_0000;
/** The one NaN that operations produce (Unprivileged ISA, "NaN Generation and Propagation"). */
export const CANONICAL_32: u64 = 0xffff_ffff_7fc0_0000;
export const CANONICAL_64: u64 = 0x7ff8_0000_0000_0000;

export function canonical(double: bool): u64 {
  return double ? CANONICAL_64 : CANONICAL_32;
}

export function box(bits: u32): u64 {
  return BOX | bits;
}

/** The binary32 pattern in a register; a value that is not NaN-boxed counts as the canonical NaN. */
export function unbox(register: u64): u32 {
  return (register & BOX) == BOX ? u32(register) : 0x7fc0_0000;
}

/** A register's value as a binary64 pattern; a signaling NaN stays one. */
export function widened(register: u64, double: bool): u64 {
  if (double) return register;
  const bits = unbox(register);
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return (u64(bits >> 31) << 63) | INFINITY | (u64(bits & 0x7f_ffff) << 29);
  return reinterpret<u64>(f64(reinterpret<f32>(bits)));
}

export function isNaN(bits: u64): bool {
  return (bits & ~SIGN) > INFINITY;
}

export function isSignaling(bits: u64): bool {
  return isNaN(bits) && (bits & QUIET) == 0;
}

export function isInfinite(bits: u64): bool {
  return (bits & ~SIGN) == INFINITY;
}

export function isZero(bits: u64): bool {
  return (bits & ~SIGN) == 0;
}

/** Exponent of a finite number other than 0. */
export function exponentOf(bits: u64): i32 {
  const field = i32((bits >> 52) & 0x7ff);
  return field != 0 ? field - 1023 : -1011 - i32(clz(bits & FRACTION));
}

/** Significand of a finite number other than 0. */
export function significandOf(bits: u64): u64 {
  const fraction = bits & FRACTION;
  return (bits & INFINITY) != 0 ? (fraction << 11) | SIGN : fraction << clz(fraction);
}

/** Right shift that keeps in bit 0 whether anything was lost. */
export function jam(value: u64, by: i32): u64 {
  if (by == 0) return value;
  if (by > 63) return u64(value != 0);
  return (value >> by) | u64(value << (64 - by) != 0);
}
