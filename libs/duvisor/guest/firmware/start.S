/*
 * Reset. Every hart comes here in M-mode, address translation off, a0 = hart id, a1 = device tree.
 * The first to win the lottery prepares the machine; the others wait for it and then park (hsm.c).
 */
#include "csr.h"
#include "firmware.h"

.section .text.start, "ax"
.globl _start
_start:
    csrw CSR_MIE, zero
    la t0, trap_entry
    csrw CSR_MTVEC, t0
    li t0, MAX_HARTS
    bgeu a0, t0, hang
    la sp, stacks
    addi t0, a0, 1
    slli t0, t0, STACK_SHIFT
    add sp, sp, t0                  /* top of this hart's stack */
    csrw CSR_MSCRATCH, sp           /* trap.S: stack while below M-mode */

    la t0, lottery
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez t1, 2f
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 3f
    sd zero, (t0)
    addi t0, t0, 8
    j 1b
3:  call boot_hart_main             /* (hart id, device tree); returns to nobody */
2:  la t0, machine_ready
    lw t0, (t0)
    fence r, rw
    beqz t0, 2b
    call other_hart_main            /* (hart id) */
hang:
    wfi
    j hang

/* void enter_supervisor(u64 a0, u64 a1, u64 pc): leave for HS-mode at pc with these arguments; the caller has set MPP. */
.globl enter_supervisor
enter_supervisor:
    csrw CSR_MEPC, a2
    mret

.data
.globl lottery
.balign 8
lottery: .word 0
.globl machine_ready
machine_ready: .word 0

.bss
.balign 16
.globl stacks
stacks: .skip MAX_HARTS << STACK_SHIFT
