/** RV64I: Unprivileged ISA ch. 2 "RV32I" and ch. 4 "RV64I". */
import { ACCESS_UNSIGNED } from '../hart/layout.js';
import { B, I, J, Jalr, Load, R, S, Shift5, Shift6, U, insn, opcode, type Insn } from './insn.js';

const { OP, OP_32, OP_IMM, OP_IMM_32, LUI, AUIPC, JAL } = opcode;
const alu = { extension: 'i', latency: 'alu' } as const;
const load = { extension: 'i', latency: 'load' } as const;
const loadSub = { extension: 'i', latency: 'load-sub' } as const;
const store = { extension: 'i', latency: 'store' } as const;
const branch = { extension: 'i', latency: 'branch' } as const;

const BYTE = 0;
const HALF = 1;
const WORD = 2;
const DOUBLE = 3;

export const rvI: readonly Insn[] = [
  insn('lui', U(LUI), alu, (x) => x.setRd(x.imm())),
  insn('auipc', U(AUIPC), alu, (x) => x.setRd(x.add(x.pc(), x.imm()))),
  insn('jal', J(JAL), { extension: 'i', latency: 'jump' }, (x) => {
    x.setRd(x.nextPc());
    x.jump(x.add(x.pc(), x.imm()));
  }),
  insn('jalr', Jalr(), { extension: 'i', latency: 'jalr' }, (x) => {
    const target = x.keep(x.and(x.add(x.rs1(), x.imm()), x.constant(~1n)));
    x.setRd(x.nextPc());
    x.jumpIndirect(target);
  }),

  insn('beq', B(0b000), branch, (x) => x.branch(x.eq(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),
  insn('bne', B(0b001), branch, (x) => x.branch(x.ne(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),
  insn('blt', B(0b100), branch, (x) => x.branch(x.ltS(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),
  insn('bge', B(0b101), branch, (x) => x.branch(x.geS(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),
  insn('bltu', B(0b110), branch, (x) => x.branch(x.ltU(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),
  insn('bgeu', B(0b111), branch, (x) => x.branch(x.geU(x.rs1(), x.rs2()), x.add(x.pc(), x.imm()))),

  insn('lb', Load(0b000), loadSub, (x) => x.setRd(x.load(BYTE, x.add(x.rs1(), x.imm())))),
  insn('lh', Load(0b001), loadSub, (x) => x.setRd(x.load(HALF, x.add(x.rs1(), x.imm())))),
  insn('lw', Load(0b010), load, (x) => x.setRd(x.load(WORD, x.add(x.rs1(), x.imm())))),
  insn('ld', Load(0b011), load, (x) => x.setRd(x.load(DOUBLE, x.add(x.rs1(), x.imm())))),
  insn('lbu', Load(0b100), loadSub, (x) => x.setRd(x.load(BYTE | ACCESS_UNSIGNED, x.add(x.rs1(), x.imm())))),
  insn('lhu', Load(0b101), loadSub, (x) => x.setRd(x.load(HALF | ACCESS_UNSIGNED, x.add(x.rs1(), x.imm())))),
  insn('lwu', Load(0b110), load, (x) => x.setRd(x.load(WORD | ACCESS_UNSIGNED, x.add(x.rs1(), x.imm())))),

  insn('sb', S(0b000), store, (x) => x.store(BYTE, x.add(x.rs1(), x.imm()), x.rs2())),
  insn('sh', S(0b001), store, (x) => x.store(HALF, x.add(x.rs1(), x.imm()), x.rs2())),
  insn('sw', S(0b010), store, (x) => x.store(WORD, x.add(x.rs1(), x.imm()), x.rs2())),
  insn('sd', S(0b011), store, (x) => x.store(DOUBLE, x.add(x.rs1(), x.imm()), x.rs2())),

  insn('addi', I(OP_IMM, 0b000), alu, (x) => x.setRd(x.add(x.rs1(), x.imm()))),
  insn('slti', I(OP_IMM, 0b010), alu, (x) => x.setRd(x.ltS(x.rs1(), x.imm()))),
  insn('sltiu', I(OP_IMM, 0b011), alu, (x) => x.setRd(x.ltU(x.rs1(), x.imm()))),
  insn('xori', I(OP_IMM, 0b100), alu, (x) => x.setRd(x.xor(x.rs1(), x.imm()))),
  insn('ori', I(OP_IMM, 0b110), alu, (x) => x.setRd(x.or(x.rs1(), x.imm()))),
  insn('andi', I(OP_IMM, 0b111), alu, (x) => x.setRd(x.and(x.rs1(), x.imm()))),
  insn('slli', Shift6(0b001, 0b000000), alu, (x) => x.setRd(x.shl(x.rs1(), x.imm()))),
  insn('srli', Shift6(0b101, 0b000000), alu, (x) => x.setRd(x.shrU(x.rs1(), x.imm()))),
  insn('srai', Shift6(0b101, 0b010000), alu, (x) => x.setRd(x.shrS(x.rs1(), x.imm()))),

  insn('add', R(OP, 0b000, 0b0000000), alu, (x) => x.setRd(x.add(x.rs1(), x.rs2()))),
  insn('sub', R(OP, 0b000, 0b0100000), alu, (x) => x.setRd(x.sub(x.rs1(), x.rs2()))),
  insn('sll', R(OP, 0b001, 0b0000000), alu, (x) => x.setRd(x.shl(x.rs1(), x.rs2()))),
  insn('slt', R(OP, 0b010, 0b0000000), alu, (x) => x.setRd(x.ltS(x.rs1(), x.rs2()))),
  insn('sltu', R(OP, 0b011, 0b0000000), alu, (x) => x.setRd(x.ltU(x.rs1(), x.rs2()))),
  insn('xor', R(OP, 0b100, 0b0000000), alu, (x) => x.setRd(x.xor(x.rs1(), x.rs2()))),
  insn('srl', R(OP, 0b101, 0b0000000), alu, (x) => x.setRd(x.shrU(x.rs1(), x.rs2()))),
  insn('sra', R(OP, 0b101, 0b0100000), alu, (x) => x.setRd(x.shrS(x.rs1(), x.rs2()))),
  insn('or', R(OP, 0b110, 0b0000000), alu, (x) => x.setRd(x.or(x.rs1(), x.rs2()))),
  insn('and', R(OP, 0b111, 0b0000000), alu, (x) => x.setRd(x.and(x.rs1(), x.rs2()))),

  // 32-bit operations: the result is the sign extension of the low word.
  insn('addiw', I(OP_IMM_32, 0b000), alu, (x) => x.setRd(x.sext32(x.add(x.rs1(), x.imm())))),
  insn('slliw', Shift5(0b001, 0b0000000), alu, (x) => x.setRd(x.sext32(x.shl(x.rs1(), x.imm())))),
  insn('srliw', Shift5(0b101, 0b0000000), alu, (x) => x.setRd(x.sext32(x.shrU(x.zext32(x.rs1()), x.imm())))),
  insn('sraiw', Shift5(0b101, 0b0100000), alu, (x) => x.setRd(x.shrS(x.sext32(x.rs1()), x.imm()))),
  insn('addw', R(OP_32, 0b000, 0b0000000), alu, (x) => x.setRd(x.sext32(x.add(x.rs1(), x.rs2())))),
  insn('subw', R(OP_32, 0b000, 0b0100000), alu, (x) => x.setRd(x.sext32(x.sub(x.rs1(), x.rs2())))),
  insn('sllw', R(OP_32, 0b001, 0b0000000), alu, (x) =>
    x.setRd(x.sext32(x.shl(x.rs1(), x.and(x.rs2(), x.constant(31n))))),
  ),
  insn('srlw', R(OP_32, 0b101, 0b0000000), alu, (x) =>
    x.setRd(x.sext32(x.shrU(x.zext32(x.rs1()), x.and(x.rs2(), x.constant(31n))))),
  ),
  insn('sraw', R(OP_32, 0b101, 0b0100000), alu, (x) =>
    x.setRd(x.shrS(x.sext32(x.rs1()), x.and(x.rs2(), x.constant(31n)))),
  ),
];
