/**
 * Programs of several harts for the skew report: what each hart leaves in its word of `figures` are the cycles of its part, the second time
 * round, when code and data are warm.
 */

export interface SkewProgram {
  readonly name: string;
  readonly harts: number;
  /** Harts have memory of their own, with timers or without, or wait for one another: then turns must be short (docs/timing-model.md). */
  readonly kind: 'private' | 'timers' | 'waiting';
  readonly source: string;
}

/** Rounds of the programs whose harts wait for one another. */
const ROUNDS = 50;

/** Every hart measures `body`; hart 0 ends the machine when all have. mhartid is in a0, the hart's own 8 MiB begin at s0. */
function inParallel(harts: number, body: string): string {
  return `
    li   t0, 0x812000
    addi t1, a0, 1
    mul  t0, t0, t1
    li   s0, 0x80000000
    add  s0, s0, t0
    li   s10, 2
measure:
    csrr s11, mcycle
${body}
    addi s10, s10, -1
    bnez s10, measure
    csrr t0, mcycle
    sub  t0, t0, s11
    la   t1, figures
    slli t2, a0, 3
    add  t1, t1, t2
    sd   t0, 0(t1)
    fence
    la   t1, done
    li   t2, 1
    amoadd.d x0, t2, (t1)
    bnez a0, asleep
    li   t3, ${harts}
others: ld t2, 0(t1)
    bne  t2, t3, others
    li   t6, 0x100000
    li   t5, 0x5555
    sw   t5, 0(t6)
asleep: wfi
    j asleep
.align 6
done: .zero 64
figures: .zero 64
`;
}

/**
 * A chain of multiplicative random addresses over 2^`bits` bytes, a store every fourth access, and some arithmetic. The hart's number is in
 * a0, its memory begins at s0.
 */
export const randomAccesses = (rounds: number, bits: number): string => `
    li   s1, ${rounds}
    li   s2, ${(1 << bits) - 8}
    addi s3, a0, 1234
    li   s4, 0x5851f42d4c957f2d
walk:
    mul  s3, s3, s4
    addi s3, s3, 1013
    srli t0, s3, 20
    and  t0, t0, s2
    add  t0, t0, s0
    ld   t1, 0(t0)
    add  s5, s5, t1
    xor  s5, s5, s3
    andi t2, s1, 3
    bnez t2, next
    sd   s5, 0(t0)
next:
    addi s1, s1, -1
    bnez s1, walk
`;

/**
 * Lines that no hart has had: what is present depends on nobody, so nothing but the order in which requests are answered can make a difference.
 */
const newLines = (rounds: number): string => `
    li   s1, ${rounds}
walk:
    ld   t1, 0(s0)
    add  s5, s5, t1
    addi s0, s0, 192
    addi s1, s1, -1
    bnez s1, walk
`;

/**
 * Random accesses, but what is measured are the cycles that timer interrupts, one every eighth tick of 3200 cycles, come behind their time:
 * s6 is their sum.
 */
const timers = (rounds: number, bits: number): string => `
    la   t0, timer
    csrw mtvec, t0
    li   s6, 0
    li   s7, 0x2004000
    slli t0, a0, 3
    add  s7, s7, t0
    csrr t0, mcycle
    li   t1, 3200
    divu t0, t0, t1
    addi s8, t0, 8
    sd   s8, 0(s7)
    li   t0, 128
    csrs mie, t0
    csrsi mstatus, 8
${randomAccesses(rounds, bits)}
    csrci mstatus, 8
    csrr s11, mcycle
    sub  s11, s11, s6
    j    timed
.align 2
timer:
    csrr s9, mcycle
    li   t5, 3200
    mul  t6, s8, t5
    sub  t6, s9, t6
    add  s6, s6, t6
    divu t6, s9, t5
    addi s8, t6, 8
    sd   s8, 0(s7)
    mret
timed:
`;

/** Hart 0 posts a round, hart 1 answers; both spin on a word of their own line. */
const PING_PONG = `
    li   s1, ${ROUNDS}
    la   s2, ping
    la   s3, pong
    bnez a0, answer
ask:
    sd   s1, 0(s2)
wait0: ld t1, 0(s3)
    bne  t1, s1, wait0
    addi s1, s1, -1
    bnez s1, ask
    j    played
answer:
wait1: ld t1, 0(s2)
    bne  t1, s1, wait1
    sd   s1, 0(s3)
    addi s1, s1, -1
    bnez s1, answer
    j    played
.align 6
ping: .zero 64
pong: .zero 64
played:
`;

/** Hart 0 sends an IPI, hart 1 wakes from WFI and sends one back. */
const IPIS = `
    li   t0, 8
    csrw mie, t0
    li   s1, ${ROUNDS}
    li   s2, 0x2000000
    slli t0, a0, 2
    add  s3, s2, t0
    xori t0, a0, 1
    slli t0, t0, 2
    add  s4, s2, t0
    li   s5, 1
    bnez a0, sleep
send:
    sw   s5, 0(s4)
sleep:
    wfi
    csrr t1, mip
    andi t1, t1, 8
    beqz t1, sleep
    sw   x0, 0(s3)
    addi s1, s1, -1
    bnez s1, send
    beqz a0, ended
    sw   s5, 0(s4)
ended:
`;

const inMemory = (name: string, rounds: number, bits: number): SkewProgram => ({
  name,
  harts: 4,
  kind: 'private',
  source: inParallel(4, randomAccesses(rounds, bits)),
});

const waiting = (name: string, body: string): SkewProgram => ({
  name,
  harts: 2,
  kind: 'waiting',
  source: inParallel(2, body),
});

export const skewPrograms: readonly SkewProgram[] = [
  inMemory('four harts in their L1', 6000, 13),
  inMemory('four harts in the L2', 6000, 16),
  inMemory('four harts in the LLC', 3000, 20),
  inMemory('four harts in LLC and DRAM', 3000, 21),
  inMemory('four harts in the DRAM', 2000, 22),
  { name: 'four harts, lines that no hart has had', harts: 4, kind: 'private', source: inParallel(4, newLines(3000)) },
  {
    name: 'four harts in the DRAM, lateness of timers',
    harts: 4,
    kind: 'timers',
    source: inParallel(4, timers(2000, 22)),
  },
  waiting('two harts, a word in memory', PING_PONG),
  waiting('two harts, interrupts and WFI', IPIS),
];
