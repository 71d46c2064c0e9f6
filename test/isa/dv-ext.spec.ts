/** DV-ext (docs/spec/dv-ext.md): the conformance checks of its section 16, by number where there is one. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import type { DvextProfile } from '../../libs/riscv-core/src/machine/config.js';
import { PageTable, PTE } from './page-tables.js';
import { OPEN_PMP, Program, logged, runIn, type Target } from './program.js';

const G_ROOT = 0x8010_0000n;
const DATA = 0x8020_0000n;
const GPA = 0x1_0000_0000n;
const INTERRUPT = 1n << 63n;
const MTIMECMP_OFF = 'li t0, 0x2004000\n li t1, -1\n sd t1, 0(t0)';
const HU = 'li t1, 0x200\n csrs hstatus, t1';
const { V, R, U, A } = PTE;

describe.each(engineNames)('%s', (engine) => {
  /** `setUp` in M-mode, then `code` in `mode`; ends where a trap to M-mode comes back. */
  function run(
    mode: Target,
    code: string,
    setUp = HU,
    dvext: DvextProfile = 'rocket',
    prepare: (p: Program) => void = () => undefined,
  ): Program {
    const p = new Program(
      logged(`
        ${OPEN_PMP}
        ${MTIMECMP_OFF}
        ${setUp}
        ${runIn(mode, 'code', 'it')}
        j    end
code:   ${code}
        ecall
        .word 0
end:    nop
      `),
      engine,
      { dvext },
    );
    prepare(p);
    return p.run();
  }

  /** HU enters a guest in `guestMode` at `guest`; exits come to `exit`. */
  const entering = (guest: string, exit: string, hustatus = 0x180): string => `
        la   t1, exit
        csrw utvec, t1
        la   t1, guest
        csrw uepc, t1
        li   t1, ${hustatus}
        csrw hustatus, t1
        uret
guest:  ${guest}
.align 2
exit:   ${exit}
        csrr s0, ucause
        csrr s1, uepc
        csrr s2, utval
        csrr s3, hustatus
  `;
  const delegate = (bits: bigint): string => `${HU}\n li t1, ${bits}\n csrw sedeleg, t1\n csrw medeleg, t1`;

  test('1: HU reads back what it writes to the writable fields, and HU itself is not one of them', () => {
    const p = run(
      'U',
      `
        li   t1, 0x7001d1
        csrw hustatus, t1
        csrr s0, hustatus
        csrw hustatus, x0
        csrr s1, hustatus
        li   t1, -1
        csrw huie, t1
        csrr s2, huie
        csrw hutval, t1
        csrr s3, hutval
        csrw hutinst, t1
        csrr s4, hutinst
        csrw hucounteren, t1
        csrr s5, hucounteren
      `,
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([0x2_0070_03d1n, 0x2_0000_0200n]);
    expect(p.x('s2')).toBe(0x555n);
    expect(p.x('s3')).toBe((1n << 64n) - 1n);
    expect(p.x('s4')).toBe(0n);
    expect(p.x('s5')).toBe(0xffff_ffffn);
  });

  test('2: the HUVS names and the vs names are the same registers', () => {
    const p = run(
      'U',
      `
        li   t1, 0x1234
        csrw huvsepc, t1
        csrw huvsscratch_alias, t1
        ecall
      `,
      `${HU}\n csrwi vscause, 7`,
    );
    expect([p.csr('vsepc'), p.csr('vsscratch')]).toEqual([0x1234n, 0x1234n]);
  });

  test('3: an ecall of the guest kernel reaches HU, which resumes it behind the ecall', () => {
    const p = run(
      'U',
      `
        li   s6, 0
        li   s7, 0
        ${entering(
          `
first:  ecall
        addi s6, s6, 1
        ecall
          `,
          `
        addi s7, s7, 1
        csrr s0, ucause
        csrr s1, uepc
        csrr s3, hustatus
        li   t2, 2
        beq  s7, t2, twice
        addi t1, s1, 4
        csrw uepc, t1
        li   t1, 0x180
        csrw hustatus, t1
        uret
twice:
          `,
        )}
      `,
      delegate(1n << 10n),
    );
    expect([p.x('s0'), p.x('s6'), p.x('s7')]).toEqual([10n, 1n, 2n]);
    expect((p.x('s3') >> 7n) & 3n).toBe(3n);
    expect(p.x('s1')).toBe(p.address('first') + 8n);
    // The only trap to M-mode is the program's own last one, from HU.
    expect(p.traps().map((t) => t.cause)).toEqual([8n]);
  });

  test('4: without sedeleg the same ecall reaches HS with SPV set', () => {
    const p = run(
      'U',
      entering('ecall', 'nop'),
      `${HU}
        li   t1, 0x400
        csrw medeleg, t1
        la   t1, in_hs
        csrw stvec, t1
        j    over
.align 2
in_hs:  csrr s4, hstatus
        csrr s5, scause
        ecall
over:
      `,
    );
    expect(p.x('s5')).toBe(10n);
    expect((p.x('s4') >> 7n) & 3n).toBe(3n);
  });

  test('5: an interrupt of sideleg waits in HU for UIE', () => {
    const p = run(
      'U',
      `
        la   t1, exit
        csrw utvec, t1
        li   s0, 0
        li   s1, 1
        csrsi hustatus, 1
        li   s1, 2
.align 2
exit:   csrr s0, ucause
        csrr s3, hustatus
      `,
      `${HU}\n li t1, 0x111\n csrw mideleg, t1\n csrw sideleg, t1\n li t1, 1\n csrw mie, t1\n csrw mip, t1`,
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([INTERRUPT, 1n]);
    // UIE went to UPIE.
    expect(p.x('s3') & 0x11n).toBe(0x10n);
  });

  test('5: in the guest it is taken whatever the guest has masked', () => {
    const p = run(
      'U',
      entering('spin: j spin', 'nop'),
      `${HU}\n li t1, 0x111\n csrw mideleg, t1\n csrw sideleg, t1\n li t1, 1\n csrw mie, t1\n csrw mip, t1`,
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([INTERRUPT, p.address('spin')]);
    expect((p.x('s3') >> 7n) & 3n).toBe(3n);
  });

  test('6: the virtual timer raises UTIP, or the timer interrupt of the guest', () => {
    const armed = (control: number): string => `
        csrr t1, time
        addi t1, t1, 1
        csrw vtimecmp, t1
        csrwi vtimectl, ${control}
wait:   csrr t2, time
        bltu t2, t1, wait
        csrr s0, huip
        csrr s1, huvsip
        csrwi vtimectl, 0
        csrr s2, huip
    `;
    const user = run('U', armed(1));
    expect([user.x('s0'), user.x('s2')]).toEqual([0x10n, 0n]);
    const direct = run('U', armed(13), `${HU}\n li t1, 0x444\n csrw hideleg, t1`);
    expect([direct.x('s0'), direct.x('s1'), direct.x('s2')]).toEqual([0x40n, 0x20n, 0n]);
  });

  const guestData = (p: Program): void => {
    new PageTable(p, G_ROOT, 4).map(GPA, DATA, V | R | U | A);
    p.poke(DATA, 99n);
  };

  test('7: HULV reads through the second stage with the root that HU wrote', () => {
    const p = run(
      'U',
      `
        li   t1, ${(8n << 60n) | (G_ROOT >> 12n)}
        csrw hugatp, t1
        hufence.gvma
        li   a0, ${GPA}
        hulv.d s0, (a0)
        hlv.w s1, (a0)
      `,
      HU,
      'rocket',
      guestData,
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([99n, 99n]);
  });

  test('7: a second-stage fault of HULV comes back to HU itself, with UPV clear', () => {
    const p = run(
      'U',
      `
        la   t1, exit
        csrw utvec, t1
        li   t1, ${(8n << 60n) | (G_ROOT >> 12n)}
        csrw hugatp, t1
        li   a0, ${GPA + 4096n}
        hulv.d s0, (a0)
.align 2
exit:   csrr s0, ucause
        csrr s1, utval
        csrr s2, hutval
        csrr s3, hustatus
      `,
      delegate(1n << 21n),
      'rocket',
      guestData,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([21n, GPA + 4096n, (GPA + 4096n) >> 2n]);
    // GVA set, UPV clear.
    expect((p.x('s3') >> 6n) & 3n).toBe(1n);
  });

  test('9: a guest may only touch memory whose PMP entry has the V bit', () => {
    // Entry 1 opens everything but not to guests; entry 0, with V, only what the guest executes.
    const narrow = `${HU}
        la   t1, code
        srli t1, t1, 2
        ori  t1, t1, 0x1ff
        csrw pmpaddr0, t1
        li   t1, -1
        srli t1, t1, 10
        csrw pmpaddr1, t1
        li   t1, 0x1f3f
        csrw pmpcfg0, t1
        li   a0, ${DATA}
        li   t1, ${(1n << 10n) | (1n << 23n) | (1n << 7n)}
        csrw sedeleg, t1
        li   t1, 0xf0b509
        csrw medeleg, t1
    `;
    const host = run('U', 'sd a0, 0(a0)\n ld s4, 0(a0)', narrow);
    expect(host.x('s4')).toBe(DATA);
    const guest = run('U', `${entering('store: sd a0, 0(a0)', 'nop')}`, narrow);
    const [trap] = guest.traps();
    expect([trap!.cause, trap!.tval, trap!.epc]).toEqual([7n, DATA, guest.address('store')]);
    expect((trap!.status >> 38n) & 3n).toBe(3n);
  });

  test('11: a vIPI raises the software interrupt of the hart that has the identity, with no exit', () => {
    const p = run(
      'U',
      `
        csrwi vcpuid, 5
        li   t1, 32
        csrs vipi0, t1
        csrr s0, huvsip
        dv.read.vipi0 s1
        csrc vipi0, t1
        csrr s2, huvsip
      `,
      `${HU}\n li t1, 0x444\n csrw hideleg, t1`,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([2n, 32n, 0n]);
  });

  test('a vIPI word cannot be written whole', () => {
    expect(run('U', 'csrw vipi0, t1').traps()[0]!.cause).toBe(2n);
  });

  test('the 0x77 words set, and clear by the complement', () => {
    const p = run(
      'U',
      `
        li   t1, 0x30
        dv.set.vipi1 t1
        li   t1, -17
        dv.clear.vipi1 t1
        dv.read.vipi1 s0
        li   t1, 0x1ff
        dv.write.vcpuid t1
        dv.read.vcpuid s1
      `,
    );
    expect([p.x('s0'), p.x('s1')]).toEqual([0x20n, 0xffn]);
  });

  test('URET with UPV clear never reaches HS, whatever UPVP says', () => {
    const p = run('U', `la t1, next\n csrw uepc, t1\n li t1, 0x100\n csrw hustatus, t1\n uret\nnext: nop`);
    expect(p.traps()[0]!.cause).toBe(8n);
    expect((p.traps()[0]!.status >> 11n) & 3n).toBe(0n);
  });

  test('URET is for HU alone', () => {
    expect(run('U', 'uret', 'nop').traps()[0]!.cause).toBe(2n);
    expect(run('S', 'uret').traps()[0]!.cause).toBe(2n);
    expect(run('VS', 'uret').traps()[0]!.cause).toBe(22n);
  });

  test('HU may not touch the registers of the kernel', () => {
    for (const register of ['sedeleg', 'sideleg', 'hgatp', 'hstatus']) {
      expect(run('U', `csrr t1, ${register}`).traps()[0]!.cause).toBe(2n);
    }
  });

  test('profile none has none of it', () => {
    for (const instruction of [
      'csrr t1, hustatus',
      'csrr t1, uepc',
      'uret',
      'hufence.gvma',
      'hulv.d t1, (a0)',
      'dv.read.vcpuid t1',
    ]) {
      expect(run('S', instruction, 'nop', 'none').traps()[0]!.cause).toBe(2n);
    }
  });

  describe('12: profile strict closes the holes that rocket has', () => {
    const holes: readonly [string, Target, string, string, bigint][] = [
      ['U without HU: HU bank', 'U', 'csrr t1, hustatus', 'nop', 2n],
      ['U without HU: HUVS bank', 'U', 'csrr t1, huvsepc', 'nop', 2n],
      ['U without HU: virtual timer', 'U', 'csrr t1, vtimecmp', 'nop', 2n],
      ['VS: HU bank', 'VS', 'csrr t1, hutval', HU, 22n],
      ['VS: user trap registers', 'VS', 'csrr t1, uepc', HU, 22n],
      ['VS: delegation of its own hypervisor', 'VS', 'csrw sedeleg, t1', HU, 22n],
      ['VS: virtual timer', 'VS', 'csrw vtimectl, t1', HU, 22n],
      ['VS: vIPI while not armed', 'VS', 'csrs vipi0, t1', HU, 22n],
      ['VS: writing its identity', 'VS', 'csrw vcpuid, t1', HU, 22n],
      ['HU: writing its identity', 'U', 'csrw vcpuid, t1', HU, 2n],
      ['U without HU: HUFENCE', 'U', 'hufence.gvma', 'nop', 2n],
      ['U: HFENCE', 'U', 'hfence.gvma', HU, 2n],
    ];
    test.each(holes)('%s', (_, mode, instruction, setUp, cause) => {
      expect(run(mode, instruction, setUp, 'strict').traps()[0]!.cause).toBe(cause);
      const open = run(mode, instruction, setUp, 'rocket').traps()[0]!.cause;
      expect(open).toBe(mode === 'VS' ? 10n : 8n);
    });

    test('reading the identity is free', () => {
      expect(run('VS', 'csrr t1, vcpuid', HU, 'strict').traps()[0]!.cause).toBe(10n);
    });

    test('the memory-mapped identity is no way round that', () => {
      const store = `li t0, 0x2005800\n li t1, 5\n sd t1, 0(t0)\n csrr s0, vcpuid`;
      for (const mode of ['U', 'VS'] as const) {
        const [trap] = run(mode, store, HU, 'strict').traps();
        expect([trap!.cause, trap!.tval]).toEqual([7n, 0x200_5800n]);
      }
      expect(run('S', store, HU, 'strict').x('s0')).toBe(5n);
      expect(run('U', store, HU, 'rocket').x('s0')).toBe(5n);
    });

    test('an armed guest may name identities of its own VM only', () => {
      const armed = `${HU}\n csrwi h_enable, 1\n csrwi h_vmid, 2`;
      const send = (identity: number): string => `li t1, ${1n << BigInt(identity)}\n csrs vipi0, t1`;
      expect(run('VS', send(17), armed, 'strict').traps()[0]!.cause).toBe(10n);
      const wrong = run('VS', send(16), armed, 'strict').traps()[0]!;
      expect([wrong.cause, wrong.tval]).toEqual([7n, 16n]);
    });
  });
});
