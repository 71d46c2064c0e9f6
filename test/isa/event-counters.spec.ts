/** Zihpm (Privileged ISA 3.1.10, 3.1.11): counters of the cycle model's events, by mode. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import {
  COUNT_DTLB_MISS,
  COUNT_L1D_LOAD_MISS,
  COUNTED_EVENTS,
} from '../../libs/riscv-core/src/timing/counted-events.js';
import { OPEN_PMP, run, runIn, runLogged } from './program.js';

const ROCKET = { timing: 'rocket' } as const;
/** Value of mhpmevent for an event. */
const choose = (event: number): number => event + 1;
const NOT_IN_M = 1n << 62n;
const NOT_IN_S = 1n << 61n;

/** Loads from 16 lines that nothing has touched. */
const missing = (id: string): string => `
    la   t0, far_${id}
    li   t1, 16
more_${id}:
    ld   t2, 0(t0)
    addi t0, t0, 64
    addi t1, t1, -1
    bnez t1, more_${id}
`;
const far = (id: string): string => `.align 6\nfar_${id}: .zero 1024\n`;

describe.each(engineNames)('%s', (engine) => {
  test('a counter counts the event that is chosen, from the value that it was given', () => {
    const p = run(
      engine,
      `li   t0, ${choose(COUNT_L1D_LOAD_MISS)}
       csrw mhpmevent3, t0
       li   t0, 1000
       csrw mhpmcounter3, t0
       ${missing('a')}
       csrr s0, mhpmcounter3
       csrr s1, hpmcounter3
       csrr s2, mhpmcounter4`,
      ROCKET,
      far('a'),
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([1016n, 1016n, 0n]);
  });

  test('choosing another event, or none, leaves the value as it is', () => {
    const p = run(
      engine,
      `li   t0, ${choose(COUNT_L1D_LOAD_MISS)}
       csrw mhpmevent31, t0
       ${missing('a')}
       csrr s0, mhpmcounter31
       li   t0, ${choose(COUNT_DTLB_MISS)}
       csrw mhpmevent31, t0
       csrr s1, mhpmcounter31
       csrw mhpmevent31, x0
       ${missing('b')}
       csrr s2, mhpmcounter31`,
      ROCKET,
      far('a') + far('b'),
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([16n, 16n, 16n]);
  });

  test('a mode that is left out is not counted', () => {
    const inSupervisor = (leftOut: bigint): bigint =>
      runLogged(
        engine,
        `${OPEN_PMP}
         li   t0, ${BigInt(choose(COUNT_L1D_LOAD_MISS)) | leftOut}
         csrw mhpmevent5, t0
         csrw mhpmcounter5, x0
         ${runIn('S', 'guest', 'there')}
         csrr s0, mhpmcounter5
         j    over
         guest: ${missing('a')}
         ecall
         over:`,
        ROCKET,
        far('a'),
      ).x('s0');
    expect(inSupervisor(NOT_IN_M)).toBe(16n);
    expect(inSupervisor(NOT_IN_M | NOT_IN_S)).toBe(0n);
  });

  test('an event that does not exist is none, and what is no field stays 0', () => {
    const p = run(
      engine,
      `li   t0, ${COUNTED_EVENTS}
       csrw mhpmevent3, t0
       csrr s0, mhpmevent3
       li   t0, ${COUNTED_EVENTS + 1}
       csrw mhpmevent3, t0
       csrr s1, mhpmevent3
       li   t0, -256
       csrw mhpmevent3, t0
       csrr s2, mhpmevent3`,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([BigInt(COUNTED_EVENTS), 0n, 31n << 58n]);
  });

  test.each([
    ['U', 0xff, 0xff, 0, 8n],
    ['U', 0xff, 0xf7, 0, 2n],
    ['S', 0xf7, 0xff, 0, 2n],
    ['VS', 0xff, 0, 0xff, 10n],
    ['VS', 0xff, 0, 0xf7, 22n],
    ['VU', 0xff, 0xff, 0xff, 8n],
    ['VU', 0xff, 0xf7, 0xff, 22n],
  ] as const)('hpmcounter3 from %s under mcounteren %i, scounteren %i, hcounteren %i: %i', (mode, m, s, h, cause) => {
    const p = runLogged(
      engine,
      `${OPEN_PMP}
       li   t0, ${m}
       csrw mcounteren, t0
       li   t0, ${s}
       csrw scounteren, t0
       li   t0, ${h}
       csrw hcounteren, t0
       ${runIn(mode, 'guest', 'there')}
       j    over
       guest: csrr s0, hpmcounter3
       ecall
       over:`,
    );
    expect(p.traps()[0]?.cause).toBe(cause);
  });

  test('mcountinhibit stops a counter, which keeps its value and goes on from there', () => {
    const p = run(
      engine,
      `li   t0, ${choose(COUNT_L1D_LOAD_MISS)}
       csrw mhpmevent3, t0
       csrw mhpmevent4, t0
       ${missing('a')}
       csrwi mcountinhibit, 13
       csrr s0, mcycle
       csrr s1, minstret
       ${missing('b')}
       csrr s2, mcycle
       csrr s3, minstret
       csrr s4, mhpmcounter3
       csrr s5, mhpmcounter4
       csrr s6, mcountinhibit
       csrwi minstret, 7
       csrr s7, minstret
       csrwi mcountinhibit, 8
       csrr s8, minstret
       csrr s9, minstret
       csrr s10, mcycle
       csrwi mcountinhibit, 0
       ${missing('c')}
       csrr s11, mhpmcounter3`,
      ROCKET,
      far('a') + far('b') + far('c'),
    );
    const [cycle, instret, cycleLater, instretLater] = [p.x('s0'), p.x('s1'), p.x('s2'), p.x('s3')];
    expect([cycleLater, instretLater]).toEqual([cycle, instret]);
    expect([p.x('s4'), p.x('s5'), p.x('s6')]).toEqual([16n, 32n, 13n]);
    // Written while it is stopped; the instruction that lets it go is not counted.
    expect([p.x('s7'), p.x('s8'), p.x('s9')]).toEqual([7n, 7n, 8n]);
    expect(p.x('s10')).toBeGreaterThan(cycle);
    expect(p.x('s10')).toBeLessThan(cycle + 200n);
    expect(p.x('s11')).toBe(32n);
  });

  test('minstret counts the instruction that stops it', () => {
    const p = run(engine, `csrwi minstret, 0\n nop\n csrwi mcountinhibit, 4\n nop\n csrr s0, minstret`);
    expect(p.x('s0')).toBe(2n);
  });

  test('the machine firesim has no event counters: they read 0', () => {
    const p = run(
      engine,
      `li   t0, 1
       csrw mhpmevent3, t0
       csrw mhpmcounter3, t0
       csrr s0, mhpmevent3
       csrr s1, mhpmcounter3`,
      { machine: 'firesim' },
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([0n, 0n]);
  });
});
