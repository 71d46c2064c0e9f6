/*
 * Instructions of the DV extension as words the assembler does not know (dv-ext.md §§4, 6, 7): SYSTEM opcode, bit 31 set.
 * HULV*, HUFENCE* act on the guest of this hart; effective privilege is hustatus.UPVP.
 */
#ifndef GUEST_ACCESS_H
#define GUEST_ACCESS_H

#include "types.h"

/* HULVX.HU: two bytes of guest code. A stage-1 fault kills this process; a G-stage fault re-enters exit_vector with UPV=0. */
static inline u64 hulvx_hu(u64 gva) {
    u64 value;
    asm volatile(".insn r 0x73, 4, 0x72, %0, %1, x3" : "=r"(value) : "r"(gva) : "memory");
    return value;
}

/* HULV.D: eight bytes of guest data. */
static inline u64 hulv_d(u64 gva) {
    u64 value;
    asm volatile(".insn r 0x73, 4, 0x76, %0, %1, x0" : "=r"(value) : "r"(gva) : "memory");
    return value;
}

/* HUFENCE.VVMA x0, x0: all VS-stage translations of this hart. */
static inline void hufence_vvma_all(void) { asm volatile(".word 0xA2000073" ::: "memory"); }

#endif
