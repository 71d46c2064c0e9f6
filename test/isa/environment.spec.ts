/** Sstc, Svadu, Svinval: what menvcfg and henvcfg open, and to whom. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { PageTable, PTE } from './page-tables.js';
import { OPEN_PMP, Program, logged, run, runIn, runLogged, type Target } from './program.js';

const SSTC = { isa: 'rv64gch_sstc' } as const;
const STCE = 1n << 63n;
const ADUE = 1n << 61n;
const TM = 2;
const ILLEGAL = 2n;
const VIRTUAL = 22n;
const { V, R, W, U, A, D } = PTE;

/** Sets a register to a constant. */
const write = (csr: string, value: bigint | number): string => `li t0, ${value}\n csrw ${csr}, t0\n`;

describe.each(engineNames)('%s', (engine) => {
  describe('Sstc: who may access stimecmp', () => {
    interface Case {
      readonly mode: Target;
      readonly csr: string;
      readonly cause: bigint | undefined;
      readonly m?: { tm: number; stce: bigint };
      readonly h?: { tm: number; stce: bigint };
    }
    const open = { tm: TM, stce: STCE };
    const cases: Case[] = [
      { mode: 'S', csr: 'stimecmp', cause: undefined },
      { mode: 'S', csr: 'vstimecmp', cause: undefined },
      { mode: 'S', csr: 'stimecmp', m: { tm: 0, stce: STCE }, cause: ILLEGAL },
      { mode: 'S', csr: 'vstimecmp', m: { tm: TM, stce: 0n }, cause: ILLEGAL },
      { mode: 'S', csr: 'stimecmp', h: { tm: 0, stce: 0n }, cause: undefined },
      { mode: 'U', csr: 'stimecmp', cause: ILLEGAL },
      { mode: 'VS', csr: 'stimecmp', cause: undefined },
      { mode: 'VS', csr: 'stimecmp', h: { tm: 0, stce: STCE }, cause: VIRTUAL },
      { mode: 'VS', csr: 'stimecmp', h: { tm: TM, stce: 0n }, cause: VIRTUAL },
      { mode: 'VS', csr: 'stimecmp', m: { tm: TM, stce: 0n }, cause: ILLEGAL },
      { mode: 'VS', csr: 'vstimecmp', cause: VIRTUAL },
      { mode: 'VS', csr: 'vstimecmp', m: { tm: 0, stce: STCE }, cause: ILLEGAL },
      { mode: 'VU', csr: 'stimecmp', cause: VIRTUAL },
      { mode: 'VU', csr: 'stimecmp', m: { tm: 0, stce: STCE }, cause: ILLEGAL },
    ];
    test.each(cases)('$csr from $mode, M $m, H $h: $cause', ({ mode, csr, cause, m = open, h = open }) => {
      const p = runLogged(
        engine,
        `${OPEN_PMP}
         ${write('menvcfg', STCE)} ${write('henvcfg', h.stce)} ${write('menvcfg', m.stce)}
         ${write('mcounteren', m.tm)} ${write('hcounteren', h.tm)}
         ${runIn(mode, 'access', 'access')}
         j    over
         access:
         li   a0, 77
         csrw ${csr}, a0
         ecall
         over:`,
        SSTC,
      );
      const [first] = p.traps();
      if (cause === undefined) {
        expect(first?.cause).toBe(mode === 'VS' ? 10n : 9n);
        const real = mode === 'VS' ? 'vstimecmp' : csr;
        expect(p.csr(real)).toBe(77n);
      } else expect(first?.cause).toBe(cause);
    });
  });

  test('Sstc: henvcfg.STCE reads zero while menvcfg.STCE is clear, and mip.STIP is software’s then', () => {
    const p = run(
      engine,
      `${write('henvcfg', STCE)}
       csrr s0, henvcfg
       ${write('menvcfg', STCE)} ${write('henvcfg', STCE)}
       csrr s1, henvcfg
       li   t0, 0x20
       csrs mip, t0
       csrr s2, mip
       csrw stimecmp, x0
       csrr s3, mip
       csrc mip, t0
       csrr s4, mip
       csrw menvcfg, x0
       csrr s5, mip
       csrs mip, t0
       csrr s6, mip
       csrr s7, henvcfg`,
      SSTC,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s7')]).toEqual([0n, STCE, 0n]);
    const timer = ['s2', 's3', 's4', 's5', 's6'].map((name) => (p.x(name) >> 5n) & 1n);
    expect(timer).toEqual([0n, 1n, 1n, 0n, 1n]);
  });

  test('Sstc: stimecmp wakes a hart that sleeps, at the tick it names', () => {
    const p = run(
      engine,
      `${write('menvcfg', STCE)}
       li   t0, 0x20
       csrs mie, t0
       li   t1, 500
       csrw stimecmp, t1
       wfi
       csrr s0, time
       csrr s1, mip`,
      SSTC,
    );
    expect(p.x('s0')).toBe(500n);
    expect(p.x('s1')).toBe(0x20n);
  });

  test('Sstc: a sleeper among busy harts is woken at the tick it names, not at the end of a turn', () => {
    const p = run(
      engine,
      `csrr t0, mhartid
       bnez t0, sleeper
       la   t1, woken
       busy: ld s0, 0(t1)
       beqz s0, busy
       j    over
       sleeper:
       ${write('menvcfg', STCE)}
       li   t0, 0x20
       csrs mie, t0
       li   t1, 503
       csrw stimecmp, t1
       wfi
       csrr t2, time
       la   t1, woken
       sd   t2, 0(t1)
       rest: j rest
       .align 3
       woken: .zero 8
       over:`,
      { ...SSTC, harts: 2, quantum: 7001 },
    );
    expect(p.x('s0')).toBe(503n);
  });

  test('Sstc: the guest’s timer compares the guest’s time and interrupts the guest', () => {
    const p = runLogged(
      engine,
      `${OPEN_PMP}
       ${write('menvcfg', STCE)} ${write('henvcfg', STCE)} ${write('mcounteren', TM)} ${write('hcounteren', TM)}
       ${write('htimedelta', 1_000_000)} ${write('hideleg', 0x40)} ${write('mie', 0x40)}
       la   t0, on_guest_trap
       csrw vstvec, t0
       csrwi vsstatus, 2
       ${runIn('VS', 'guest', 'guest')}
       j    over
       guest:
       csrr a0, time
       addi a0, a0, 9
       csrw stimecmp, a0
       wait: j wait
       .align 2
       on_guest_trap:
       csrr s0, scause
       csrr s1, time
       ecall
       over:`,
      SSTC,
    );
    expect(p.x('s0')).toBe((1n << 63n) | 5n);
    expect(p.x('s1') - p.x('a0')).toBeLessThan(2n);
    expect(p.x('a0')).toBeGreaterThanOrEqual(1_000_009n);
  });

  test('without Sstc the registers and their switches do not exist', () => {
    const p = runLogged(engine, `${write('menvcfg', -1)} csrr s0, menvcfg\n la s10, on\n csrr s1, stimecmp\n on:`);
    expect(p.x('s0')).toBe(1n);
    expect(p.traps().map(({ cause }) => cause)).toEqual([ILLEGAL]);
  });

  describe('Svadu', () => {
    const ROOT = 0x8010_0000n;
    const DATA = 0x8020_0000n;
    const VA = 0x4000_1000n;
    const access = (menvcfg: bigint, use: string): { p: Program; pte: bigint } => {
      const p = new Program(
        logged(`${OPEN_PMP} ${write('menvcfg', menvcfg)}
          li   t0, ${(8n << 60n) | (ROOT >> 12n)}
          csrw satp, t0
          li   a0, ${VA}
          ${runIn('S', 'there', 'there')}
          j    over
          there: ${use}
          ecall
          over:`),
        engine,
        { isa: 'rv64gch_svadu' },
      );
      const table = new PageTable(p, ROOT, 1);
      table.map(0x8000_0000n, 0x8000_0000n, V | R | PTE.X | A, 2).map(VA, DATA, V | R | W);
      p.run();
      return { p, pte: p.machine.ram.u64(table.entry(VA, 0)) & 0xffn };
    };

    test('a load sets A, a store A and D', () => {
      expect(access(ADUE, 'ld s0, 0(a0)').pte).toBe(V | R | W | A);
      expect(access(ADUE, 'ld s0, 0(a0)\n sd s0, 0(a0)').pte).toBe(V | R | W | A | D);
      expect(access(ADUE, 'sd s0, 0(a0)').p.traps()[0]?.cause).toBe(9n);
    });

    test('with menvcfg.ADUE clear a clear bit is a page fault', () => {
      const { p, pte } = access(0n, 'sd s0, 0(a0)');
      expect(p.traps()[0]?.cause).toBe(15n);
      expect(pte).toBe(V | R | W);
    });

    test('the guest’s tables are set under henvcfg.ADUE as well, the second stage under menvcfg.ADUE alone', () => {
      const outcome = (henvcfg: bigint): [bigint | undefined, bigint, bigint] => {
        const p = new Program(
          logged(`${OPEN_PMP} ${write('menvcfg', ADUE)} ${write('henvcfg', henvcfg)}
            li   t0, ${(8n << 60n) | (ROOT >> 12n)}
            csrw vsatp, t0
            li   t0, ${(8n << 60n) | (0x8018_0000n >> 12n)}
            csrw hgatp, t0
            li   a0, ${VA}
            ${runIn('VS', 'there', 'there')}
            j    over
            there: sd s0, 0(a0)
            ecall
            over:`),
          engine,
          { isa: 'rv64gch_svadu' },
        );
        const guest = new PageTable(p, ROOT, 1);
        guest.map(0x8000_0000n, 0x8000_0000n, V | R | PTE.X | A, 2).map(VA, DATA, V | R | W);
        const second = new PageTable(p, 0x8018_0000n, 4);
        second.map(0x8000_0000n, 0x8000_0000n, V | R | W | PTE.X | U, 2);
        p.run();
        const entry = (table: PageTable, va: bigint, level: 0 | 2): bigint =>
          p.machine.ram.u64(table.entry(va, level)) & (A | D);
        return [p.traps()[0]?.cause, entry(guest, VA, 0), entry(second, 0x8000_0000n, 2)];
      };
      expect(outcome(ADUE)).toEqual([10n, A | D, A | D]);
      expect(outcome(0n)).toEqual([15n, 0n, A]);
    });
  });

  describe('Svinval', () => {
    const isa = 'rv64gch_svinval';
    const cases: [Target, string, bigint, bigint | undefined][] = [
      ['S', 'sinval.vma', 0n, undefined],
      ['S', 'sinval.vma', 1n << 20n, ILLEGAL],
      ['U', 'sinval.vma', 0n, ILLEGAL],
      ['VS', 'sinval.vma', 0n, undefined],
      ['VU', 'sinval.vma', 0n, VIRTUAL],
      ['S', 'sfence.w.inval', 1n << 20n, undefined],
      ['U', 'sfence.w.inval', 0n, ILLEGAL],
      ['VS', 'sfence.inval.ir', 1n << 20n, undefined],
      ['VU', 'sfence.inval.ir', 0n, VIRTUAL],
      ['S', 'hinval.gvma', 0n, undefined],
      ['S', 'hinval.gvma', 1n << 20n, ILLEGAL],
      ['S', 'hinval.vvma', 1n << 20n, undefined],
      ['U', 'hinval.vvma', 0n, ILLEGAL],
      ['VS', 'hinval.vvma', 0n, VIRTUAL],
      ['VU', 'hinval.gvma', 0n, VIRTUAL],
    ];
    test.each(cases)('%s: %s with mstatus %x: %s', (mode, insn, status, cause) => {
      const body = `${OPEN_PMP} li t0, ${status}\n csrs mstatus, t0
        ${runIn(mode, 'there', 'there')} j over\n there: ${insn}\n ecall\n over:`;
      const ecall = { S: 9n, U: 8n, VS: 10n, VU: 8n }[mode];
      expect(runLogged(engine, body, { isa }).traps()[0]?.cause).toBe(cause ?? ecall);
    });

    test('without H there is no guest to invalidate for', () => {
      const p = run(
        engine,
        'la t0, on\n csrw mtvec, t0\n sinval.vma\n hinval.vvma\n li s1, 1\n .align 2\n on: csrr s0, mcause',
        {
          isa: 'rv64gc_svinval',
        },
      );
      expect([p.x('s0'), p.x('s1')]).toEqual([ILLEGAL, 0n]);
    });
  });
});
