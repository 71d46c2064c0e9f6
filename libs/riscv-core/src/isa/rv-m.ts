/** M: integer multiplication and division (Unprivileged ISA, "M" Extension). */
import { R, insn, opcode, type Insn } from './insn.js';

const { OP, OP_32 } = opcode;
const MULDIV = 0b0000001;
const mul = { extension: 'm', latency: 'mul' } as const;
const mulh = { extension: 'm', latency: 'mulh' } as const;
const mulw = { extension: 'm', latency: 'mulw' } as const;
const div = { extension: 'm', latency: 'div' } as const;
const divw = { extension: 'm', latency: 'divw' } as const;

export const rvM: readonly Insn[] = [
  insn('mul', R(OP, 0b000, MULDIV), mul, (x) => x.setRd(x.mul(x.rs1(), x.rs2()))),
  insn('mulh', R(OP, 0b001, MULDIV), mulh, (x) => x.setRd(x.mulhS(x.rs1(), x.rs2()))),
  insn('mulhsu', R(OP, 0b010, MULDIV), mulh, (x) => x.setRd(x.mulhSU(x.rs1(), x.rs2()))),
  insn('mulhu', R(OP, 0b011, MULDIV), mulh, (x) => x.setRd(x.mulhU(x.rs1(), x.rs2()))),
  insn('div', R(OP, 0b100, MULDIV), div, (x) => x.setRd(x.divS(x.rs1(), x.rs2()))),
  insn('divu', R(OP, 0b101, MULDIV), div, (x) => x.setRd(x.divU(x.rs1(), x.rs2()))),
  insn('rem', R(OP, 0b110, MULDIV), div, (x) => x.setRd(x.remS(x.rs1(), x.rs2()))),
  insn('remu', R(OP, 0b111, MULDIV), div, (x) => x.setRd(x.remU(x.rs1(), x.rs2()))),

  insn('mulw', R(OP_32, 0b000, MULDIV), mulw, (x) => x.setRd(x.sext32(x.mul(x.rs1(), x.rs2())))),
  insn('divw', R(OP_32, 0b100, MULDIV), divw, (x) => x.setRd(x.sext32(x.divS(x.sext32(x.rs1()), x.sext32(x.rs2()))))),
  insn('divuw', R(OP_32, 0b101, MULDIV), divw, (x) => x.setRd(x.sext32(x.divU(x.zext32(x.rs1()), x.zext32(x.rs2()))))),
  insn('remw', R(OP_32, 0b110, MULDIV), divw, (x) => x.setRd(x.sext32(x.remS(x.sext32(x.rs1()), x.sext32(x.rs2()))))),
  insn('remuw', R(OP_32, 0b111, MULDIV), divw, (x) => x.setRd(x.sext32(x.remU(x.zext32(x.rs1()), x.zext32(x.rs2()))))),
];
