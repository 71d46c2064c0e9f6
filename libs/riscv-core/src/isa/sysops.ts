/** Operations that the core executes wholly (`system(h, op, rec)`). Shared with the AssemblyScript core: integer constants only. */
export const SYS_ECALL = 0;
export const SYS_EBREAK = 1;
export const SYS_MRET = 2;
export const SYS_SRET = 3;
/** dv-ext.md 4 */
export const SYS_URET = 4;
export const SYS_WFI = 5;
export const SYS_SFENCE_VMA = 6;
export const SYS_HFENCE_VVMA = 7;
export const SYS_HFENCE_GVMA = 8;
/** dv-ext.md 6 */
export const SYS_HUFENCE_VVMA = 9;
export const SYS_HUFENCE_GVMA = 10;
export const SYS_FENCE_I = 11;
/** CSR instructions: the CSR number is in bits 31:20 of the raw word, rs1/uimm in the record's rs1. */
export const SYS_CSRRW = 12;
export const SYS_CSRRS = 13;
export const SYS_CSRRC = 14;
export const SYS_CSRRWI = 15;
export const SYS_CSRRSI = 16;
export const SYS_CSRRCI = 17;
/** HLV.* : kind = ACCESS_* bits in the record's imm; HLVX = execute permission instead of read. */
export const SYS_HLV = 18;
export const SYS_HLVX = 19;
export const SYS_HSV = 20;
/** DV-ext spelling of the same with bit 31 set (dv-ext.md 7). */
export const SYS_HULV = 21;
export const SYS_HULVX = 22;
export const SYS_HUSV = 23;
/** The 0x77-opcode words of dv-ext.md 2.5 ([R]): the register is in the record's imm (DVREG_*). */
export const SYS_DV_READ = 24;
export const SYS_DV_WRITE = 25;
export const SYS_DV_SET = 26;
export const SYS_DV_CLEAR = 27;
export const SYS_ILLEGAL = 28;
/** SFENCE.W.INVAL, SFENCE.INVAL.IR: nothing but the right to execute them. */
export const SYS_SFENCE_INVAL = 29;

export const DVREG_VTIMECMP = 0;
export const DVREG_VTIMECTL = 1;
export const DVREG_VCPUID = 2;
export const DVREG_VIPI0 = 4;

/** Atomic operations: `amo(h, va, value, kindAndOp, rec)` gets log2(size) | op << 4. */
export const AMO_SWAP = 0;
export const AMO_ADD = 1;
export const AMO_XOR = 2;
export const AMO_AND = 3;
export const AMO_OR = 4;
export const AMO_MIN = 5;
export const AMO_MAX = 6;
export const AMO_MINU = 7;
export const AMO_MAXU = 8;
