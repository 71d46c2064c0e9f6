/**
 * Floating point by exact arithmetic: a finite number is an integer times a power of two, results are computed without error
 * (quotients and roots with a remainder that says "and a bit more") and rounded once. Independent of assembly/float.
 */

export interface Format {
  /** Significand bits, the hidden one included. */
  readonly precision: number;
  /** Exponent of the largest finite numbers; 1 - this is the lowest normal exponent. */
  readonly emax: number;
  readonly bits: number;
}

export const binary32: Format = { precision: 24, emax: 127, bits: 32 };
export const binary64: Format = { precision: 53, emax: 1023, bits: 64 };

/** fcsr.fflags. */
export const flag = { NX: 1, UF: 2, OF: 4, DZ: 8, NV: 16 } as const;

/** 0 RNE, 1 RTZ, 2 RDN, 3 RUP, 4 RMM. */
export type Rounding = 0 | 1 | 2 | 3 | 4;

/** What a pattern stands for. Finite: (-1)^negative * m * 2^e with m >= 0. */
type Value =
  | { readonly kind: 'nan'; readonly signaling: boolean }
  | { readonly kind: 'infinite'; readonly negative: boolean }
  | Finite;
interface Finite {
  readonly kind: 'finite';
  readonly negative: boolean;
  readonly m: bigint;
  readonly e: number;
}

/** A pattern and the exceptions raised on the way to it. */
export interface Outcome {
  readonly bits: bigint;
  readonly flags: number;
}

const fractionBits = (f: Format): number => f.precision - 1;
const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

export function canonicalNaN(f: Format): bigint {
  return mask(f.bits - 1 - fractionBits(f) + 1) << BigInt(fractionBits(f) - 1);
}

function infinity(f: Format, negative: boolean): bigint {
  return pattern(f, negative, mask(f.bits - f.precision) << BigInt(fractionBits(f)));
}

function pattern(f: Format, negative: boolean, magnitude: bigint): bigint {
  return (negative ? 1n << BigInt(f.bits - 1) : 0n) | magnitude;
}

export function valueOf(f: Format, bits: bigint): Value {
  const negative = bits >> BigInt(f.bits - 1) !== 0n;
  const fraction = bits & mask(fractionBits(f));
  const exponent = Number((bits >> BigInt(fractionBits(f))) & mask(f.bits - f.precision));
  if (exponent === 2 * f.emax + 1) {
    if (fraction === 0n) return { kind: 'infinite', negative };
    return { kind: 'nan', signaling: fraction >> BigInt(fractionBits(f) - 1) === 0n };
  }
  const hidden = exponent === 0 ? 0n : 1n << BigInt(fractionBits(f));
  return { kind: 'finite', negative, m: fraction | hidden, e: Math.max(exponent, 1) - f.emax - fractionBits(f) };
}

function bitLength(m: bigint): number {
  return m.toString(2).length;
}

/** floor(m * 2^-by) and how the lost part compares with a half: 0 nothing lost, 1 below, 2 exactly, 3 above. */
function shifted(m: bigint, by: number, more: boolean): { kept: bigint; lost: 0 | 1 | 2 | 3 } {
  if (by <= 0) return { kept: m << BigInt(-by), lost: more ? 1 : 0 };
  const kept = m >> BigInt(by);
  const rest = m & mask(by);
  const half = 1n << BigInt(by - 1);
  if (rest === half) return { kept, lost: more ? 3 : 2 };
  if (rest > half) return { kept, lost: 3 };
  return { kept, lost: rest !== 0n || more ? 1 : 0 };
}

function roundedUp(rounding: Rounding, negative: boolean, kept: bigint, lost: 0 | 1 | 2 | 3): boolean {
  switch (rounding) {
    case 0:
      return lost === 3 || (lost === 2 && (kept & 1n) === 1n);
    case 1:
      return false;
    case 2:
      return negative && lost !== 0;
    case 3:
      return !negative && lost !== 0;
    case 4:
      return lost >= 2;
  }
}

/** Rounds m * 2^e, or slightly more than that if `more`, which asks for m to have spare bits. */
function rounded(
  f: Format,
  rounding: Rounding,
  negative: boolean,
  m: bigint,
  e: number,
  more = false,
  zeroNegative = negative,
): Outcome {
  if (m === 0n && !more) return { bits: pattern(f, zeroNegative, 0n), flags: 0 };
  const emin = 1 - f.emax;
  const at = (quantum: number): { kept: bigint; lost: 0 | 1 | 2 | 3 } => {
    const { kept, lost } = shifted(m, quantum - e, more);
    return { kept: kept + (roundedUp(rounding, negative, kept, lost) ? 1n : 0n), lost };
  };
  const exponent = bitLength(m) - 1 + e;
  const unbounded = exponent - fractionBits(f);
  // Tininess after rounding: the result with unbounded exponent would still be below 2^emin.
  const free = at(unbounded);
  const tiny = bitLength(free.kept) - 1 + unbounded < emin;
  const quantum = Math.max(unbounded, emin - fractionBits(f));
  const { kept, lost } = at(quantum);
  const inexact = lost !== 0;
  if (bitLength(kept) - 1 + quantum > f.emax) {
    const toInfinity =
      rounding === 0 || rounding === 4 || (rounding === 3 && !negative) || (rounding === 2 && negative);
    const bits = infinity(f, negative);
    return { bits: toInfinity ? bits : bits - 1n, flags: flag.OF | flag.NX };
  }
  const flags = inexact ? flag.NX | (tiny ? flag.UF : 0) : 0;
  const carried = bitLength(kept) > f.precision;
  const significand = carried ? kept >> 1n : kept;
  const place = carried ? quantum + 1 : quantum;
  const isNormal = significand >> BigInt(fractionBits(f)) !== 0n;
  const field = isNormal ? BigInt(place + fractionBits(f) + f.emax) : 0n;
  return {
    bits: pattern(f, negative, (field << BigInt(fractionBits(f))) | (significand & mask(fractionBits(f)))),
    flags,
  };
}

const invalid = (f: Format): Outcome => ({ bits: canonicalNaN(f), flags: flag.NV });

function nanOf(f: Format, operands: readonly Value[]): Outcome {
  const signaling = operands.some((v) => v.kind === 'nan' && v.signaling);
  return { bits: canonicalNaN(f), flags: signaling ? flag.NV : 0 };
}

function negate(v: Value): Value {
  return v.kind === 'nan' ? v : { ...v, negative: !v.negative };
}

/** Exact sum of finite numbers, rounded; `rounding` also decides the sign of an exact zero. */
function sumOf(f: Format, rounding: Rounding, a: Finite, b: Finite): Outcome {
  const e = Math.min(a.e, b.e);
  const signed = (v: Finite): bigint => (v.negative ? -1n : 1n) * (v.m << BigInt(v.e - e));
  const sum = signed(a) + signed(b);
  const bothNegative = a.negative && b.negative;
  const zeroNegative = bothNegative || (a.negative !== b.negative && rounding === 2);
  return rounded(f, rounding, sum < 0n, sum < 0n ? -sum : sum, e, false, zeroNegative);
}

function addValues(f: Format, rounding: Rounding, a: Value, b: Value): Outcome {
  if (a.kind === 'nan' || b.kind === 'nan') return nanOf(f, [a, b]);
  if (a.kind === 'infinite' && b.kind === 'infinite' && a.negative !== b.negative) return invalid(f);
  if (a.kind === 'infinite') return { bits: infinity(f, a.negative), flags: 0 };
  if (b.kind === 'infinite') return { bits: infinity(f, b.negative), flags: 0 };
  return sumOf(f, rounding, a, b);
}

export function add(f: Format, rounding: Rounding, a: bigint, b: bigint): Outcome {
  return addValues(f, rounding, valueOf(f, a), valueOf(f, b));
}

export function subtract(f: Format, rounding: Rounding, a: bigint, b: bigint): Outcome {
  return addValues(f, rounding, valueOf(f, a), negate(valueOf(f, b)));
}

/** a * b + c; either product or sum may be left out by the caller (c undefined: a plain product). */
export function multiplyAdd(
  f: Format,
  rounding: Rounding,
  a: bigint,
  b: bigint,
  c: bigint | undefined,
  negateProduct = false,
  negateAddend = false,
): Outcome {
  const x = negateProduct ? negate(valueOf(f, a)) : valueOf(f, a);
  const y = valueOf(f, b);
  const z = c === undefined ? undefined : negateAddend ? negate(valueOf(f, c)) : valueOf(f, c);
  const zero = (v: Value): boolean => v.kind === 'finite' && v.m === 0n;
  const impossible = (x.kind === 'infinite' && zero(y)) || (zero(x) && y.kind === 'infinite');
  if (x.kind === 'nan' || y.kind === 'nan' || z?.kind === 'nan') {
    const outcome = nanOf(f, z === undefined ? [x, y] : [x, y, z]);
    return impossible ? invalid(f) : outcome;
  }
  if (impossible) return invalid(f);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    if (z?.kind === 'infinite' && z.negative !== negative) return invalid(f);
    return { bits: infinity(f, negative), flags: 0 };
  }
  const product: Finite = { kind: 'finite', negative, m: x.m * y.m, e: x.e + y.e };
  if (z === undefined) return rounded(f, rounding, negative, product.m, product.e);
  return addValues(f, rounding, product, z);
}

export function divide(f: Format, rounding: Rounding, a: bigint, b: bigint): Outcome {
  const x = valueOf(f, a);
  const y = valueOf(f, b);
  if (x.kind === 'nan' || y.kind === 'nan') return nanOf(f, [x, y]);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinite') return y.kind === 'infinite' ? invalid(f) : { bits: infinity(f, negative), flags: 0 };
  if (y.kind === 'infinite') return { bits: pattern(f, negative, 0n), flags: 0 };
  if (y.m === 0n) return x.m === 0n ? invalid(f) : { bits: infinity(f, negative), flags: flag.DZ };
  const spare = 2 * f.precision + 4;
  const dividend = x.m << BigInt(spare);
  return rounded(f, rounding, negative, dividend / y.m, x.e - y.e - spare, dividend % y.m !== 0n);
}

export function squareRoot(f: Format, rounding: Rounding, a: bigint): Outcome {
  const x = valueOf(f, a);
  if (x.kind === 'nan') return nanOf(f, [x]);
  if (x.kind === 'finite' && x.m === 0n) return { bits: a, flags: 0 };
  if (x.negative) return invalid(f);
  if (x.kind === 'infinite') return { bits: a, flags: 0 };
  const spare = 2 * (f.precision + 4) + (x.e & 1);
  const radicand = x.m << BigInt(spare);
  const root = floorRoot(radicand);
  return rounded(f, rounding, false, root, (x.e - spare) / 2, root * root !== radicand);
}

/** Newton's iteration from above. */
function floorRoot(n: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(n) / 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** From one format to another. */
export function convert(to: Format, rounding: Rounding, from: Format, bits: bigint): Outcome {
  const v = valueOf(from, bits);
  if (v.kind === 'nan') return nanOf(to, [v]);
  if (v.kind === 'infinite') return { bits: infinity(to, v.negative), flags: 0 };
  return rounded(to, rounding, v.negative, v.m, v.e);
}

export function fromInteger(f: Format, rounding: Rounding, value: bigint): Outcome {
  return rounded(f, rounding, value < 0n, value < 0n ? -value : value, 0);
}

/** To an integer between `lowest` and `highest`; what does not fit gives the nearer bound, NaN the upper one. */
export function toInteger(f: Format, rounding: Rounding, bits: bigint, lowest: bigint, highest: bigint): Outcome {
  const v = valueOf(f, bits);
  if (v.kind === 'nan') return { bits: highest, flags: flag.NV };
  if (v.kind === 'infinite') return { bits: v.negative ? lowest : highest, flags: flag.NV };
  const { kept, lost } = shifted(v.m, -v.e, false);
  const magnitude = kept + (roundedUp(rounding, v.negative, kept, lost) ? 1n : 0n);
  const integer = v.negative ? -magnitude : magnitude;
  if (integer < lowest) return { bits: lowest, flags: flag.NV };
  if (integer > highest) return { bits: highest, flags: flag.NV };
  return { bits: integer, flags: lost === 0 ? 0 : flag.NX };
}

/** Order of two numbers on the line, zeros being equal; undefined with a NaN. */
function compare(a: Value, b: Value): number | undefined {
  if (a.kind === 'nan' || b.kind === 'nan') return undefined;
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    const rank = (v: Value): number => (v.kind === 'infinite' ? (v.negative ? -1 : 1) : 0);
    return Math.sign(rank(a) - rank(b));
  }
  const e = Math.min(a.e, b.e);
  const signed = (v: Finite): bigint => (v.negative ? -1n : 1n) * (v.m << BigInt(v.e - e));
  const difference = signed(a) - signed(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** FEQ, FLT, FLE: 0 or 1. Only FEQ lets quiet NaNs pass. */
export function comparison(f: Format, a: bigint, b: bigint, which: 'eq' | 'lt' | 'le'): Outcome {
  const x = valueOf(f, a);
  const y = valueOf(f, b);
  const order = compare(x, y);
  if (order === undefined) {
    return { bits: 0n, flags: which === 'eq' ? nanOf(f, [x, y]).flags : flag.NV };
  }
  const holds = which === 'eq' ? order === 0 : which === 'lt' ? order < 0 : order <= 0;
  return { bits: holds ? 1n : 0n, flags: 0 };
}

/** FMIN and FMAX: IEEE 754-2019 minimumNumber and maximumNumber, -0 below +0. */
export function extremum(f: Format, a: bigint, b: bigint, maximum: boolean): Outcome {
  const x = valueOf(f, a);
  const y = valueOf(f, b);
  const { flags } = nanOf(f, [x, y]);
  if (x.kind === 'nan') return { bits: y.kind === 'nan' ? canonicalNaN(f) : b, flags };
  if (y.kind === 'nan') return { bits: a, flags };
  const order = compare(x, y)! || Number(y.negative) - Number(x.negative);
  return { bits: order < 0 !== maximum ? a : b, flags };
}

/** FCLASS. */
export function classify(f: Format, bits: bigint): bigint {
  const v = valueOf(f, bits);
  if (v.kind === 'nan') return v.signaling ? 1n << 8n : 1n << 9n;
  if (v.kind === 'infinite') return v.negative ? 1n : 1n << 7n;
  if (v.m === 0n) return v.negative ? 1n << 3n : 1n << 4n;
  const isNormal = v.m >> BigInt(fractionBits(f)) !== 0n;
  if (isNormal) return v.negative ? 1n << 1n : 1n << 6n;
  return v.negative ? 1n << 2n : 1n << 5n;
}
