/** Zba, Zbb, Zbs: address generation, basic and single-bit manipulation (Bit-Manipulation ISA 1.0.0). */
import { R, Shift5, Shift6, Unary, insn, opcode, type Insn } from './insn.js';
import type { Semantics } from './semantics.js';

const { OP, OP_32, OP_IMM, OP_IMM_32 } = opcode;
const zba = { extension: 'zba', latency: 'alu' } as const;
const zbb = { extension: 'zbb', latency: 'alu' } as const;
const zbs = { extension: 'zbs', latency: 'alu' } as const;

const ADD_UW = 0b0000100;
const SH_ADD = 0b0010000;
const LOGIC_NOT = 0b0100000;
const MIN_MAX = 0b0000101;
const ROTATE = 0b0110000;
const BSET = 0b0010100;
const BCLR = 0b0100100;
const BINV = 0b0110100;
const COUNT = 0b0110000;

/** rs1, of which only the low word when `word`, shifted left by `by` and added to rs2. */
function shiftAdd<V>(x: Semantics<V>, by: bigint, word: boolean): void {
  const a = word ? x.zext32(x.rs1()) : x.rs1();
  x.setRd(x.add(by === 0n ? a : x.shl(a, x.constant(by)), x.rs2()));
}

const addressGeneration: readonly Insn[] = [
  insn('add.uw', R(OP_32, 0b000, ADD_UW), zba, (x) => shiftAdd(x, 0n, true)),
  insn('slli.uw', Shift6(0b001, 0b000010, OP_IMM_32), zba, (x) => x.setRd(x.shl(x.zext32(x.rs1()), x.imm()))),
  ...([1, 2, 3] as const).flatMap((by) => [
    insn(`sh${by}add`, R(OP, 2 * by, SH_ADD), zba, (x) => shiftAdd(x, BigInt(by), false)),
    insn(`sh${by}add.uw`, R(OP_32, 2 * by, SH_ADD), zba, (x) => shiftAdd(x, BigInt(by), true)),
  ]),
];

/** A word rotated right: both halves alike, so that what a shift brings in is the same word. */
function rotateWord<V>(x: Semantics<V>, by: V): V {
  const twice = x.or(x.zext32(x.rs1()), x.shl(x.rs1(), x.constant(32n)));
  return x.sext32(x.shrU(twice, x.and(by, x.constant(31n))));
}

function less<V>(x: Semantics<V>, signed: boolean): V {
  return signed ? x.ltS(x.rs1(), x.rs2()) : x.ltU(x.rs1(), x.rs2());
}

/** 0xff where a byte of rs1 is not zero: its low seven bits carry into the eighth, or that is set itself. */
function orCombine<V>(x: Semantics<V>): V {
  const low = x.constant(0x7f7f_7f7f_7f7f_7f7fn);
  const carried = x.or(x.add(x.and(x.rs1(), low), low), x.rs1());
  const ones = x.and(x.shrU(carried, x.constant(7n)), x.constant(0x0101_0101_0101_0101n));
  return x.mul(ones, x.constant(0xffn));
}

/** The eight bytes in the opposite order: neighbours, then pairs of them, then the halves change places. */
function reverseBytes<V>(x: Semantics<V>): V {
  const exchange = (v: V, by: bigint, mask: bigint): V =>
    x.or(x.shl(x.and(v, x.constant(mask)), x.constant(by)), x.and(x.shrU(v, x.constant(by)), x.constant(mask)));
  const pairs = x.keep(exchange(x.rs1(), 8n, 0x00ff_00ff_00ff_00ffn));
  return x.rotr(exchange(pairs, 16n, 0x0000_ffff_0000_ffffn), x.constant(32n));
}

const basic: readonly Insn[] = [
  insn('andn', R(OP, 0b111, LOGIC_NOT), zbb, (x) => x.setRd(x.and(x.rs1(), x.xor(x.rs2(), x.constant(-1n))))),
  insn('orn', R(OP, 0b110, LOGIC_NOT), zbb, (x) => x.setRd(x.or(x.rs1(), x.xor(x.rs2(), x.constant(-1n))))),
  insn('xnor', R(OP, 0b100, LOGIC_NOT), zbb, (x) => x.setRd(x.xor(x.xor(x.rs1(), x.rs2()), x.constant(-1n)))),

  insn('clz', Unary(OP_IMM, 0b001, COUNT, 0), zbb, (x) => x.setRd(x.clz(x.rs1()))),
  insn('ctz', Unary(OP_IMM, 0b001, COUNT, 1), zbb, (x) => x.setRd(x.ctz(x.rs1()))),
  insn('cpop', Unary(OP_IMM, 0b001, COUNT, 2), zbb, (x) => x.setRd(x.popcount(x.rs1()))),
  insn('clzw', Unary(OP_IMM_32, 0b001, COUNT, 0), zbb, (x) =>
    x.setRd(x.sub(x.clz(x.zext32(x.rs1())), x.constant(32n))),
  ),
  // A bit above the word ends the count for zero.
  insn('ctzw', Unary(OP_IMM_32, 0b001, COUNT, 1), zbb, (x) => x.setRd(x.ctz(x.or(x.rs1(), x.constant(1n << 32n))))),
  insn('cpopw', Unary(OP_IMM_32, 0b001, COUNT, 2), zbb, (x) => x.setRd(x.popcount(x.zext32(x.rs1())))),

  insn('min', R(OP, 0b100, MIN_MAX), zbb, (x) => x.setRd(x.select(less(x, true), x.rs1(), x.rs2()))),
  insn('minu', R(OP, 0b101, MIN_MAX), zbb, (x) => x.setRd(x.select(less(x, false), x.rs1(), x.rs2()))),
  insn('max', R(OP, 0b110, MIN_MAX), zbb, (x) => x.setRd(x.select(less(x, true), x.rs2(), x.rs1()))),
  insn('maxu', R(OP, 0b111, MIN_MAX), zbb, (x) => x.setRd(x.select(less(x, false), x.rs2(), x.rs1()))),

  insn('sext.b', Unary(OP_IMM, 0b001, COUNT, 4), zbb, (x) => x.setRd(x.sext8(x.rs1()))),
  insn('sext.h', Unary(OP_IMM, 0b001, COUNT, 5), zbb, (x) => x.setRd(x.sext16(x.rs1()))),
  insn('zext.h', Unary(OP_32, 0b100, ADD_UW, 0), zbb, (x) => x.setRd(x.and(x.rs1(), x.constant(0xffffn)))),

  insn('rol', R(OP, 0b001, ROTATE), zbb, (x) => x.setRd(x.rotr(x.rs1(), x.sub(x.constant(0n), x.rs2())))),
  insn('ror', R(OP, 0b101, ROTATE), zbb, (x) => x.setRd(x.rotr(x.rs1(), x.rs2()))),
  insn('rori', Shift6(0b101, 0b011000), zbb, (x) => x.setRd(x.rotr(x.rs1(), x.imm()))),
  insn('rolw', R(OP_32, 0b001, ROTATE), zbb, (x) => x.setRd(rotateWord(x, x.sub(x.constant(0n), x.rs2())))),
  insn('rorw', R(OP_32, 0b101, ROTATE), zbb, (x) => x.setRd(rotateWord(x, x.rs2()))),
  insn('roriw', Shift5(0b101, ROTATE), zbb, (x) => x.setRd(rotateWord(x, x.imm()))),

  insn('orc.b', Unary(OP_IMM, 0b101, 0b0010100, 7), zbb, (x) => x.setRd(orCombine(x))),
  insn('rev8', Unary(OP_IMM, 0b101, 0b0110101, 24), zbb, (x) => x.setRd(reverseBytes(x))),
];

/** The bit that the low six bits of `index` name. */
function bit<V>(x: Semantics<V>, index: V): V {
  return x.shl(x.constant(1n), index);
}

type BitOperation = <V>(x: Semantics<V>, index: V) => V;
const clear: BitOperation = (x, index) => x.and(x.rs1(), x.xor(bit(x, index), x.constant(-1n)));
const extract: BitOperation = (x, index) => x.and(x.shrU(x.rs1(), index), x.constant(1n));
const invert: BitOperation = (x, index) => x.xor(x.rs1(), bit(x, index));
const setBit: BitOperation = (x, index) => x.or(x.rs1(), bit(x, index));

const singleBit: readonly Insn[] = (
  [
    ['bclr', 0b001, BCLR, clear],
    ['bext', 0b101, BCLR, extract],
    ['binv', 0b001, BINV, invert],
    ['bset', 0b001, BSET, setBit],
  ] as const
).flatMap(([name, funct3, funct7, operation]) => [
  insn(name, R(OP, funct3, funct7), zbs, (x) => x.setRd(operation(x, x.rs2()))),
  insn(`${name}i`, Shift6(funct3, funct7 >> 1), zbs, (x) => x.setRd(operation(x, x.imm()))),
]);

export const rvZb: readonly Insn[] = [...addressGeneration, ...basic, ...singleBit];
