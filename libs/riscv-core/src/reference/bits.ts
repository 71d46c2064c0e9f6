/** 64-bit two's complement arithmetic on BigInt: every value is kept in 0 .. 2^64-1. */

export const MASK64 = 0xffff_ffff_ffff_ffffn;
export const BIT63 = 1n << 63n;

/** High half of a register that holds a binary32 number. */
export const NAN_BOX = 0xffff_ffff_0000_0000n;

/** The low 64 bits. */
export function wrap(value: bigint): bigint {
  return value & MASK64;
}

/** The signed value of a 64-bit pattern. */
export function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** Sign-extends the low `width` bits to 64. */
export function signExtend(value: bigint, width: number): bigint {
  return wrap(BigInt.asIntN(width, value));
}

/** Bits high..low, both included. */
export function field(value: bigint, high: number, low: number): bigint {
  return (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
}

export function bit(value: bigint, position: number): boolean {
  return ((value >> BigInt(position)) & 1n) === 1n;
}

/** `value` with the bits of `mask` taken from `from`. */
export function insert(value: bigint, mask: bigint, from: bigint): bigint {
  return (value & ~mask & MASK64) | (from & mask);
}
