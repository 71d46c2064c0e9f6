import { describe, expect, it } from 'vitest';
import { TRAP_COUNTS } from '../hart/layout.js';
import * as C from '../isa/causes.js';
import { SYS_EBREAK, SYS_ECALL, SYS_MRET, SYS_SRET, SYS_URET } from '../isa/sysops.js';
import { CoreKit, HANDLER, type Mode } from './core.testkit.js';

const ECALL_VS = 1n << 10n;

/** Raises `cause` from `mode` with the given delegation registers and tells where it went. */
function destination(kit: CoreKit, mode: Mode, cause: number): string {
  kit.enter(mode);
  kit.pc = 0x8000_0100n;
  kit.core.raise(kit.h, cause, 0x123n, 0, 0n);
  return Object.entries(HANDLER).find(([, at]) => at === kit.pc)![0];
}

describe('delegation ladder (dv-ext.md 3.1)', () => {
  const kit = new CoreKit({ dvext: 'rocket', machine: 'virt' });
  const rows: { medeleg: boolean; hedeleg: boolean; sedeleg: boolean; to: Record<Mode, string> }[] = [
    { medeleg: false, hedeleg: true, sedeleg: true, to: { M: 'M', HS: 'M', U: 'M', HU: 'M', VS: 'M', VU: 'M' } },
    { medeleg: true, hedeleg: false, sedeleg: false, to: { M: 'M', HS: 'HS', U: 'HS', HU: 'HS', VS: 'HS', VU: 'HS' } },
    { medeleg: true, hedeleg: true, sedeleg: false, to: { M: 'M', HS: 'HS', U: 'HS', HU: 'HS', VS: 'VS', VU: 'VS' } },
    { medeleg: true, hedeleg: false, sedeleg: true, to: { M: 'M', HS: 'HS', U: 'HS', HU: 'HU', VS: 'HU', VU: 'HU' } },
    // VS delegation wins over HU delegation.
    { medeleg: true, hedeleg: true, sedeleg: true, to: { M: 'M', HS: 'HS', U: 'HS', HU: 'HU', VS: 'VS', VU: 'VS' } },
  ];
  // Cause 6 is writable in all three delegation registers.
  const cause = C.CAUSE_STORE_MISALIGNED;
  for (const { medeleg, hedeleg, sedeleg, to } of rows)
    for (const mode of Object.keys(to) as Mode[])
      it(`medeleg ${medeleg}, hedeleg ${hedeleg}, sedeleg ${sedeleg}: from ${mode} to ${to[mode]}`, () => {
        kit.setBits('medeleg', 1n << BigInt(cause), medeleg);
        kit.setBits('hedeleg', 1n << BigInt(cause), hedeleg);
        kit.setBits('sedeleg', 1n << BigInt(cause), sedeleg);
        expect(destination(kit, mode, cause)).toBe(to[mode]);
      });

  it('ignores causes that sedeleg cannot hold, though its storage does', () => {
    kit.setCsr('medeleg', 0xf0_b7ffn);
    kit.setCsr('hedeleg', 0n);
    kit.setCsr('sedeleg', (1n << 64n) - 1n);
    expect(kit.csr('sedeleg')).toBe(0xf0_0450n);
    expect(destination(kit, 'VS', C.CAUSE_STORE_PAGE)).toBe('HS');
    expect(destination(kit, 'VS', C.CAUSE_VIRTUAL)).toBe('HU');
  });

  it('counts every trap by origin, destination and cause', () => {
    const fresh = new CoreKit({ dvext: 'rocket' });
    fresh.setCsr('medeleg', 0xf0_b7ffn);
    fresh.setCsr('sedeleg', ECALL_VS);
    fresh.enter('VS');
    fresh.system(SYS_ECALL);
    const counter = (fromV: number, to: number, code: number): bigint =>
      fresh.linear.u64(fresh.h + TRAP_COUNTS + 8 * ((fromV * 4 + to) * 128 + code));
    expect(counter(1, 0, 10)).toBe(1n);
  });
});

describe('a guest exit to HU and back (dv-ext.md 3.3, 4, 16.3, 16.4)', () => {
  function guest(dvext: 'rocket' | 'qemu' | 'strict', sedeleg: bigint): CoreKit {
    const kit = new CoreKit({ dvext });
    kit.setCsr('medeleg', 0xf0_b7ffn);
    kit.setCsr('sedeleg', sedeleg);
    kit.enter('VS');
    kit.pc = 0x8000_0100n;
    return kit;
  }

  for (const dvext of ['rocket', 'qemu', 'strict'] as const)
    it(`${dvext}: ecall in VS arrives in HU; URET past it continues the guest`, () => {
      const kit = guest(dvext, ECALL_VS);
      kit.setBits('hustatus', 1n);
      kit.system(SYS_ECALL);
      expect(kit.mode).toBe('HU');
      expect(kit.pc).toBe(HANDLER.HU);
      expect(kit.csr('ucause')).toBe(10n);
      expect(kit.csr('uepc')).toBe(0x8000_0100n);
      expect(kit.csr('utval')).toBe(0n);
      // UPV, UPVP set; UIE moved to UPIE.
      expect(kit.csr('hustatus') & 0x1d1n).toBe(0x190n);

      kit.setCsr('uepc', kit.csr('uepc') + 4n);
      kit.system(SYS_URET);
      expect(kit.mode).toBe('VS');
      expect(kit.pc).toBe(0x8000_0104n);
      expect(kit.csr('hustatus') & 0x91n).toBe(0x11n);
    });

  it('without sedeleg it arrives in HS with SPV = 1, SPVP = 1, SPP = 1', () => {
    const kit = guest('rocket', 0n);
    kit.system(SYS_ECALL);
    expect(kit.trap).toEqual({ to: 'HS', cause: 10n, tval: 0n });
    expect(kit.csr('hstatus') & 0x180n).toBe(0x180n);
    expect(kit.csr('sstatus') & 0x100n).toBe(0x100n);
    expect(kit.csr('sepc')).toBe(0x8000_0100n);
  });

  it('the erratum flag loses UIE on the way', () => {
    const kit = new CoreKit({ dvext: 'rocket', set: { 'erratum.upie': true } });
    kit.setCsr('medeleg', 0xf0_b7ffn);
    kit.setCsr('sedeleg', ECALL_VS);
    kit.setBits('hustatus', 1n);
    kit.enter('VS');
    kit.system(SYS_ECALL);
    expect(kit.csr('hustatus') & 0x11n).toBe(0n);
  });

  it('a kernel trap leaves UPV alone but overwrites UPVP, except in profile qemu', () => {
    for (const [dvext, upvp] of [
      ['rocket', 0n],
      ['qemu', 0x100n],
    ] as const) {
      const kit = new CoreKit({ dvext });
      kit.setCsr('medeleg', 0xf0_b7ffn);
      kit.setCsr('hustatus', 0x180n);
      kit.enter('VU');
      kit.system(SYS_ECALL);
      expect(kit.mode).toBe('HS');
      expect(kit.csr('hustatus') & 0x180n, dvext).toBe(0x80n | upvp);
    }
  });

  it('hutval gets the guest-physical address of a guest-page fault only; htval is kept in rocket, cleared in strict', () => {
    for (const [dvext, kept] of [
      ['rocket', 0x77n],
      ['strict', 0n],
    ] as const) {
      const kit = guest(dvext, 1n << 21n);
      kit.core.raise(kit.h, C.CAUSE_LOAD_GUEST_PAGE, 0x4003n, 1, 0x9_0000_4003n);
      expect(kit.mode).toBe('HU');
      expect((kit.csr('hutval') << 2n) | (kit.csr('utval') & 3n)).toBe(0x9_0000_4003n);
      expect(kit.csr('hustatus') & 0x40n).toBe(0x40n);
      kit.setCsr('htval', 0x77n);
      kit.enter('HS');
      kit.core.raise(kit.h, C.CAUSE_BREAKPOINT, 0n, 0, 0n);
      expect(kit.csr('htval'), dvext).toBe(kept);
    }
  });

  it('URET with UPV = 0 goes to U whatever UPVP says, and books the hole', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.linear.setU32(0x10000 + 64, 1);
    kit.setCsr('hustatus', 0x100n);
    kit.setCsr('uepc', 0x8000_0200n);
    kit.enter('HU');
    kit.system(SYS_URET);
    expect(kit.mode).toBe('HU');
    expect(kit.pc).toBe(0x8000_0200n);
    expect(kit.events.filter(({ kind }) => kind === 3)).toHaveLength(1);
  });

  it('URET is illegal in U, HS and M, a virtual instruction in the guest', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    for (const [mode, cause] of [
      ['U', 2n],
      ['HS', 2n],
      ['M', 2n],
      ['VS', 22n],
      ['VU', 22n],
    ] as const) {
      kit.enter(mode);
      kit.system(SYS_URET, { raw: 0x0020_0073 });
      expect(kit.trap, mode).toEqual({ to: 'M', cause, tval: 0x0020_0073n });
    }
  });
});

describe('trap state of the privileged architecture', () => {
  it('M: MPV, GVA, MPP, MPIE; mtval2 and mtinst only for guest-page faults', () => {
    const kit = new CoreKit();
    kit.setBits('mstatus', 8n);
    kit.enter('VS');
    kit.core.raise(kit.h, C.CAUSE_STORE_GUEST_PAGE, 0x5000n, 1, 0x1234_5678n);
    const status = kit.csr('mstatus');
    expect((status >> 38n) & 3n).toBe(3n);
    expect((status >> 11n) & 3n).toBe(1n);
    expect(status & 0x88n).toBe(0x80n);
    expect(kit.csr('mtval2')).toBe(0x1234_5678n >> 2n);
    kit.core.raise(kit.h, C.CAUSE_ILLEGAL, 0x13n, 0, 0n);
    expect(kit.csr('mtval2')).toBe(0n);
    expect((kit.csr('mstatus') >> 38n) & 3n).toBe(0n);
  });

  it('MRET to VS and back by a VS trap; SRET in VS uses vsstatus', () => {
    const kit = new CoreKit();
    kit.setCsr('medeleg', 0xb7ffn);
    kit.setCsr('hedeleg', 0xb1ffn);
    kit.setBits('mstatus', (1n << 39n) | (1n << 11n) | (1n << 17n));
    kit.setCsr('mepc', 0x8000_0400n);
    kit.system(SYS_MRET);
    expect(kit.mode).toBe('VS');
    expect(kit.pc).toBe(0x8000_0400n);
    expect(kit.csr('mstatus') & ((1n << 39n) | (1n << 17n) | (3n << 11n))).toBe(0n);

    kit.setBits('vsstatus', 2n);
    kit.system(SYS_EBREAK);
    expect(kit.trap).toEqual({ to: 'VS', cause: 3n, tval: 0x8000_0400n });
    expect(kit.csr('vsstatus') & 0x122n).toBe(0x120n);

    kit.setBits('vsstatus', 0x100n, false);
    kit.system(SYS_SRET);
    expect(kit.mode).toBe('VU');
    expect(kit.csr('vsstatus') & 0x122n).toBe(0x22n);
  });

  it('SRET in HS enters the guest when SPV is set', () => {
    const kit = new CoreKit();
    kit.setBits('hstatus', 0x80n);
    kit.setBits('sstatus', 0x100n);
    kit.setCsr('sepc', 0x8000_0600n);
    kit.enter('HS');
    kit.system(SYS_SRET);
    expect(kit.mode).toBe('VS');
    expect(kit.csr('hstatus') & 0x80n).toBe(0n);
  });

  it('refuses returns as TSR and VTSR say', () => {
    const kit = new CoreKit();
    kit.setBits('mstatus', 1n << 22n);
    kit.enter('HS');
    kit.system(SYS_SRET, { raw: 0x1020_0073 });
    expect(kit.trap).toEqual({ to: 'M', cause: 2n, tval: 0x1020_0073n });
    kit.setBits('hstatus', 1n << 22n);
    kit.enter('VS');
    kit.system(SYS_SRET);
    expect(kit.trap?.cause).toBe(22n);
    kit.enter('VU');
    kit.system(SYS_SRET);
    expect(kit.trap?.cause).toBe(22n);
    kit.enter('U');
    kit.system(SYS_SRET);
    expect(kit.trap?.cause).toBe(2n);
    kit.enter('VS');
    kit.system(SYS_MRET);
    expect(kit.trap?.cause).toBe(2n);
  });

  it('ecall has the cause of the mode it comes from', () => {
    const kit = new CoreKit();
    for (const [mode, cause] of [
      ['U', 8n],
      ['VU', 8n],
      ['HS', 9n],
      ['VS', 10n],
      ['M', 11n],
    ] as const) {
      kit.enter(mode);
      kit.system(SYS_ECALL);
      expect(kit.trap).toEqual({ to: 'M', cause, tval: 0n });
    }
  });

  it('a trap retires nothing, costs a cycle without the cycle model, and is reported as an event', () => {
    const kit = new CoreKit();
    kit.linear.setU32(0x10000 + 64, 1);
    kit.enter('VS');
    kit.system(SYS_ECALL);
    expect(kit.instret).toBe(0n);
    expect(kit.cycle).toBe(1n);
    expect(kit.events).toEqual([{ kind: 1, a: 10 | (1 << 16) | (3 << 20) }]);
  });
});
