/* Match and mask words of the loads and stores that may touch devices (Unprivileged ISA, ch. 2, 4, 28). */
#ifndef KVM_INSN_H
#define KVM_INSN_H

#define MASK_FUNCT3 0x707f
#define MATCH_LB 0x0003
#define MATCH_LH 0x1003
#define MATCH_LW 0x2003
#define MATCH_LD 0x3003
#define MATCH_LBU 0x4003
#define MATCH_LHU 0x5003
#define MATCH_LWU 0x6003
#define MATCH_SB 0x0023
#define MATCH_SH 0x1023
#define MATCH_SW 0x2023
#define MATCH_SD 0x3023

#define MASK_C 0xe003
#define MATCH_C_LW 0x4000
#define MATCH_C_LD 0x6000
#define MATCH_C_SW 0xc000
#define MATCH_C_SD 0xe000
#define MATCH_C_LWSP 0x4002
#define MATCH_C_LDSP 0x6002
#define MATCH_C_SWSP 0xc002
#define MATCH_C_SDSP 0xe002

#define MATCH_WFI 0x10500073

/* Register fields: rd and rs2 of a 32-bit instruction; the three-bit field and rs2 of compressed ones. */
#define RD(insn) ((insn) >> 7 & 31)
#define RS2(insn) ((insn) >> 20 & 31)
#define C_RS2S(insn) (8 + ((insn) >> 2 & 7))
#define C_RS2(insn) ((insn) >> 2 & 31)

#define INSN_LENGTH(insn) (((insn) & 3) == 3 ? 4 : 2)

#endif
