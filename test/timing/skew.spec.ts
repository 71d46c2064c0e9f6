/** Several harts in turns: what the length Q of a turn does to cycle counts. Q = 1 is the reference (engine.md 4). */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import { PASS } from '../isa/program.js';

const ENTRY = 0x8000_0000n;
const LIMIT = 4_000_000;

/** Cycles that each hart took for its part: it leaves them in the word `figures` + 8 x hart. */
function figures(source: string, harts: number, quantum: number, timing = 'rocket'): number[] {
  const { bytes, symbols } = assemble(source, ENTRY);
  const config = resolveConfig({ machine: 'firesim', memoryBytes: 64 << 20, harts, quantum, timing });
  const raw = [{ name: 'program', bytes, address: ENTRY }];
  const { machine } = buildMachine(config, { raw, entry: ENTRY }, engineFactory('jit'), { write: () => undefined });
  const state = machine.run(LIMIT, LIMIT);
  if (state.kind !== 'finisher' || state.code !== 0n) throw new Error(`ended by ${state.kind}`);
  const at = symbols.get('figures')!;
  return Array.from({ length: harts }, (_, hart) => Number(machine.ram.u64(at + BigInt(8 * hart))));
}

/** Every hart measures `body`; hart 0 ends the machine when all have. mhartid is in a0, the hart's own 8 MiB begin at s0. Code and data are warm. */
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
    ${PASS}
asleep: wfi
    j asleep
.align 6
done: .zero 64
figures: .zero 64
`;
}

/** A chain of multiplicative random addresses over 2^`bits` bytes, a store every fourth access, and some arithmetic. */
const randomAccesses = (rounds: number, bits: number): string => `
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

describe('harts with memory of their own: longer turns against turns of 1', () => {
  // Bounds in percent for turns of 100 and of 1000 cycles. What is busy is kept by time; which row is open, as the last request left it.
  const cases = [
    { what: 'in the L1', rounds: 6000, bits: 13, at100: 0.1, at1000: 0.1 },
    { what: 'in the L2', rounds: 6000, bits: 16, at100: 1, at1000: 1 },
    { what: 'all four in the LLC at once', rounds: 3000, bits: 20, at100: 1, at1000: 3 },
    { what: 'all four in the DRAM at once', rounds: 2000, bits: 22, at100: 3, at1000: 3 },
  ];
  it.each(cases)('$what: within $at100 % and $at1000 %', ({ what, rounds, bits, at100, at1000 }) => {
    const harts = 4;
    const source = inParallel(harts, randomAccesses(rounds, bits));
    const sum = (quantum: number): number => figures(source, harts, quantum).reduce((total, one) => total + one, 0);
    const reference = sum(1);
    const skew = (quantum: number): number => 100 * (sum(quantum) / reference - 1);
    const [short, long] = [skew(100), skew(1000)];
    console.log(`  ${what}: Q=1 ${reference} cycles, Q=100 ${short.toFixed(2)} %, Q=1000 ${long.toFixed(2)} %`);
    expect(Math.abs(short)).toBeLessThan(at100);
    expect(Math.abs(long)).toBeLessThan(at1000);
  });
});

describe('harts that wait for one another', () => {
  const ROUNDS = 50;
  /** Hart 0 posts a round, hart 1 answers; both spin on a word of their own line. */
  const PING_PONG = inParallel(
    2,
    `
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
`,
  );
  /** Hart 0 sends an IPI, hart 1 wakes from WFI and sends one back. */
  const IPIS = inParallel(
    2,
    `
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
`,
  );

  it.each([
    { what: 'a word in memory', source: PING_PONG },
    { what: 'inter-processor interrupts', source: IPIS },
  ])('$what: turns of 2 and 4 cycles give the figures of turns of 1', ({ what, source }) => {
    const reference = figures(source, 2, 1);
    const report = [8, 100, 1000].map(
      (quantum) => `Q=${quantum} ${(100 * (figures(source, 2, quantum)[0]! / reference[0]! - 1)).toFixed(2)} %`,
    );
    console.log(`  ${what}: Q=1 ${reference[0]} cycles for ${ROUNDS} rounds, ${report.join(', ')}`);
    for (const quantum of [2, 4]) expect(figures(source, 2, quantum), `Q=${quantum}`).toEqual(reference);
  });
});
