/* U-mode. Entry: sp as Linux lays it out, all else undefined. */
.section .text.start, "ax"
.globl _start
_start:
    ld a0, 0(sp)
    addi a1, sp, 8
    andi sp, sp, -16
    call main
    li a7, 94
    ecall

/* s64 syscall(a, b, c, d, e, f, number) */
.globl syscall
syscall:
    mv a7, a6
    ecall
    ret

/* s64 thread_create(stack_top a0, alive a1, function a2, argument a3) */
.globl thread_create
thread_create:
    mv t0, a0
    mv t1, a1
    mv t2, a2
    mv t3, a3
    li a0, 0x3d0f00                 /* VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID */
    mv a1, t0
    mv a2, t1                       /* parent's view of the id */
    li a3, 0                        /* tls */
    mv a4, t1
    li a7, 220
    ecall
    bnez a0, 1f
    mv a0, t3
    jalr t2
    li a0, 0
    li a7, 93
    ecall
1:  ret
