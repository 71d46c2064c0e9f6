/*
 * Reads guest code as the guest would fetch it. HS-mode, interrupts off, hstatus = the guest's (SPVP says as whom),
 * stvec = unpriv_trap: a fault of the read is noted instead of being the kernel's own.
 *
 * unpriv_fetch(a0 = struct kvm_trap *, a1 = guest virtual address) returns the 2 or 4 bytes of the instruction.
 */
#include "csr.h"
#include "kvm/offsets.h"

    .option norvc
    .text
    .globl unpriv_fetch
unpriv_fetch:
    .insn r 0x73, 4, 0x32, a2, a1, x3 /* hlvx.hu a2, (a1) */
    andi a3, a2, 3
    addi a3, a3, -3
    bnez a3, 1f
    addi a1, a1, 2
    .insn r 0x73, 4, 0x32, a3, a1, x3 /* hlvx.hu a3, (a1): the upper half may lie in the next page */
    slli a3, a3, 16
    or a2, a2, a3
1:  mv a0, a2
    ret

/* The read trapped: write down why, go on behind it. a0 = struct kvm_trap *; a3 and a4 are free here. */
    .balign 4
    .globl unpriv_trap
unpriv_trap:
    csrr a4, CSR_SEPC
    sd a4, TRAP_SEPC(a0)
    addi a4, a4, 4
    csrw CSR_SEPC, a4
    csrr a4, CSR_SCAUSE
    sd a4, TRAP_SCAUSE(a0)
    csrr a4, CSR_STVAL
    sd a4, TRAP_STVAL(a0)
    csrr a4, CSR_HTVAL
    sd a4, TRAP_HTVAL(a0)
    csrr a4, CSR_HTINST
    sd a4, TRAP_HTINST(a0)
    li a2, 0
    li a3, 0
    sret
