/** F and D: single- and double-precision floating point (Unprivileged ISA, "F" and "D" Extensions), one table for both widths. */
import { ACCESS_FLOAT } from '../hart/layout.js';
import * as O from './floatops.js';
import {
  FR,
  FLoad,
  FR4,
  FStore,
  FToX,
  FUnary,
  FCompare,
  XToF,
  insn,
  type Encoding,
  type Insn,
  type Options,
} from './insn.js';
import type { Semantics } from './semantics.js';
import type { LatencyClass } from '../timing/latency-class.js';

interface Width {
  readonly extension: 'f' | 'd';
  readonly suffix: '.s' | '.d';
  /** Field fmt, bits 26:25. */
  readonly format: 0 | 1;
  /** log2 of the bytes in memory, also funct3 of loads and stores. */
  readonly size: 2 | 3;
  readonly load: 'flw' | 'fld';
  readonly store: 'fsw' | 'fsd';
  readonly bit: number;
  readonly arithmetic: LatencyClass;
  readonly divide: LatencyClass;
}

const single: Width = {
  extension: 'f',
  suffix: '.s',
  format: 0,
  size: 2,
  load: 'flw',
  store: 'fsw',
  bit: 0,
  arithmetic: 'fp-single',
  divide: 'fp-div-single',
};
const double: Width = {
  extension: 'd',
  suffix: '.d',
  format: 1,
  size: 3,
  load: 'fld',
  store: 'fsd',
  bit: O.FLOAT_DOUBLE,
  arithmetic: 'fp-double',
  divide: 'fp-div-double',
};

const SINGLE_SIGN = 1n << 31n;
const DOUBLE_SIGN = 1n << 63n;
const BOX = 0xffff_ffff_0000_0000n;
const CANONICAL_SINGLE = 0x7fc0_0000n;

/** The binary32 pattern of a register: what is not NaN-boxed is the canonical NaN. */
function unboxed<V>(x: Semantics<V>, register: V): V {
  const boxed = x.eq(x.shrU(register, x.constant(32n)), x.constant(0xffff_ffffn));
  return x.select(boxed, x.zext32(register), x.constant(CANONICAL_SINGLE));
}

/** The first operand with the sign that `sign` makes of both operands' patterns. */
function withSign<V>(x: Semantics<V>, width: Width, sign: (a: V, b: V) => V): V {
  const mask = x.constant(width.format === 0 ? SINGLE_SIGN : DOUBLE_SIGN);
  if (width.format === 1) {
    const magnitude = x.and(x.rs1(), x.constant(DOUBLE_SIGN - 1n));
    return x.or(magnitude, x.and(sign(x.rs1(), x.rs2()), mask));
  }
  const a = unboxed(x, x.rs1());
  const magnitude = x.and(a, x.constant(SINGLE_SIGN - 1n));
  return x.or(x.constant(BOX), x.or(magnitude, x.and(sign(a, unboxed(x, x.rs2())), mask)));
}

function rows(width: Width): Insn[] {
  const { extension, suffix, format, size } = width;
  const options = (latency: LatencyClass): Options => ({ extension, latency });
  /** An operation of the core. `funct7` without the format. */
  const operation = (name: string, encoding: Encoding, latency: LatencyClass, op: number): Insn =>
    insn(name, encoding, options(latency), (x) => x.float(op | width.bit));
  const f7 = (high: number): number => (high << 2) | format;
  const rounds = O.FLOAT_ROUNDS;
  const toX = O.FLOAT_TO_X;

  const fused: readonly [string, number, number][] = [
    ['fmadd', 0x43, O.FLOAT_MADD],
    ['fmsub', 0x47, O.FLOAT_MSUB],
    ['fnmsub', 0x4b, O.FLOAT_NMSUB],
    ['fnmadd', 0x4f, O.FLOAT_NMADD],
  ];
  const arithmetic: readonly [string, number, number, LatencyClass][] = [
    ['fadd', 0b00000, O.FLOAT_ADD, width.arithmetic],
    ['fsub', 0b00001, O.FLOAT_SUB, width.arithmetic],
    ['fmul', 0b00010, O.FLOAT_MUL, width.arithmetic],
    ['fdiv', 0b00011, O.FLOAT_DIV, width.divide],
  ];
  const signs: readonly [string, number, <V>(x: Semantics<V>, a: V, b: V) => V][] = [
    ['fsgnj', 0, (_, __, b) => b],
    ['fsgnjn', 1, (x, _, b) => x.xor(b, x.constant(-1n))],
    ['fsgnjx', 2, (x, a, b) => x.xor(a, b)],
  ];
  const compares: readonly [string, number, number][] = [
    ['fle', 0, O.FLOAT_LE],
    ['flt', 1, O.FLOAT_LT],
    ['feq', 2, O.FLOAT_EQ],
  ];
  const integers: readonly [string, number, number, number][] = [
    ['w', 0, O.FLOAT_TO_W, O.FLOAT_FROM_W],
    ['wu', 1, O.FLOAT_TO_WU, O.FLOAT_FROM_WU],
    ['l', 2, O.FLOAT_TO_L, O.FLOAT_FROM_L],
    ['lu', 3, O.FLOAT_TO_LU, O.FLOAT_FROM_LU],
  ];
  const memoryName = format === 0 ? 'w' : 'd';

  return [
    insn(width.load, FLoad(size), options('fp-load'), (x) => {
      x.floatAccess(true);
      x.setRd(x.load(size | ACCESS_FLOAT, x.add(x.rs1(), x.imm())));
    }),
    insn(width.store, FStore(size), options('store'), (x) => {
      x.floatAccess(false);
      x.store(size, x.add(x.rs1(), x.imm()), x.rs2());
    }),
    ...fused.map(([name, opcode, op]) => operation(name + suffix, FR4(opcode, format), width.arithmetic, op | rounds)),
    ...arithmetic.map(([name, high, op, latency]) => operation(name + suffix, FR(f7(high)), latency, op | rounds)),
    operation(`fsqrt${suffix}`, FUnary(f7(0b01011), 0), width.divide, O.FLOAT_SQRT | rounds),
    ...signs.map(([name, funct3, sign]) =>
      insn(name + suffix, FR(f7(0b00100), funct3), options('fp-short'), (x) => {
        x.floatAccess(true);
        x.setRd(withSign(x, width, (a, b) => sign(x, a, b)));
      }),
    ),
    operation(`fmin${suffix}`, FR(f7(0b00101), 0), 'fp-short', O.FLOAT_MIN),
    operation(`fmax${suffix}`, FR(f7(0b00101), 1), 'fp-short', O.FLOAT_MAX),
    ...compares.map(([name, funct3, op]) =>
      operation(name + suffix, FCompare(f7(0b10100), funct3), 'fp-to-x', op | toX),
    ),
    ...integers.flatMap(([name, rs2, to, from]) => [
      operation(`fcvt.${name}${suffix}`, FToX(f7(0b11000), rs2), 'fp-to-x', to | rounds | toX),
      operation(`fcvt${suffix}.${name}`, XToF(f7(0b11010), rs2), 'fp-short', from | rounds),
    ]),
    operation(`fclass${suffix}`, FToX(f7(0b11100), 0, 1), 'fp-to-x', O.FLOAT_CLASS | toX),
    insn(`fmv.x.${memoryName}`, FToX(f7(0b11100), 0, 0), options('fp-to-x'), (x) => {
      x.floatAccess(false);
      x.setRd(format === 0 ? x.sext32(x.rs1()) : x.rs1());
    }),
    insn(`fmv.${memoryName}.x`, XToF(f7(0b11110), 0, 0), options('fp-short'), (x) => {
      x.floatAccess(true);
      x.setRd(format === 0 ? x.or(x.zext32(x.rs1()), x.constant(BOX)) : x.rs1());
    }),
  ];
}

/** Between the formats: part of D. */
const conversions: readonly Insn[] = [
  insn('fcvt.s.d', FUnary(0b0100000, 1), { extension: 'd', latency: 'fp-short' }, (x) =>
    x.float(O.FLOAT_CONVERT | O.FLOAT_ROUNDS),
  ),
  insn('fcvt.d.s', FUnary(0b0100001, 0), { extension: 'd', latency: 'fp-short' }, (x) =>
    x.float(O.FLOAT_CONVERT | O.FLOAT_ROUNDS | O.FLOAT_DOUBLE),
  ),
];

export const rvFD: readonly Insn[] = [...rows(single), ...rows(double), ...conversions];
