/*
 * Traps to M-mode. From below M-mode: mscratch = this hart's stack top, all registers belong to the interrupted mode.
 * M-mode itself never traps here on purpose (unprivileged.S swaps mtvec); if it does, mscratch is 0 and we stop.
 */
#include "csr.h"
#include "firmware.h"

#define FRAME_SIZE (34 * 8)

.section .text
.balign 4
.globl trap_entry
trap_entry:
    csrrw sp, CSR_MSCRATCH, sp
    beqz sp, trap_in_firmware
    addi sp, sp, -FRAME_SIZE
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8*\n(sp)
    .endr
    csrrw t0, CSR_MSCRATCH, zero    /* 0 = in firmware */
    sd t0, 8*2(sp)
    csrr t0, CSR_MEPC
    csrr t1, CSR_MSTATUS
    sd t0, 8*32(sp)
    sd t1, 8*33(sp)
    mv a0, sp
    call trap_handle                /* (struct frame *) */
    ld t0, 8*32(sp)
    ld t1, 8*33(sp)
    csrw CSR_MEPC, t0
    csrw CSR_MSTATUS, t1
    addi t0, sp, FRAME_SIZE
    csrw CSR_MSCRATCH, t0
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, 8*\n(sp)
    .endr
    ld sp, 8*2(sp)
    mret

trap_in_firmware:
    csrr sp, CSR_MSCRATCH           /* the stack we were on */
    csrr a0, CSR_MCAUSE
    csrr a1, CSR_MEPC
    call trap_unexpected
