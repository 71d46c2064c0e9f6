/*
 * Accesses on behalf of the trapped mode. mstatus.MPRV makes the one load or store between the two mstatus writes use
 * MPP and MPV: the trapped mode's translation, both stages if it was a guest, and its PMP view.
 * mtvec points at `expected` meanwhile; a fault there leaves its description in *fault and resumes after the access.
 *
 * Arguments: a0 = address, last = struct trap_info *fault {cause, tval, tval2, tinst, gva}.
 */
#include "csr.h"

/* ACCESS insn, extra: t0 = mstatus bits to set meanwhile */
.macro GUARDED fault, bits:vararg
    li t0, \bits
    la t1, expected
    csrrw t1, CSR_MTVEC, t1         /* t1 = old vector */
    li t2, -1
    sd t2, 0(\fault)
    mv t3, \fault
    csrrs t0, CSR_MSTATUS, t0       /* t0 = old mstatus */
    csrr t4, CSR_MEPC
.endm
.macro GUARDED_END
    csrw CSR_MSTATUS, t0
    csrw CSR_MTVEC, t1
    csrw CSR_MEPC, t4
.endm

.section .text
.globl unprivileged_load_byte
unprivileged_load_byte:
    mv a2, a0
    li a0, 0
    GUARDED a1, MSTATUS_MPRV
    .option push
    .option norvc
    lbu a0, (a2)
    .option pop
    GUARDED_END
    ret

.globl unprivileged_store_byte
unprivileged_store_byte:
    GUARDED a2, MSTATUS_MPRV
    .option push
    .option norvc
    sb a1, (a0)
    .option pop
    GUARDED_END
    ret

.globl unprivileged_fetch_half
unprivileged_fetch_half:
    mv a2, a0
    li a0, 0
    GUARDED a1, MSTATUS_MPRV | MSTATUS_MXR
    .option push
    .option norvc
    lhu a0, (a2)
    .option pop
    GUARDED_END
    ret

/* t3 = struct trap_info *. The access is 4 bytes long; mret returns to M-mode behind it (MPP = M by the trap; the caller
   restores mstatus as a whole from t0). */
.balign 4
expected:
    csrr t5, CSR_MCAUSE
    sd t5, 0(t3)
    csrr t5, CSR_MTVAL
    sd t5, 8(t3)
    csrr t5, CSR_MTVAL2
    sd t5, 16(t3)
    csrr t5, CSR_MTINST
    sd t5, 24(t3)
    csrr t5, CSR_MSTATUS
    srli t5, t5, 38                 /* GVA */
    andi t5, t5, 1
    sb t5, 32(t3)
    csrr t5, CSR_MEPC
    addi t5, t5, 4
    csrw CSR_MEPC, t5
    mret
