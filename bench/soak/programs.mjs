// Programs of the soak test that never end.
export const BUSY = `
    la   s0, data
    li   s1, 64
outer:
    li   s2, 512
    mv   s3, s0
loop:
    ld   a0, 0(s3)
    mul  a1, a0, s2
    xor  a0, a0, a1
    andi a2, a0, 7
    beqz a2, skip
    sd   a0, 0(s3)
skip:
    addi s3, s3, 8
    addi s2, s2, -1
    bnez s2, loop
    j    outer
.align 12
data:
`;

export const IDLE = `
    la   t0, handler
    csrw mtvec, t0
    li   s0, 0x02004000
    li   s1, 0x0200bff8
    ld   t0, 0(s1)
    addi t0, t0, 1000
    sd   t0, 0(s0)
    li   t0, 0x80
    csrw mie, t0
    csrsi mstatus, 8
rest: wfi
    j    rest
.align 2
handler:
    ld   t0, 0(s1)
    addi t0, t0, 1000
    sd   t0, 0(s0)
    mret
`;

/** In each of 32 pages, again and again: a loop of three new instructions, executed often enough to be compiled. */
export const REWRITING = `
    la   s0, code
again:
    li   s2, 32
    mv   s3, s0
page:
    andi t1, s5, 0x3ff
    slli t1, t1, 20
    li   t0, 0x00050513
    or   t0, t0, t1
    sw   t0, 0(s3)
    li   t0, 0xfff58593
    sw   t0, 4(s3)
    li   t0, 0xfe059ce3
    sw   t0, 8(s3)
    li   t0, 0x00008067
    sw   t0, 12(s3)
    fence.i
    li   a1, 4000
    jalr ra, 0(s3)
    li   t0, 4096
    add  s3, s3, t0
    addi s2, s2, -1
    bnez s2, page
    addi s5, s5, 1
    j    again
.align 12
code:
`;
