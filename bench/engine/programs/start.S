# Bare machine mode on hart 0: a stack, then main; its result tells the test finisher pass (0) or fail.
# Other harts run the same program on a copy of the data of their own: none here, so they sleep.
    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, sleep
    la sp, stack_top
    call main
    li t0, 0x100000
    li t1, 0x5555
    beqz a0, 1f
    li t1, 0x13333
1:  sw t1, 0(t0)
sleep:
    wfi
    j sleep
