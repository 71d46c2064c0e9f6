/** An interrupt that becomes pending while another one is being taken: seen at the same place by every engine, however a run is sliced. */
import { describe, expect, it } from 'vitest';
import { engineNames, type EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { OPEN_PMP, PASS, Program } from './program.js';

/**
 * In S-mode, with `delay` instructions before it, a software interrupt is raised and taken in S-mode; the machine timer fires near that
 * moment. Both handlers note how far the supervisor's has come (s3) without any instruction that would yield by itself.
 */
const program = (delay: number): string => `
${OPEN_PMP}
    la   t0, on_machine
    csrw mtvec, t0
    la   t0, on_supervisor
    csrw stvec, t0
    li   t0, 2
    csrw mideleg, t0
    li   t0, 0x82
    csrw mie, t0
    li   t0, 0x2004000
    li   t1, 3
    sd   t1, 0(t0)
    li   t0, 0x800
    csrw mstatus, t0
    la   t0, supervisor
    csrw mepc, t0
    li   s3, 0
    li   s4, -1
    mret
.align 8
supervisor:
    li   t0, 2
    csrs sip, t0
${'    nop\n'.repeat(delay)}
    csrsi sstatus, 2
wait:
    j    wait
.align 4
on_supervisor:
    li   s3, 1
    li   t1, 200
count:
    addi s3, s3, 1
    addi t1, t1, -1
    bnez t1, count
    li   t0, 2
    csrc sip, t0
    li   t1, 300
rest:
    addi t1, t1, -1
    bnez t1, rest
${PASS}
.align 4
on_machine:
    mv   s4, s3
    li   t3, 0x2004000
    li   t4, -1
    sd   t4, 0(t3)
    mret
`;

function end(engine: EngineName, delay: number, slice: number): unknown[] {
  const built = new Program(program(delay), engine);
  let state = built.machine.run(slice, 100_000);
  while (state.kind === 'running') state = built.machine.run(slice, 100_000);
  expect(state.kind).toBe('finisher');
  return [built.x('s4'), built.hash()];
}

describe('interrupts close together', () => {
  it('are taken in the same order by every engine', () => {
    const progress = new Set<unknown>();
    for (let delay = 262; delay < 276; delay++) {
      const ends = engineNames.map((engine) => end(engine, delay, 100_000));
      for (const one of ends) expect([delay, one]).toEqual([delay, ends[0]]);
      for (const slice of [1, 3]) expect([delay, end('interpreter', delay, slice)]).toEqual([delay, ends[0]]);
      progress.add(ends[0]![0]);
    }
    // The timer came before, while and after the other interrupt was taken.
    expect(progress.size).toBeGreaterThan(2);
  });
});
