/* U-mode. Entry: sp as Linux lays it out (argc, argv, 0, 0, auxv), all else undefined. */
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
