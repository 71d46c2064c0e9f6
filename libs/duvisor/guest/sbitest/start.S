/*
 * HS-mode. _start: from the firmware on the boot hart; second_start: from HSM on the others, a1 = stack top.
 * Traps: only the ones a check provokes. trap_entry notes cause, tval and hstatus, skips a 4-byte instruction or
 * acknowledges the interrupt, and returns; all registers but t5 and t6 survive.
 */
#include "csr.h"

.section .text.start, "ax"
.globl _start
_start:
    la sp, boot_stack_top
    la t0, trap_entry
    csrw CSR_STVEC, t0
    call main                       /* (hart id, device tree) */
hang:
    wfi
    j hang

.globl second_start
second_start:
    mv sp, a1
    la t0, trap_entry
    csrw CSR_STVEC, t0
    call second_main                /* (hart id) */
    j hang

.balign 4
trap_entry:
    csrr t5, CSR_SCAUSE
    la t6, seen
    sd t5, 0(t6)
    bltz t5, 1f
    csrr t5, CSR_STVAL
    sd t5, 8(t6)
    csrr t5, CSR_SEPC
    sd t5, 16(t6)
    addi t5, t5, 4
    csrw CSR_SEPC, t5
    sret
1:  ld t5, 24(t6)
    addi t5, t5, 1
    sd t5, 24(t6)
    csrci CSR_SIP, 2                /* SSIP */
    li t5, 1 << IRQ_STI
    csrc CSR_SIE, t5                /* until the next set_timer */
    sret

.bss
.balign 16
    .skip 4096
boot_stack_top:
