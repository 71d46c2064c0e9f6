# Bare machine mode: a stack, then main; its result tells the test finisher pass (0) or fail.
# Hart n runs the image that was linked for it, n * HART_BYTES behind that of hart 0; all begin in the first one.
    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    li t1, HART
    beq t0, t1, 1f
    sub t0, t0, t1
    li t1, HART_BYTES
    mul t0, t0, t1
    la t1, _start
    add t1, t1, t0
    jr t1
1:  la sp, stack_top
    call main
    li t0, 0x100000
    li t1, 0x5555
    beqz a0, 2f
    li t1, 0x13333
2:  sw t1, 0(t0)
3:  wfi
    j 3b
