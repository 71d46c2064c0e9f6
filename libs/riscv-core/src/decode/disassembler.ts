/** Instruction -> assembly text, in the spelling of the assembler. */
import { csrByNumber } from '../isa/csrs.js';
import { registerNames } from '../isa/registers.js';
import type { DecodedInsn } from './decoder.js';

function csrText(number: number): string {
  return csrByNumber(number)?.name ?? `0x${number.toString(16)}`;
}

/** `pc` turns branch offsets into absolute targets. Compressed instructions are shown as what they stand for, marked `c.`. */
export function disassemble(decoded: DecodedInsn, pc: bigint): string {
  const { insn, imm } = decoded;
  const rd = registerNames[decoded.rd]!;
  const rs1 = registerNames[decoded.rs1]!;
  const rs2 = registerNames[decoded.rs2]!;
  const target = `0x${BigInt.asUintN(64, pc + BigInt(imm)).toString(16)}`;
  const operands = (): string => {
    switch (insn.format) {
      case 'R':
        return `${rd}, ${rs1}, ${rs2}`;
      case 'I':
      case 'shift6':
      case 'shift5':
        return `${rd}, ${rs1}, ${imm}`;
      case 'load':
      case 'jalr':
        return `${rd}, ${imm}(${rs1})`;
      case 'S':
        return `${rs2}, ${imm}(${rs1})`;
      case 'B':
        return `${rs1}, ${rs2}, ${target}`;
      case 'U':
        return `${rd}, 0x${(imm >>> 12).toString(16)}`;
      case 'J':
        return `${rd}, ${target}`;
      case 'amo':
        return `${rd}, ${rs2}, (${rs1})`;
      case 'lr':
      case 'hlv':
        return `${rd}, (${rs1})`;
      case 'hsv':
        return `${rs2}, (${rs1})`;
      case 'csr':
        return `${rd}, ${csrText(imm)}, ${rs1}`;
      case 'csri':
        return `${rd}, ${csrText(imm)}, ${decoded.rs1}`;
      case 'rs1-rs2':
        return `${rs1}, ${rs2}`;
      case 'rd':
        return rd;
      case 'rs2':
        return rs2;
      case 'fence':
      case 'none':
        return '';
    }
  };
  const name = decoded.compressed === undefined ? insn.name : decoded.compressed.name;
  return `${name} ${operands()}`.trim();
}
