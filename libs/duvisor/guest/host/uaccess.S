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
    li t1, 8
0:  andi t0, a0, 7                  /* bytes up to the first word of the destination */
    beqz t0, 1f
    beqz a2, 3f
    MAY_FAULT lbu t0, (a1)
    MAY_FAULT sb t0, (a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 0b
1:  andi t2, a1, 7
    bnez t2, 4f
1:  bltu a2, t1, 2f
    MAY_FAULT ld t0, (a1)
    MAY_FAULT sd t0, (a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    j 1b
4:  bltu a2, t1, 2f                 /* the source lies t2 bytes behind a word: each word from two of its words */
    sub a1, a1, t2
    slli t3, t2, 3
    neg t4, t3                      /* shifts count modulo 64 */
    MAY_FAULT ld t5, (a1)
5:  MAY_FAULT ld t6, 8(a1)
    srl t5, t5, t3
    sll t0, t6, t4
    or t0, t0, t5
    MAY_FAULT sd t0, (a0)
    mv t5, t6
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t1, 5b
    add a1, a1, t2
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
