/**
 * Latency of the shared multiplier/divider by operands (rocket-timing.md 2): eight multiplier bits or one quotient bit per
 * cycle, both ending early.
 */
import {
  MULDIV_DIV,
  MULDIV_DIVU,
  MULDIV_DIVUW,
  MULDIV_DIVW,
  MULDIV_MUL,
  MULDIV_MULH,
  MULDIV_MULW,
  MULDIV_REM,
  MULDIV_REMU,
  MULDIV_REMUW,
  MULDIV_REMW,
} from '../../src/timing/events';
import { P_MULDIV_FIXED, P_MUL_BITS } from '../../src/timing/parameter-slots';
import { parameter } from './parts';

/** Iterations for multiplier `a` of `width` bits: one per group of bits, one more to see that the rest is zero. */
function multiplySteps(a: u64, width: i32): i32 {
  const bits = parameter(P_MUL_BITS);
  const all = (width + bits - 1) / bits;
  const used = 64 - i32(clz(a));
  const steps = (used + bits - 1) / bits + 1;
  // The 64-bit multiplier first looks at what is left in its second iteration; the 32-bit one starts half way, in its first.
  const fewest = width == 64 ? 2 : 1;
  return min(all, max(fewest, steps));
}

@inline
function highestBit(a: u64): i32 {
  return a == 0 ? 0 : 63 - i32(clz(a));
}

@inline
function magnitude(a: i64): u64 {
  return a < 0 ? u64(-a) : u64(a);
}

/** Sign handling and one quotient bit per cycle; the leading zero bits of the quotient are skipped. */
function divideSteps(a: i64, b: i64, isSigned: bool, isRemainder: bool): i32 {
  const negativeA = isSigned && a < 0;
  const negativeB = isSigned && b < 0;
  const dividend = negativeA ? magnitude(a) : u64(a);
  const divisor = negativeB ? magnitude(b) : u64(b);
  const skip = (63 - (highestBit(dividend) - highestBit(divisor))) & 63;
  let steps = divisor != 0 && skip >= 1 ? 66 - skip : 65;
  if (negativeA || negativeB) steps++;
  const negativeResult = isRemainder ? negativeA : negativeA != negativeB && divisor != 0;
  return negativeResult ? steps + 1 : steps;
}

/** Cycles after which a dependent instruction may execute. `kind`: MULDIV_*. */
export function muldivLatency(kind: i32, a: i64, b: i64): i32 {
  return parameter(P_MULDIV_FIXED) + steps(kind, a, b);
}

function steps(kind: i32, a: i64, b: i64): i32 {
  const wa = i64(i32(a));
  const wb = i64(i32(b));
  const ua = i64(u32(a));
  const ub = i64(u32(b));
  switch (kind) {
    case MULDIV_MUL:
      return multiplySteps(a, 64);
    case MULDIV_MULW:
      return multiplySteps(ua, 32);
    case MULDIV_MULH:
      return (63 + parameter(P_MUL_BITS)) / parameter(P_MUL_BITS);
    case MULDIV_DIV:
      return divideSteps(a, b, true, false);
    case MULDIV_DIVU:
      return divideSteps(a, b, false, false);
    case MULDIV_REM:
      return divideSteps(a, b, true, true);
    case MULDIV_REMU:
      return divideSteps(a, b, false, true);
    case MULDIV_DIVW:
      return divideSteps(wa, wb, true, false);
    case MULDIV_DIVUW:
      return divideSteps(ua, ub, false, false);
    case MULDIV_REMW:
      return divideSteps(wa, wb, true, true);
    case MULDIV_REMUW:
      return divideSteps(ua, ub, false, true);
  }
  return 0;
}
