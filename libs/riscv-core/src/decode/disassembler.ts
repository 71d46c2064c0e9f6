/** Instruction -> assembly text, in the spelling of the assembler. */
import { csrByNumber } from '../isa/csrs.js';
import { hasRoundingMode, registerUse, type RegisterField } from '../isa/insn.js';
import { floatRegisterNames, registerNames, roundingModes } from '../isa/registers.js';
import type { DecodedInsn } from './decoder.js';

function csrText(number: number): string {
  return csrByNumber(number)?.name ?? `0x${number.toString(16)}`;
}

function namesOf(field: RegisterField): readonly string[] {
  return field === 'f' ? floatRegisterNames : registerNames;
}

/** The dynamic mode is the usual one and is not written. */
function roundingText(raw: number): string {
  const mode = (raw >>> 12) & 7;
  return mode === 7 ? '' : `, ${roundingModes[mode] ?? mode}`;
}

/** `pc` turns branch offsets into absolute targets. Compressed instructions are shown as what they stand for, marked `c.`. */
export function disassemble(decoded: DecodedInsn, pc: bigint): string {
  const { insn, imm } = decoded;
  const use = registerUse[insn.format];
  const rd = namesOf(use.rd)[decoded.rd]!;
  const rs1 = namesOf(use.rs1)[decoded.rs1]!;
  const rs2 = namesOf(use.rs2)[decoded.rs2]!;
  const rs3 = floatRegisterNames[decoded.raw >>> 27]!;
  const mode = hasRoundingMode(insn) ? roundingText(decoded.raw) : '';
  const target = `0x${BigInt.asUintN(64, pc + BigInt(imm)).toString(16)}`;
  const operands = (): string => {
    switch (insn.format) {
      case 'R':
        return `${rd}, ${rs1}, ${rs2}`;
      case 'unary':
        return `${rd}, ${rs1}`;
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
      case 'f-load':
        return `${rd}, ${imm}(${rs1})`;
      case 'f-store':
        return `${rs2}, ${imm}(${rs1})`;
      case 'f-r':
      case 'f-compare':
        return `${rd}, ${rs1}, ${rs2}${mode}`;
      case 'f-r4':
        return `${rd}, ${rs1}, ${rs2}, ${rs3}${mode}`;
      case 'f-unary':
      case 'f-to-x':
      case 'x-to-f':
        return `${rd}, ${rs1}${mode}`;
      case 'fence':
      case 'none':
        return '';
    }
  };
  const name = decoded.compressed === undefined ? insn.name : decoded.compressed.name;
  return `${name} ${operands()}`.trim();
}
