# Bare machine mode: memory of the hart's own, a stack at its end, then main; its result tells the test finisher pass (0) or fail.
    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    li t1, HART_BYTES
    mul t0, t0, t1
    li tp, MINE
    add tp, tp, t0
    add sp, tp, t1
    call main
    li t0, 0x100000
    li t1, 0x5555
    beqz a0, 1f
    li t1, 0x13333
1:  sw t1, 0(t0)
2:  wfi
    j 2b
