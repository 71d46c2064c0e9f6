/** Rounding to a format, with the accrued exceptions (IEEE 754-2008 4.3, 7; tininess is detected after rounding). */
import { SIGN, box } from './operands';

/** fcsr.fflags. */
export const NX: i32 = 1;
export const UF: i32 = 2;
export const OF: i32 = 4;
export const DZ: i32 = 8;
export const NV: i32 = 16;

/** fcsr.frm. */
export const RNE: i32 = 0;
export const RTZ: i32 = 1;
export const RDN: i32 = 2;
export const RUP: i32 = 3;
export const RMM: i32 = 4;

/** Exceptions of the operation under way. */
export let raised: i32 = 0;

export function raiseFlags(flags: i32): void {
  raised |= flags;
}

export function clearFlags(): void {
  raised = 0;
}

/** Is the magnitude rounded up? `odd`: last bit kept; `half`: first bit lost; `rest`: any bit behind it. */
export function roundsUp(mode: i32, negative: bool, odd: bool, half: bool, rest: bool): bool {
  switch (mode) {
    case RNE:
      return half && (rest || odd);
    case RMM:
      return half;
    case RDN:
      return negative && (half || rest);
    case RUP:
      return !negative && (half || rest);
    default:
      return false;
  }
}

/** The first bit that a right shift by `by` loses; and whether any bit behind it is set. */
function halfBit(sig: u64, by: i32): bool {
  return by <= 64 && ((sig >> (by - 1)) & 1) != 0;
}
function restBits(sig: u64, by: i32): bool {
  if (by == 1) return false;
  return by > 64 ? sig != 0 : sig << (65 - by) != 0;
}

function zeroOf(negative: bool, double: bool): u64 {
  if (double) return negative ? SIGN : 0;
  return box(negative ? 0x8000_0000 : 0);
}

/** Zero of the sign, as a register. */
export function signedZero(negative: bool, double: bool): u64 {
  return zeroOf(negative, double);
}

/** Infinity of the sign, as a register. */
export function signedInfinity(negative: bool, double: bool): u64 {
  if (double) return 0x7ff0_0000_0000_0000 | (negative ? SIGN : 0);
  return box(0x7f80_0000 | (negative ? 0x8000_0000 : 0));
}

function overflowed(negative: bool, mode: i32, double: bool): u64 {
  raiseFlags(OF | NX);
  const toInfinity = mode == RNE || mode == RMM || (mode == RUP && !negative) || (mode == RDN && negative);
  const infinity = signedInfinity(negative, double);
  return toInfinity ? infinity : infinity - 1;
}

/**
 * The register value nearest to sig / 2^63 * 2^exp (bit 63 of `sig` set, bit 0 = a jammed rest) in the format.
 */
export function round(negative: bool, exp: i32, sig: u64, mode: i32, double: bool): u64 {
  const lowest: i32 = double ? -1022 : -126;
  const highest: i32 = double ? 1023 : 127;
  const fractionBits: i32 = double ? 52 : 23;
  const precise: i32 = 63 - fractionBits;

  let lost = precise;
  let tiny = false;
  if (exp < lowest) {
    lost += lowest - exp;
    // Would it still be below the normal numbers, had the exponent no bound?
    tiny =
      exp < lowest - 1 ||
      !carries(
        sig,
        precise,
        roundsUp(mode, negative, odd(sig, precise), halfBit(sig, precise), restBits(sig, precise)),
      );
  }
  const half = halfBit(sig, lost);
  const rest = restBits(sig, lost);
  let kept: u64 = lost > 63 ? 0 : sig >> lost;
  if (half || rest) raiseFlags(tiny ? NX | UF : NX);
  if (roundsUp(mode, negative, (kept & 1) != 0, half, rest)) kept++;

  let magnitude: u64;
  if (exp < lowest) {
    // A carry into the hidden bit makes the lowest normal number by itself.
    magnitude = kept;
  } else {
    if (kept >> (fractionBits + 1)) {
      kept >>= 1;
      exp++;
    }
    if (exp > highest) return overflowed(negative, mode, double);
    magnitude = (u64(exp + highest) << fractionBits) + (kept & ((u64(1) << fractionBits) - 1));
  }
  return double ? magnitude | (negative ? SIGN : 0) : box(u32(magnitude) | (negative ? 0x8000_0000 : 0));
}

function odd(sig: u64, lost: i32): bool {
  return ((sig >> lost) & 1) != 0;
}

/** Does rounding at `lost` carry into the next power of two? */
function carries(sig: u64, lost: i32, up: bool): bool {
  return up && sig >> lost == u64.MAX_VALUE >> lost;
}
