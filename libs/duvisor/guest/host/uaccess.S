/*
 * u64 copy_user(void *dst, const void *src, u64 n): copy with one side in user memory; returns the bytes not copied.
 * sstatus.SUM is set by the caller. Every access has an entry in .extable: on a fault that cannot be served the trap
 * handler continues at `fault`.
 */
#include "csr.h"

.macro MAY_FAULT insn:vararg
9:  \insn
    .pushsection .extable, "a"
    .balign 8
    .dword 9b, fault
    .popsection
.endm

.section .text
.globl copy_user
copy_user:
    beqz a2, 3f
    or t0, a0, a1
    andi t0, t0, 7
    bnez t0, 2f                     /* not both aligned: bytes */
    li t1, 8
1:  bltu a2, t1, 2f
    MAY_FAULT ld t0, (a1)
    MAY_FAULT sd t0, (a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    j 1b
2:  beqz a2, 3f
    MAY_FAULT lbu t0, (a1)
    MAY_FAULT sb t0, (a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 2b
3:  li a0, 0
    ret
fault:
    mv a0, a2
    ret
