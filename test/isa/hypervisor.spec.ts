/** The hypervisor extension (Privileged ISA ch. 8): guests, two-stage translation, traps out of and into them. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { PageTable, PTE, RWX } from './page-tables.js';
import { OPEN_PMP, Program, logged, run as runOn, runIn, runLogged } from './program.js';

const G_ROOT = 0x8010_0000n;
const VS_ROOT = 0x8011_0000n;
const DATA = 0x8020_0000n;
/** Guest physical address of the data; identity is not used, so that the two stages cannot be confused. */
const GPA = 0x1_0000_0000n;
const GVA = 0x40_0000n;
const { V, R, W, X, U, A, D } = PTE;
const INTERRUPT = 1n << 63n;
const GVA_BIT = 1n << 38n;
const ECALL_VS = 10n;

describe.each(engineNames)('%s', (engine) => {
  /** A guest whose code is mapped one to one in both stages; `code` runs in VS or VU, traps are logged in M-mode. */
  function guest(
    code: string,
    options: { mode?: 'VS' | 'VU'; before?: string; map?: (g: PageTable, vs: PageTable) => void } = {},
  ): Program {
    const { mode = 'VS', before = '', map = () => undefined } = options;
    const p = new Program(
      logged(`
        ${OPEN_PMP}
        li   t0, ${(8n << 60n) | (G_ROOT >> 12n)}
        csrw hgatp, t0
        li   t0, ${(8n << 60n) | (VS_ROOT >> 12n)}
        csrw vsatp, t0
        hfence.gvma
        hfence.vvma
        li   a0, ${GVA}
        ${before}
        ${runIn(mode, 'code', 'guest')}
        j    end
.align 12
code:   ${code}
        ecall
.align 12
end:    nop
      `),
      engine,
    );
    const g = new PageTable(p, G_ROOT, 4);
    const vs = new PageTable(p, VS_ROOT, 1);
    const at = p.address('code');
    g.map(at, at, RWX | U);
    vs.map(at, at, RWX | (mode === 'VU' ? U : 0n));
    // The walker reads the guest's tables through the second stage.
    for (let page = 0n; page < 8n; page++) g.map(VS_ROOT + page * 4096n, VS_ROOT + page * 4096n, V | R | U | A);
    g.map(GPA, DATA, RWX | U);
    vs.map(GVA, GPA, RWX | (mode === 'VU' ? U : 0n));
    map(g, vs);
    p.poke(DATA, 77n);
    return p.run();
  }

  test('a guest load goes through both stages', () => {
    const p = guest('ld s0, 0(a0)');
    expect(p.x('s0')).toBe(77n);
    expect(p.traps().map((t) => t.cause)).toEqual([ECALL_VS]);
  });

  test('a hole in the second stage is a guest-page fault with the guest physical address', () => {
    const p = guest('ld s0, 8(a0)', { map: (g) => g.map(GPA, DATA, 0n) });
    const [trap] = p.traps();
    expect([trap!.cause, trap!.tval, trap!.tval2, trap!.tinst]).toEqual([21n, GVA + 8n, (GPA + 8n) >> 2n, 0n]);
    expect(trap!.status & GVA_BIT).toBe(GVA_BIT);
  });

  test('a second-stage leaf needs U, and W for a store', () => {
    const noUser = guest('ld s0, 0(a0)', { map: (g) => g.map(GPA, DATA, RWX) });
    expect(noUser.traps()[0]!.cause).toBe(21n);
    const readOnly = guest('sd s0, 0(a0)', { map: (g) => g.map(GPA, DATA, V | R | U | A | D) });
    expect(readOnly.traps()[0]!.cause).toBe(23n);
    const clean = guest('sd s0, 0(a0)', { map: (g) => g.map(GPA, DATA, V | R | W | U | A) });
    expect(clean.traps()[0]!.cause).toBe(23n);
  });

  test('a hole under the guest page table is reported with its own address and the pseudo-instruction', () => {
    // The last-level table of the data's address is the fourth page of the guest's tables.
    const p = guest('ld s0, 0(a0)', { map: (g, vs) => g.map(vs.entry(GVA, 0), 0n, 0n) });
    const table = (VS_ROOT + 4n * 4096n) >> 12n;
    const [trap] = p.traps();
    expect([trap!.cause, trap!.tval, trap!.tinst]).toEqual([21n, GVA, 0x3000n]);
    expect(trap!.tval2 >> 10n).toBe(table);
  });

  test('MXR makes execute-only data readable, but no execute-only page of the guest page table', () => {
    const mxr = { before: 'li t1, 0x80000\n csrs mstatus, t1' };
    const data = guest('ld s0, 0(a0)', { ...mxr, map: (g) => g.map(GPA, DATA, V | X | U | A) });
    expect(data.traps().map((t) => t.cause)).toEqual([ECALL_VS]);
    const table = guest('ld s0, 0(a0)', {
      ...mxr,
      map: (g, vs) => g.map(vs.entry(GVA, 0) & ~0xfffn, vs.entry(GVA, 0) & ~0xfffn, V | X | U | A),
    });
    expect([table.traps()[0]!.cause, table.traps()[0]!.tinst]).toEqual([21n, 0x3000n]);
  });

  test('a fault of the first stage is an ordinary page fault', () => {
    const p = guest('sd s0, 0(a0)', { map: (_, vs) => vs.map(GVA, GPA, V | R | A | D) });
    expect(p.traps()[0]!.cause).toBe(15n);
    expect(p.traps()[0]!.tval2).toBe(0n);
  });

  test('a guest physical address beyond 41 bits faults in the second stage', () => {
    const p = guest('ld s0, 0(a0)', { map: (_, vs) => vs.map(GVA, 1n << 41n, V | R | A) });
    expect(p.traps()[0]!.cause).toBe(21n);
    expect(p.traps()[0]!.tval2).toBe((1n << 41n) >> 2n);
  });

  test('hedeleg sends a trap to the guest, with the causes of S-mode', () => {
    const p = guest(
      `
        la   t1, handler
        csrw stvec, t1
        ebreak
.align 2
handler:
        csrr s0, scause
        csrr s1, sepc
        csrr s2, sstatus
      `,
      { before: 'li t1, 8\n csrw medeleg, t1\n csrw hedeleg, t1' },
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([3n, p.address('handler') - 4n]);
    expect((p.x('s2') >> 8n) & 1n).toBe(1n);
    expect(p.traps().map((t) => t.cause)).toEqual([ECALL_VS]);
  });

  test('the guest sees VS-level interrupts at the numbers of S-level ones', () => {
    const p = guest(
      `
        la   t1, handler
        csrw stvec, t1
        csrsi sie, 2
        csrsi sstatus, 2
spin:   j    spin
.align 2
handler:
        csrr s0, scause
        csrr s1, sip
        csrci sip, 2
        csrr s2, sip
      `,
      { before: 'li t1, 0x444\n csrw hideleg, t1\n csrwi hvip, 4' },
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([INTERRUPT | 1n, 2n, 0n]);
  });

  test.each([
    ['VTVM traps satp', 20n, 'csrr t1, satp'],
    ['VTW traps wfi', 21n, 'wfi'],
    ['VTSR traps sret', 22n, 'sret'],
  ])('%s as a virtual instruction', (_, bit, instruction) => {
    const p = guest(instruction, { before: `li t1, ${1n << bit}\n csrs hstatus, t1` });
    expect(p.traps()[0]!.cause).toBe(22n);
    expect(p.traps()[0]!.tval).not.toBe(0n);
  });

  test.each(['csrr t1, hstatus', 'csrr t1, vsstatus', 'hfence.vvma', 'hlv.d t1, (a0)'])(
    '%s in a guest is a virtual instruction',
    (instruction) => {
      expect(guest(instruction).traps()[0]!.cause).toBe(22n);
    },
  );

  test.each(['csrr t1, mstatus', 'mret', 'csrw hgeip, t1'])('%s in a guest is illegal', (instruction) => {
    expect(guest(instruction).traps()[0]!.cause).toBe(2n);
  });

  test.each(['csrr t1, sstatus', 'sret', 'sfence.vma', 'wfi'])(
    '%s in VU-mode is a virtual instruction',
    (instruction) => {
      expect(guest(instruction, { mode: 'VU' }).traps()[0]!.cause).toBe(22n);
    },
  );

  test('counters of a guest obey mcounteren, then hcounteren', () => {
    expect(guest('csrr t1, instret').traps()[0]!.cause).toBe(2n);
    expect(guest('csrr t1, instret', { before: 'csrwi mcounteren, 4' }).traps()[0]!.cause).toBe(22n);
    expect(guest('csrr t1, instret', { before: 'csrwi mcounteren, 4\n csrwi hcounteren, 4' }).traps()[0]!.cause).toBe(
      ECALL_VS,
    );
  });

  test('HLV and HSV act with the privilege in SPVP, and their faults carry a guest address', () => {
    const body = (spvp: string): string => `
        li   t1, 0x100
        ${spvp} hstatus, t1
        la   s10, done
        li   s1, 5
        hsv.d s1, (a0)
        hlv.d s0, (a0)
        hlvx.hu s2, (a0)
done:
    `;
    const supervisor = guest('nop', { before: body('csrs') });
    expect([supervisor.x('s0'), supervisor.x('s2')]).toEqual([5n, 5n]);
    const user = guest('nop', { before: body('csrc') });
    expect(user.traps()[0]!.cause).toBe(15n);
    expect(user.traps()[0]!.status & GVA_BIT).toBe(GVA_BIT);
    // MPV tells where the trap came from, not whose address it was.
    expect((user.traps()[0]!.status >> 39n) & 1n).toBe(0n);
  });

  test('HLVX needs execute permission instead of read permission', () => {
    const before = `
        li   t1, 0x100
        csrs hstatus, t1
        la   s10, done
        hlvx.wu s0, (a0)
        hlv.w s1, (a0)
done:
    `;
    const p = guest('nop', { before, map: (_, vs) => vs.map(GVA, GPA, V | PTE.X | A) });
    expect(p.x('s0')).toBe(77n);
    expect(p.traps()[0]!.cause).toBe(13n);
  });

  test('a trap of a guest to HS leaves SPV and SPVP, and htval', () => {
    const p = guest('ld s0, 0(a0)', {
      map: (g) => g.map(GPA, DATA, 0n),
      before: `
        li   t1, ${1n << 21n}
        csrw medeleg, t1
        la   t1, in_hs
        csrw stvec, t1
        j    over
.align 2
in_hs:  csrr s1, hstatus
        csrr s2, htval
        csrr s3, scause
        csrr s4, stval
        ecall
over:
      `,
    });
    expect((p.x('s1') >> 6n) & 7n).toBe(7n);
    expect([p.x('s2'), p.x('s3'), p.x('s4')]).toEqual([GPA >> 2n, 21n, GVA]);
  });

  test('hgatp with an unknown mode keeps MODE and takes the rest, its root 16 KiB aligned', () => {
    const p = runOn(
      engine,
      `
        li   t0, ${(8n << 60n) | 0x104n}
        csrw hgatp, t0
        li   t0, ${(11n << 60n) | 0x20fn}
        csrw hgatp, t0
        csrr s0, hgatp
      `,
    );
    expect(p.x('s0')).toBe((8n << 60n) | 0x20cn);
  });

  test('mideleg shows the VS-level interrupts as always delegated', () => {
    expect(runOn(engine, 'csrwi mideleg, 0\n csrr s0, mideleg').x('s0')).toBe(0x444n);
  });

  test('MRET to M-mode ignores MPV', () => {
    const p = runLogged(
      engine,
      `
        li   t0, ${(1n << 39n) | 0x1800n}
        csrs mstatus, t0
        la   t0, here
        csrw mepc, t0
        mret
here:   csrr s0, mstatus
      `,
    );
    expect(p.traps()).toEqual([]);
    expect((p.x('s0') >> 39n) & 1n).toBe(0n);
  });
});
