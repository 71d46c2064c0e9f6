/**
 * The value part of the instruction vocabulary as WebAssembly: shared by every engine that emits code.
 * An expression is code that pushes one value, plus whether that value is an i32 condition.
 */
import { call, get, i64, op, type Code, type FunctionType, type ModuleBuilder } from './module-builder.js';

export interface Expr {
  readonly code: Code;
  /** True: the code pushes an i32 that is 0 or 1. */
  readonly condition: boolean;
}

/** Functions of the emitted module for operations that WebAssembly lacks or traps on. */
export interface ArithmeticHelpers {
  readonly mulhU: number;
  readonly divS: number;
  readonly divU: number;
  readonly remS: number;
  readonly remU: number;
}

export const value = (code: Code): Expr => ({ code, condition: false });
const condition = (code: Code): Expr => ({ code, condition: true });

/** Pushes the expression as i64. */
export function asI64(e: Expr): Code {
  return e.condition ? [...e.code, ...op.i64_extend_i32_u] : e.code;
}

/** Pushes the expression as an i32 truth value. */
export function asCondition(e: Expr): Code {
  return e.condition ? e.code : [...e.code, ...op.i64_eqz, ...op.i32_eqz];
}

export class Arithmetic {
  constructor(private readonly helpers: ArithmeticHelpers) {}

  constant(v: bigint): Expr {
    return value(i64(v));
  }

  add(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_add);
  }
  sub(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_sub);
  }
  and(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_and);
  }
  or(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_or);
  }
  xor(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_xor);
  }
  // WebAssembly shifts use the low 6 bits of the count, as RISC-V's do.
  shl(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_shl);
  }
  shrU(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_shr_u);
  }
  shrS(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_shr_s);
  }
  rotr(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_rotr);
  }
  mul(a: Expr, b: Expr): Expr {
    return this.binary(a, b, op.i64_mul);
  }

  mulhU(a: Expr, b: Expr): Expr {
    return value([...asI64(a), ...asI64(b), ...call(this.helpers.mulhU)]);
  }
  /** Signed from unsigned: subtract the other operand for each negative one. */
  mulhS(a: Expr, b: Expr): Expr {
    return this.sub(this.sub(this.mulhU(a, b), this.ifNegative(a, b)), this.ifNegative(b, a));
  }
  mulhSU(a: Expr, b: Expr): Expr {
    return this.sub(this.mulhU(a, b), this.ifNegative(a, b));
  }
  divS(a: Expr, b: Expr): Expr {
    return value([...asI64(a), ...asI64(b), ...call(this.helpers.divS)]);
  }
  divU(a: Expr, b: Expr): Expr {
    return value([...asI64(a), ...asI64(b), ...call(this.helpers.divU)]);
  }
  remS(a: Expr, b: Expr): Expr {
    return value([...asI64(a), ...asI64(b), ...call(this.helpers.remS)]);
  }
  remU(a: Expr, b: Expr): Expr {
    return value([...asI64(a), ...asI64(b), ...call(this.helpers.remU)]);
  }

  eq(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_eq);
  }
  ne(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_ne);
  }
  ltS(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_lt_s);
  }
  ltU(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_lt_u);
  }
  geS(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_ge_s);
  }
  geU(a: Expr, b: Expr): Expr {
    return this.compare(a, b, op.i64_ge_u);
  }
  select(c: Expr, whenTrue: Expr, whenFalse: Expr): Expr {
    return value([...asI64(whenTrue), ...asI64(whenFalse), ...asCondition(c), ...op.select]);
  }

  clz(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_clz]);
  }
  ctz(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_ctz]);
  }
  popcount(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_popcnt]);
  }

  sext8(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_extend8_s]);
  }
  sext16(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_extend16_s]);
  }
  sext32(a: Expr): Expr {
    return value([...asI64(a), ...op.i64_extend32_s]);
  }
  zext32(a: Expr): Expr {
    return this.and(a, this.constant(0xffff_ffffn));
  }

  /** b where a is negative, else 0: (a >> 63) & b. */
  private ifNegative(a: Expr, b: Expr): Expr {
    return this.and(this.shrS(a, this.constant(63n)), b);
  }
  private binary(a: Expr, b: Expr, operation: Code): Expr {
    return value([...asI64(a), ...asI64(b), ...operation]);
  }
  private compare(a: Expr, b: Expr, operation: Code): Expr {
    return condition([...asI64(a), ...asI64(b), ...operation]);
  }
}

const binaryType: FunctionType = { params: ['i64', 'i64'], results: ['i64'] };
const A = 0;
const B = 1;
const whenZero = (result: Code): Code => [...get(B), ...op.i64_eqz, ...op.if, ...result, ...op.return, ...op.end];
/** -2^63 / -1: WebAssembly traps where RISC-V gives the dividend. */
const whenMinusOne = (result: Code): Code => [
  ...get(B),
  ...i64(-1n),
  ...op.i64_eq,
  ...op.if,
  ...result,
  ...op.return,
  ...op.end,
];

/** Adds the helper functions; must be called after all imports are declared. */
export function addArithmeticHelpers(module: ModuleBuilder): ArithmeticHelpers {
  const two = (operation: Code): Code => [...get(A), ...get(B), ...operation];
  const low = (x: number): Code => [...get(x), ...i64(0xffff_ffffn), ...op.i64_and];
  const high = (x: number): Code => [...get(x), ...i64(32n), ...op.i64_shr_u];
  // (aH*2^32 + aL)(bH*2^32 + bL) >> 64 with t = aL*bH + (aL*bL >> 32), u = aH*bL + low(t).
  const T = 2;
  const U = 3;
  const mulhU: Code = [
    ...low(A), ...high(B), ...op.i64_mul,
    ...low(A), ...low(B), ...op.i64_mul, ...i64(32n), ...op.i64_shr_u,
    ...op.i64_add, 0x21, T,
    ...high(A), ...low(B), ...op.i64_mul, ...low(T), ...op.i64_add, 0x21, U,
    ...high(A), ...high(B), ...op.i64_mul, ...high(T), ...op.i64_add, ...high(U), ...op.i64_add,
  ]; // prettier-ignore
  return {
    mulhU: module.addFunction('mulhU', binaryType, ['i64', 'i64'], mulhU),
    divS: module.addFunction(
      'divS',
      binaryType,
      [],
      [...whenZero(i64(-1n)), ...whenMinusOne([...i64(0n), ...get(A), ...op.i64_sub]), ...two(op.i64_div_s)],
    ),
    divU: module.addFunction('divU', binaryType, [], [...whenZero(i64(-1n)), ...two(op.i64_div_u)]),
    remS: module.addFunction(
      'remS',
      binaryType,
      [],
      [...whenZero(get(A)), ...whenMinusOne(i64(0n)), ...two(op.i64_rem_s)],
    ),
    remU: module.addFunction('remU', binaryType, [], [...whenZero(get(A)), ...two(op.i64_rem_u)]),
  };
}
