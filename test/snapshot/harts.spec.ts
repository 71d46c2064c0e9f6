/** Snapshots of harts in long turns, while requests to the shared level wait for their answer. */
import { expect, it } from 'vitest';
import { HART_TIMING } from '../../libs/riscv-core/src/hart/layout.js';
import { hartArea } from '../../libs/riscv-core/src/machine/linear-memory.js';
import { HART_REQUESTS } from '../../libs/riscv-core/src/timing/limits.js';
import { randomAccesses } from '../../scripts/skew/programs.js';
import { subjects } from '../differential/subjects.js';
import { PASS } from '../isa/program.js';
import { expectResumes, maker } from './resume.testkit.js';

const HARTS = 4;
const OPTIONS = { machine: 'firesim', harts: HARTS, quantum: 8000 } as const;
const LIMIT = 1_000_000;
const POINTS = [0.21, 0.43, 0.58, 0.87];

/** Every hart walks through 256 KiB of its own, with a timer that fires seldom, since nothing waits shortly before; the last of them ends the machine. */
const WALKS = `
    la   t0, tick
    csrw mtvec, t0
    li   s7, 0x2004000
    slli t0, a0, 3
    add  s7, s7, t0
    li   t1, 7
    sd   t1, 0(s7)
    li   t0, 128
    csrw mie, t0
    csrsi mstatus, 8
    addi t0, a0, 2
    slli t0, t0, 18
    li   s0, 0x80000000
    add  s0, s0, t0
${randomAccesses(3000, 18)}
    csrci mstatus, 8
    la   t0, through
    li   t1, 1
    amoadd.d t2, t1, (t0)
    li   t1, ${HARTS - 1}
    bne  t2, t1, asleep
${PASS}
asleep:
    wfi
    j    asleep
.align 2
tick:
    la   s8, ticks
    li   s9, 1
    amoadd.d s10, s9, (s8)
    ld   s8, 0(s7)
    addi s8, s8, 45
    sd   s8, 0(s7)
    mret
.align 6
through: .dword 0
.align 6
ticks: .dword 0
`;

it('resume to the same cycles and state on every engine', () => {
  const make = maker(WALKS, () => OPTIONS);
  expectResumes(make, 'jit', subjects, POINTS, LIMIT);
});

it('are taken while requests wait', () => {
  const { machine } = maker(WALKS, () => OPTIONS)('jit', { write: () => undefined });
  const waiting: number[] = [];
  while (machine.run(20_000, LIMIT).kind === 'running')
    waiting.push(...machine.harts.map((hart) => machine.memory.u32(hartArea(hart) + HART_TIMING + HART_REQUESTS)));
  expect(waiting.filter((bytes) => bytes > 0).length).toBeGreaterThan(waiting.length / 4);
});
