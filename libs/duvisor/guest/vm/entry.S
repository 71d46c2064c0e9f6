/*
 * Traps. Comes here from U-mode with sscratch = the process's frame on top of its kernel stack, and, by mistake only, from
 * the kernel itself with sscratch = 0. Page table: the process's, which holds the kernel's half. Live: every register.
 * The kernel runs with interrupts off: it takes them from U-mode here, and when idle by looking (process.c).
 */
#include "csr.h"
#include "vm-offsets.h"

.section .text
.balign 4
.globl trap_entry
trap_entry:
    csrrw sp, CSR_SSCRATCH, sp
    beqz sp, from_kernel
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8*\n(sp)
    .endr
    csrrw t0, CSR_SSCRATCH, zero    /* 0 = in the kernel; t0 = the process's sp */
    csrr t1, CSR_SEPC
    sd t0, 16(sp)
    sd t1, 0(sp)
    mv a0, sp
    call trap_user                  /* (frame) */

/* Also the first instruction of a process's own thread in the kernel; sp = its frame. */
.globl return_to_user
return_to_user:
    ld t1, 0(sp)
    sc.d zero, t1, 0(sp)            /* ends a reservation held by whatever ran before */
    csrw CSR_SEPC, t1
    csrw CSR_SSCRATCH, sp
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, 8*\n(sp)
    .endr
    ld sp, 16(sp)
    sret

from_kernel:                        /* sscratch = the kernel's sp at the trap */
    la sp, boot_stack_top
    mv a1, ra
    csrrw a0, CSR_SSCRATCH, zero
    call trap_kernel                /* (sp, ra); does not return */

/* void switch_context(struct context *from, const struct context *to): ra, sp, s0..s11 in this order. */
.globl switch_context
switch_context:
    sd ra, 0(a0)
    sd sp, 8(a0)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd s\n, 16+8*\n(a0)
    .endr
    ld ra, 0(a1)
    ld sp, 8(a1)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld s\n, 16+8*\n(a1)
    .endr
    ret
