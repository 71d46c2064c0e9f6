/** A handler that traps itself retires nothing; a run of it ends all the same, at the same place in every engine. */
import { describe, expect, it } from 'vitest';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { OPEN_PMP, Program } from './program.js';

const ENTRY = 'li   t0, 7\n addi t0, t0, 1\n';

const programs: Readonly<Record<string, string>> = {
  'M-mode, no memory at mtvec': `${ENTRY} csrw mtvec, zero\n ebreak\n`,
  'M-mode, an illegal instruction at mtvec': `${ENTRY} la t0, bad\n csrw mtvec, t0\n ebreak\n .align 2\n bad: .word 0\n`,
  'S-mode, a breakpoint at stvec': `
${OPEN_PMP}
    li   t0, 8
    csrw medeleg, t0
    la   t0, bad
    csrw stvec, t0
    li   t0, 0x800
    csrw mstatus, t0
    csrw mepc, t0
    la   t0, supervisor
    csrw mepc, t0
    mret
supervisor:
    ebreak
.align 2
bad: ebreak
`,
};

const LIMIT = 5000;

describe.each(Object.entries(programs))('a loop of traps in %s', (_, source) => {
  it.each<MachineOptions>([{}, { timing: 'rocket' }])('is stopped by the limit: %o', (options) => {
    const ends = engineNames.flatMap((engine) =>
      [LIMIT, 100].map((slice) => {
        const program = new Program(source, engine, options);
        let state = program.machine.run(slice, LIMIT);
        while (state.kind === 'running') state = program.machine.run(slice, LIMIT);
        expect(state.kind).toBe('limit');
        expect(program.machine.totalInstret()).toBeLessThan(40);
        expect(program.machine.totalSteps()).toBe(LIMIT);
        return [program.hash(), program.cycles(), program.machine.traps(0)];
      }),
    );
    for (const end of ends) expect(end).toEqual(ends[0]);
  });

  it('does not keep a run without limit from coming back', () => {
    for (const engine of engineNames)
      expect(new Program(source, engine).machine.run(1000, undefined).kind).toBe('running');
  });
});

it('a trap whose handler retires instructions does not count', () => {
  const source =
    'la t0, handler\n csrw mtvec, t0\n again: ebreak\n j again\n .align 2\n handler: la t1, again\n csrw mepc, t1\n mret\n';
  for (const engine of engineNames) {
    const program = new Program(source, engine);
    expect(program.machine.run(3000, 3000).kind).toBe('limit');
    expect(program.machine.totalInstret()).toBeGreaterThanOrEqual(3000);
    expect(program.machine.totalSteps()).toBe(program.machine.totalInstret());
  }
});
