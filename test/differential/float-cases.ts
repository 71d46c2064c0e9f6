/** Operands and instructions for comparing floating point: weighted to the corners of both formats. */
import { encode } from '../../libs/riscv-core/src/isa/encode.js';
import { hasRoundingMode, type Insn } from '../../libs/riscv-core/src/isa/insn.js';
import { instructions } from '../../libs/riscv-core/src/isa/table.js';
import type { Random } from './random.js';

/** Every F and D instruction that computes: no loads and stores. */
export const floatRows: readonly Insn[] = instructions.filter(
  ({ extension, format }) => (extension === 'f' || extension === 'd') && format !== 'f-load' && format !== 'f-store',
);

interface Layout {
  readonly exponentBits: number;
  readonly fractionBits: number;
}
const layout32: Layout = { exponentBits: 8, fractionBits: 23 };
const layout64: Layout = { exponentBits: 11, fractionBits: 52 };

/** A pattern whose exponent, and whose fraction, is near the end of its range as often as not. */
function pattern(random: Random, { exponentBits, fractionBits }: Layout): bigint {
  const top = (1 << exponentBits) - 1;
  const middle = top >> 1;
  const exponent = random.oneIn(2)
    ? random.pick([
        0,
        0,
        1,
        2,
        middle - 1,
        middle,
        middle + 1,
        middle + fractionBits,
        middle + 31,
        middle + 63,
        top - 1,
        top,
      ])
    : random.oneIn(2)
      ? middle - 60 + random.below(120)
      : random.below(top + 1);
  const ones = (1n << BigInt(fractionBits)) - 1n;
  const fraction = random.oneIn(2)
    ? random.pick([0n, 1n, 2n, ones, ones - 1n, 1n << BigInt(fractionBits - 1), (1n << BigInt(fractionBits - 1)) - 1n])
    : random.u64() & ones & (random.oneIn(2) ? ones : ones << BigInt(random.below(fractionBits)));
  const sign = random.oneIn(2) ? 1n << BigInt(exponentBits + fractionBits) : 0n;
  return sign | (BigInt(exponent) << BigInt(fractionBits)) | fraction;
}

const BOX = 0xffff_ffff_0000_0000n;

/** A floating-point register's content: binary64, a boxed binary32 number, now and then one that is not boxed properly. */
export function floatOperand(random: Random, single: boolean): bigint {
  if (random.oneIn(30)) return random.u64();
  return single ? BOX | pattern(random, layout32) : pattern(random, layout64);
}

export interface FloatCase {
  readonly row: Insn;
  readonly bits: number;
  /** Rounding mode in fcsr. */
  readonly frm: number;
  readonly operands: readonly [bigint, bigint, bigint];
  readonly integer: bigint;
}

/** `rd` is f10 or x10, the sources are f11, f12, f13 or x11. */
export function floatCase(random: Random, row: Insn): FloatCase {
  const frm = random.below(5);
  const rm = random.oneIn(2) ? 7 : random.below(5);
  const bits = encode(row, { rd: 10, rs1: 11, rs2: 12, rs3: 13, rm: hasRoundingMode(row) ? rm : 0 });
  const single =
    row.name === 'fcvt.d.s' || (row.name.includes('.s') && row.name !== 'fcvt.s.d') || row.name.includes('.w');
  const operand = (): bigint => floatOperand(random, single);
  const a = operand();
  // Near misses: an operand that almost cancels the other.
  const b = random.oneIn(6) ? a ^ (1n << 63n) ^ BigInt(random.below(4)) : operand();
  return { row, bits, frm, operands: [a, b, operand()], integer: random.interesting() };
}
