/*
 * VS-mode, paging off, first instruction of the guest: a0 = hart id, a1 = device tree; nothing else is defined.
 * main(device tree) returns the exit code.
 */
#include "guest_sbi.h"
#include "csr.h"

    .section .text.start, "ax"
    .globl _start
_start:
    la sp, bare_stack_top
    la t0, unexpected_trap
    csrw CSR_STVEC, t0
    mv a0, a1
    call main
    bnez a0, 1f
    li a7, SBI_LEGACY_SHUTDOWN
    ecall
1:  li a7, SBI_TEST_FAILED /* a0 = the code */
    ecall
    /* A hypervisor that does not know the call (Linux's KVM): shut down for "system failure". */
    li a7, SBI_EXT_SRST
    li a6, 0
    li a0, 0
    li a1, 1
    ecall
2:  j 2b

/* A guest that expects interrupts points stvec at its own handler. Code 99 says that no main() chose it. */
    .balign 4
unexpected_trap:
    li a0, 99
    j 1b
