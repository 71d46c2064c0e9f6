import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import type { DvextProfile } from '../machine/config.js';
import {
  DVREG_VCPUID,
  DVREG_VIPI0,
  DVREG_VTIMECMP,
  DVREG_VTIMECTL,
  SYS_CSRRC,
  SYS_CSRRS,
  SYS_CSRRW,
  SYS_DV_CLEAR,
  SYS_DV_READ,
  SYS_DV_SET,
  SYS_DV_WRITE,
  SYS_HFENCE_GVMA,
  SYS_HFENCE_VVMA,
  SYS_HLV,
  SYS_HLVX,
  SYS_HSV,
  SYS_HUFENCE_GVMA,
  SYS_HUFENCE_VVMA,
  SYS_HULV,
  SYS_HUSV,
  SYS_SFENCE_VMA,
} from '../isa/sysops.js';
import { atp, CoreKit, numberOf, PTE, RAM, RWXAD } from './core.testkit.js';

const CLINT = 0x0200_0000n;
const everyMode = ['M', 'HS', 'HU', 'U', 'VS', 'VU'] as const;
const profiles = ['rocket', 'qemu', 'strict'] as const;

/** Outcome per mode in the order of everyMode: 0 = allowed, else the cause. */
function outcomes(kit: CoreKit, act: () => void): number[] {
  return everyMode.map((mode) => {
    kit.enter(mode);
    act();
    return Number(kit.trap?.cause ?? 0n);
  });
}

function holes(kit: CoreKit): number {
  const at = kit.linear.bytes.subarray(L.M_HOLES, L.M_HOLES + 512);
  return at.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}

describe('who may access the DV-ext registers (dv-ext.md 2.7, 9)', () => {
  //                                M  HS HU U  VS VU
  const table: [csr: string, kind: 'read' | 'set', Record<(typeof profiles)[number], number[]>][] = [
    ['hustatus', 'read', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 2, 22, 22], strict: [0, 0, 0, 2, 22, 22] }],
    ['uepc', 'set', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 2, 22, 22], strict: [0, 0, 0, 2, 22, 22] }],
    ['huvsepc', 'set', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 0, 2, 22, 22] }],
    ['huvsepc_alias', 'read', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 0, 2, 22, 22] }],
    ['sedeleg', 'set', { rocket: [0, 0, 2, 2, 0, 22], qemu: [0, 0, 2, 2, 0, 2], strict: [0, 0, 2, 2, 22, 22] }],
    ['vtimecmp', 'set', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 0, 2, 22, 22] }],
    ['vcpuid', 'set', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 2, 2, 22, 22] }],
    ['vcpuid', 'read', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 0, 0, 0, 0] }],
    ['vipi1', 'set', { rocket: [0, 0, 0, 0, 0, 0], qemu: [0, 0, 0, 0, 0, 0], strict: [0, 0, 0, 2, 22, 22] }],
    ['h_vmid', 'set', { rocket: [2, 2, 2, 2, 2, 2], qemu: [2, 2, 2, 2, 2, 2], strict: [0, 0, 2, 2, 22, 22] }],
  ];
  for (const [name, kind, expected] of table)
    for (const dvext of profiles)
      it(`${dvext}: ${kind} ${name}`, () => {
        const kit = new CoreKit({ dvext });
        if (dvext === 'strict') kit.setCsr('h_vmid', 8n);
        const act = (): void => void kit.csrInstruction(SYS_CSRRS, numberOf(name), kind === 'set' ? 0x4n : undefined);
        // Bit 2 of vipi1 is identity 66, the second of VM 8 in profile strict.
        expect(outcomes(kit, act)).toEqual(expected[dvext]);
      });

  it('without DV-ext none of them exists', () => {
    const kit = new CoreKit();
    for (const name of ['hustatus', 'uepc', 'huvsepc', 'sedeleg', 'vtimecmp', 'vipi0'])
      expect(outcomes(kit, () => void kit.csrInstruction(SYS_CSRRS, numberOf(name)))).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('an access that only a hole permits is reported once per hart and register', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.linear.setU32(L.M_EVENTS, 1);
    for (const mode of ['HU', 'U', 'U', 'VS'] as const) {
      kit.enter(mode);
      kit.csrInstruction(SYS_CSRRS, numberOf('hustatus'));
    }
    expect(kit.events).toEqual([{ kind: L.EV_HOLE, a: numberOf('hustatus') }]);
    expect(holes(kit)).toBe(1);
    expect(kit.linear.u64(L.M_HOLES + (0x800 >> 3)) & 1n).toBe(1n);
  });

  it('the HU bank of the kernel is closed to HU', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    for (const name of ['hstatus', 'hgatp', 'hedeleg', 'sideleg']) {
      kit.enter('HU');
      kit.csrInstruction(SYS_CSRRW, numberOf(name), 0n);
      expect(kit.trap?.cause, name).toBe(2n);
    }
  });
});

describe('register contents (dv-ext.md 2, 16.1, 16.2)', () => {
  for (const dvext of profiles)
    for (const mode of ['M', 'HS', 'HU'] as const)
      it(`${dvext}: ${mode} reads back what it writes to the HU bank`, () => {
        const kit = new CoreKit({ dvext });
        kit.enter(mode);
        const written = (name: string, value: bigint): bigint => {
          kit.csrInstruction(SYS_CSRRW, numberOf(name), value);
          expect(kit.trap).toBeUndefined();
          return kit.csrInstruction(SYS_CSRRS, numberOf(name));
        };
        const hu = mode === 'HU' ? 0x200n : 0n;
        expect(written('hustatus', (1n << 64n) - 1n)).toBe(0x2_0070_01d1n | hu);
        expect(written('hustatus', 0n)).toBe(0x2_0000_0000n | hu);
        expect(written('huie', 0xffffn)).toBe(0x555n);
        expect(written('hucounteren', 0x7n)).toBe(0x7n);
        expect(written('hutval', 0x1234n)).toBe(0x1234n);
        expect(written('hutimedelta', 0x99n)).toBe(0x99n);
        expect(written('hutinst', 0x99n)).toBe(0n);
      });

  it('hustatus leaves HU alone, hstatus leaves UIE and UPIE alone but shows them', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('hustatus', 0x211n);
    expect(kit.csr('hstatus') & 0x2ffn).toBe(0x11n);
    kit.setCsr('hstatus', 0x200n);
    expect(kit.csr('hustatus') & 0x2ffn).toBe(0x211n);
    // UPV has a flop of its own, UPVP is shared.
    kit.setCsr('hstatus', 0x180n);
    expect(kit.csr('hustatus') & 0x180n).toBe(0x100n);
  });

  it('qemu keeps hustatus, hutval, hucounteren and hugatp apart', () => {
    const kit = new CoreKit({ dvext: 'qemu' });
    const other = new CoreKit({ dvext: 'rocket' });
    for (const [user, host, value] of [
      ['hutval', 'htval', 5n],
      ['hucounteren', 'hcounteren', 6n],
      ['hugatp', 'hgatp', 0x40n],
      ['hustatus', 'hstatus', 0x100n],
    ] as const) {
      kit.setCsr(user, value);
      other.setCsr(user, value);
      expect(kit.csr(host) & value, user).toBe(0n);
      expect(other.csr(host) & value, user).toBe(value);
    }
  });

  it('hugatp: an unsupported mode keeps the mode, the root is 16 KiB aligned, TVM does not guard it', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setBits('mstatus', 1n << 20n);
    kit.enter('HU');
    kit.csrInstruction(SYS_CSRRW, numberOf('hugatp'), (8n << 60n) | 0x107n);
    kit.csrInstruction(SYS_CSRRW, numberOf('hugatp'), (9n << 60n) | 0x20bn);
    expect(kit.trap).toBeUndefined();
    expect(kit.csr('hgatp')).toBe((8n << 60n) | 0x208n);
  });

  it('the HUVS names show the vs registers and the other way round', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    for (const name of ['vsscratch', 'vsepc', 'vstval', 'vscause']) {
      kit.setCsr(name, 0x40n);
      expect(kit.csr(`hu${name}`)).toBe(0x40n);
      kit.setCsr(`hu${name}_alias`, 0x80n);
      expect(kit.csr(name)).toBe(0x80n);
    }
    expect(numberOf('huvscause_alias')).toBe(0x442);
  });

  it('sideleg keeps bits 0, 4, 8', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('sideleg', 0xffffn);
    expect(kit.csr('sideleg')).toBe(0x111n);
    expect(kit.csr('sideleg_alias')).toBe(0x111n);
  });

  it('qemu: the guest controls of hustatus govern the guest', () => {
    const kit = new CoreKit({ dvext: 'qemu' });
    kit.setCsr('hustatus', 1n << 20n);
    kit.enter('VS');
    kit.csrInstruction(SYS_CSRRS, numberOf('satp'));
    expect(kit.trap?.cause).toBe(22n);
    kit.setCsr('hustatus', 0n);
    kit.setBits('hstatus', 1n << 20n);
    kit.enter('VS');
    kit.csrInstruction(SYS_CSRRS, numberOf('satp'));
    expect(kit.trap).toBeUndefined();
  });
});

describe('virtual timer (dv-ext.md 8, 16.6)', () => {
  it('a level: enable and mtime >= vtimecmp; number 0 and 4 are UTIP, 6 is VSTIP', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('hideleg', 0x444n);
    kit.setCsr('vtimecmp', 10n);
    kit.cycle = 1000n;
    expect(kit.csr('huip')).toBe(0n);
    for (const [control, bits] of [
      [1n, 0x10n],
      [1n | (4n << 1n), 0x10n],
      [1n | (6n << 1n), 0x40n],
      [1n | (5n << 1n), 0n],
    ] as const) {
      kit.setCsr('vtimectl', control);
      expect(kit.csr('huip')).toBe(bits);
    }
    kit.setCsr('vtimectl', 1n | (6n << 1n));
    expect(kit.csr('vsip')).toBe(0x20n);
    kit.setCsr('vtimecmp', 11n);
    expect(kit.csr('huip')).toBe(0n);
    kit.setCsr('vtimecmp', 10n);
    kit.setCsr('vtimectl', 0n);
    expect(kit.csr('huip')).toBe(0n);
  });

  it('compares with the guest clock except in rocket', () => {
    for (const [dvext, bits] of [
      ['rocket', 0n],
      ['strict', 0x10n],
      ['qemu', 0x10n],
    ] as const) {
      const kit = new CoreKit({ dvext });
      kit.setCsr('hutimedelta', 100n);
      kit.setCsr('vtimecmp', 50n);
      kit.setCsr('vtimectl', 1n);
      expect(kit.csr('huip'), dvext).toBe(bits);
    }
  });

  it('poll wakes up for it', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('mideleg', 0x233n);
    kit.setCsr('sideleg', 0x11n);
    kit.setCsr('huie', 0x10n);
    kit.setCsr('vtimecmp', 7n);
    kit.setCsr('vtimectl', 1n);
    expect(kit.core.next_timer(kit.h, -1n)).toBe(700n);
    kit.enter('VS');
    kit.core.poll(kit.h);
    expect(kit.linear.u64(kit.h + L.STOPAT)).toBe(700n);
    kit.cycle = 700n;
    kit.core.poll(kit.h);
    expect(kit.mode).toBe('HU');
    expect(kit.csr('ucause')).toBe((1n << 63n) | 4n);
  });

  it('the CLINT mirrors are the same registers', () => {
    for (const [dvext, vtimecmp, vtimectl, vcpuid, vipi] of [
      ['rocket', 0x1000n, 0x1800n, 0x5800n, 0x5000n],
      ['qemu', 0x1_0000n, 0x1_0800n, 0x1_5800n, 0x1_5000n],
    ] as const) {
      const kit = new CoreKit({ dvext, harts: 2 }, 1);
      kit.store(CLINT + vtimecmp + 8n, 0x1234n, 3);
      kit.store(CLINT + vcpuid + 8n, 0x1ffn, 3);
      kit.store(CLINT + vipi + 8n, 0x80n, 3);
      kit.store(CLINT + vtimectl + (dvext === 'qemu' ? 4n : 8n), 1n, 2);
      expect([kit.csr('vtimecmp'), kit.csr('vcpuid'), kit.csr('vipi1'), kit.csr('vtimectl')]).toEqual([
        0x1234n,
        0xffn,
        0x80n,
        1n,
      ]);
      expect(kit.load(CLINT + vcpuid + 8n, 3)).toBe(0xffn);
      expect(kit.load(CLINT + vcpuid, 3)).toBe(0n);
    }
  });
});

describe('vIPI (dv-ext.md 9, 16.11)', () => {
  for (const [dvext, line] of [
    ['rocket', 4n],
    ['strict', 4n],
    ['qemu', 1n],
  ] as const)
    it(`${dvext}: the bit of the hart's identity raises ${line === 4n ? 'VSSIP' : 'USIP'}`, () => {
      const kit = new CoreKit({ dvext, harts: 2 });
      const other = kit.h + L.HART_STRIDE;
      kit.linear.setU64(L.M_VCPUID + 8, 70n);
      kit.setCsr('vcpuid', 3n);
      kit.csrInstruction(SYS_CSRRS, numberOf('vipi1'), 1n << 6n);
      expect(kit.core.pending(other)).toBe(line);
      expect(kit.core.pending(kit.h)).toBe(0n);
      kit.csrInstruction(SYS_CSRRC, numberOf('vipi1'), 1n << 6n);
      expect(kit.core.pending(other)).toBe(0n);
    });

  it('identity 0 hits every hart without identity, never in strict', () => {
    for (const [dvext, bits] of [
      ['rocket', 4n],
      ['strict', 0n],
    ] as const) {
      const kit = new CoreKit({ dvext });
      kit.csrInstruction(SYS_CSRRS, numberOf('vipi0'), 1n);
      expect(kit.csr('mip'), dvext).toBe(bits);
    }
  });

  it('words of the bitmap cannot be written whole', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.csrInstruction(SYS_CSRRW, numberOf('vipi0'), 1n);
    expect(kit.trap?.cause).toBe(2n);
  });

  it('strict: foreign identities are a store access fault with the identity in tval', () => {
    const kit = new CoreKit({ dvext: 'strict' });
    kit.setCsr('h_vmid', 2n);
    kit.setCsr('h_enable', 1n);
    for (const mode of ['HU', 'VS'] as const)
      for (const operation of [SYS_CSRRS, SYS_CSRRC]) {
        kit.enter(mode);
        kit.csrInstruction(operation, numberOf('vipi0'), (1n << 17n) | (1n << 24n));
        expect(kit.trap).toBeUndefined();
        kit.csrInstruction(operation, numberOf('vipi0'), (1n << 17n) | (1n << 25n));
        expect(kit.trap).toEqual({ to: 'M', cause: 7n, tval: 25n });
      }
    kit.enter('HS');
    kit.csrInstruction(SYS_CSRRS, numberOf('vipi0'), 1n << 63n);
    expect(kit.trap).toBeUndefined();
  });

  it('strict: the mirror in the CLINT obeys the same rules', () => {
    const kit = new CoreKit({ dvext: 'strict' });
    kit.openPmp();
    kit.setCsr('h_vmid', 2n);
    kit.enter('HU');
    kit.store(CLINT + 0x5000n, 1n << 17n, 3);
    expect(kit.trap).toBeUndefined();
    kit.store(CLINT + 0x5000n, 1n << 30n, 3);
    expect(kit.trap).toEqual({ to: 'M', cause: 7n, tval: 30n });
    expect(kit.csr('vipi0')).toBe(1n << 17n);
  });
});

describe('the 0x77-opcode instructions (dv-ext.md 2.5)', () => {
  it('rocket: read, write, set, clear with the complement', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.enter('VS');
    const write = (operation: number, register: number, value: bigint): void => {
      kit.setX(6, value);
      kit.system(operation, { rs2: 6, imm: register });
      expect(kit.trap).toBeUndefined();
    };
    const read = (register: number): bigint => {
      kit.system(SYS_DV_READ, { rd: 5, imm: register });
      return kit.x(5);
    };
    write(SYS_DV_WRITE, DVREG_VTIMECMP, 0x1_0000_0000n);
    write(SYS_DV_WRITE, DVREG_VTIMECTL, 1n);
    write(SYS_DV_WRITE, DVREG_VCPUID, 0x155n);
    write(SYS_DV_SET, DVREG_VIPI0 + 3, 0xf0n);
    write(SYS_DV_CLEAR, DVREG_VIPI0 + 3, ~0x30n & ((1n << 64n) - 1n));
    expect([DVREG_VTIMECMP, DVREG_VTIMECTL, DVREG_VCPUID, DVREG_VIPI0 + 3].map(read)).toEqual([
      0x1_0000_0000n,
      1n,
      0x55n,
      0xc0n,
    ]);
    expect(kit.csr('vtimecmp')).toBe(0x1_0000_0000n);
  });

  it('do not exist in the other profiles', () => {
    for (const dvext of ['none', 'qemu', 'strict'] as const) {
      const kit = new CoreKit({ dvext });
      kit.system(SYS_DV_READ, { rd: 5, imm: DVREG_VCPUID });
      expect(kit.trap?.cause, dvext).toBe(2n);
    }
  });
});

describe('fences: who may execute them (dv-ext.md 6)', () => {
  const rows: [operation: string, number: number, Record<DvextProfile, number[]>][] = [
    //                                  M  HS HU U  VS VU
    [
      'sfence.vma',
      SYS_SFENCE_VMA,
      {
        none: [0, 0, 2, 2, 0, 22],
        rocket: [0, 0, 2, 2, 0, 22],
        qemu: [0, 0, 2, 2, 0, 22],
        strict: [0, 0, 2, 2, 0, 22],
      },
    ],
    [
      'hfence.vvma',
      SYS_HFENCE_VVMA,
      {
        none: [0, 0, 2, 2, 22, 22],
        rocket: [0, 0, 0, 0, 22, 22],
        qemu: [0, 0, 2, 2, 22, 22],
        strict: [0, 0, 2, 2, 22, 22],
      },
    ],
    [
      'hfence.gvma',
      SYS_HFENCE_GVMA,
      {
        none: [0, 0, 2, 2, 22, 22],
        rocket: [0, 0, 0, 0, 22, 22],
        qemu: [0, 0, 2, 2, 22, 22],
        strict: [0, 0, 2, 2, 22, 22],
      },
    ],
    [
      'hufence.vvma',
      SYS_HUFENCE_VVMA,
      {
        none: [2, 2, 2, 2, 2, 2],
        rocket: [0, 0, 0, 0, 22, 22],
        qemu: [2, 2, 0, 0, 2, 2],
        strict: [0, 0, 0, 2, 22, 22],
      },
    ],
    [
      'hufence.gvma',
      SYS_HUFENCE_GVMA,
      {
        none: [2, 2, 2, 2, 2, 2],
        rocket: [0, 0, 0, 0, 22, 22],
        qemu: [2, 2, 0, 0, 2, 2],
        strict: [0, 0, 0, 2, 22, 22],
      },
    ],
  ];
  for (const [name, operation, expected] of rows)
    for (const dvext of ['none', ...profiles] as const)
      it(`${dvext}: ${name}`, () => {
        const kit = new CoreKit({ dvext });
        expect(outcomes(kit, () => kit.system(operation))).toEqual(expected[dvext]);
      });

  it('TVM: hfence.gvma in HS; in rocket both forms and the hu ones below M; VTVM: sfence.vma in VS', () => {
    for (const [dvext, vvma] of [
      ['none', 0],
      ['rocket', 2],
    ] as const) {
      const kit = new CoreKit({ dvext });
      kit.setBits('mstatus', 1n << 20n);
      const inHs = (operation: number): number => outcomes(kit, () => kit.system(operation))[1]!;
      expect([inHs(SYS_HFENCE_GVMA), inHs(SYS_HFENCE_VVMA), inHs(SYS_SFENCE_VMA)], dvext).toEqual([2, vvma, 2]);
      kit.setBits('hstatus', 1n << 20n);
      expect(outcomes(kit, () => kit.system(SYS_SFENCE_VMA))[4]).toBe(22);
    }
  });
});

describe('guest memory from the host (Privileged ISA 8.3, dv-ext.md 7, 16.7)', () => {
  const GVA = 0x1000_0000n;
  const GPA = 0x1_0000_0000n;
  const PAGE = RAM + 0x10_0000n;

  function withGuest(dvext: DvextProfile): { kit: CoreKit; vsroot: bigint; gleaf: bigint; vsleaf: bigint } {
    const kit = new CoreKit({ dvext });
    kit.openPmp();
    const groot = kit.newTable(4);
    const vsroot = kit.newTable();
    const vsleaf = kit.map(vsroot, GVA, GPA, RWXAD);
    const gleaf = kit.map(groot, GPA, PAGE, RWXAD | PTE.U, { wide: true });
    kit.map(groot, RAM + 0x20_0000n, RAM + 0x20_0000n, RWXAD | PTE.U, { level: 1, wide: true });
    kit.setCsr('vsatp', atp(vsroot));
    kit.setCsr('hgatp', atp(groot));
    if (dvext === 'qemu') kit.setCsr('hugatp', atp(groot));
    for (const name of dvext === 'qemu' ? ['hstatus', 'hustatus'] : ['hstatus']) kit.setBits(name, 0x100n);
    kit.setWord(PAGE, 0xffff_ffff_8000_0080n);
    return { kit, vsroot, gleaf, vsleaf };
  }
  const hlv = (kit: CoreKit, operation: number, kind = 3, va = GVA): bigint => {
    kit.setX(6, va);
    kit.setX(7, 0x42n);
    kit.system(operation, { rd: 5, rs1: 6, rs2: 7, imm: kind });
    return kit.x(5);
  };

  for (const dvext of ['none', ...profiles] as const)
    it(`${dvext}: legal in M, HS, HU, illegal in U, virtual instruction in the guest; both spellings`, () => {
      const { kit } = withGuest(dvext);
      expect(outcomes(kit, () => void hlv(kit, SYS_HLV))).toEqual([0, 0, 0, 2, 22, 22]);
      const user = dvext === 'none' ? [2, 2, 2, 2, 2, 2] : [0, 0, 0, 2, 22, 22];
      expect(outcomes(kit, () => void hlv(kit, SYS_HULV))).toEqual(user);
      expect(outcomes(kit, () => void hlv(kit, SYS_HUSV))).toEqual(user);
    });

  it('goes through both stages, extends as its kind says, and stores', () => {
    const { kit } = withGuest('rocket');
    kit.enter('HU');
    expect(hlv(kit, SYS_HLV)).toBe(0xffff_ffff_8000_0080n);
    expect(hlv(kit, SYS_HULV, 0)).toBe(0xffff_ffff_ffff_ff80n);
    expect(hlv(kit, SYS_HLV, 2 | L.ACCESS_UNSIGNED)).toBe(0x8000_0080n);
    hlv(kit, SYS_HSV, 1);
    expect(kit.word(PAGE)).toBe(0xffff_ffff_8000_0042n);
    expect(kit.instret).toBe(4n);
  });

  it('faults are those of the guest access, GVA = 1; a G-stage fault re-enters HU with UPV = 0', () => {
    const { kit, vsroot, gleaf, vsleaf } = withGuest('rocket');
    kit.setCsr('medeleg', 0xf0_b509n);
    kit.setCsr('sedeleg', 0xf0_0400n);
    kit.enter('HU');
    kit.setWord(gleaf, 0n);
    hlv(kit, SYS_HLV, 3, GVA + 8n);
    expect(kit.mode).toBe('HU');
    expect([kit.csr('ucause'), kit.csr('utval'), kit.csr('hutval') << 2n]).toEqual([21n, GVA + 8n, GPA + 8n]);
    expect(kit.csr('hustatus') & 0x1c0n).toBe(0x140n);
    hlv(kit, SYS_HSV);
    expect(kit.csr('ucause')).toBe(23n);
    kit.setWord(vsleaf, 0n);
    hlv(kit, SYS_HLV);
    expect(kit.trap).toEqual({ to: 'HS', cause: 13n, tval: GVA });
    expect(kit.csr('hstatus') & 0xc0n).toBe(0x40n);
    // From HS a G-stage fault stays in HS.
    kit.map(vsroot, GVA, GPA, RWXAD);
    kit.enter('HS');
    hlv(kit, SYS_HLV);
    expect(kit.trap).toEqual({ to: 'HS', cause: 21n, tval: GVA });
  });

  it('acts with the privilege in SPVP; HLVX asks for execute', () => {
    const { kit, vsroot } = withGuest('rocket');
    kit.enter('HU');
    kit.map(vsroot, GVA, GPA, RWXAD & ~PTE.R & ~PTE.W);
    hlv(kit, SYS_HLV);
    expect(kit.trap?.cause).toBe(13n);
    kit.enter('HU');
    expect(hlv(kit, SYS_HLVX, 1 | L.ACCESS_UNSIGNED)).toBe(0x80n);
    expect(kit.trap).toBeUndefined();
    kit.setBits('hstatus', 0x100n, false);
    hlv(kit, SYS_HLVX, 1 | L.ACCESS_UNSIGNED);
    expect(kit.trap?.cause).toBe(13n);
  });

  it('qemu: hugatp for HU, hgatp for HS', () => {
    const { kit } = withGuest('qemu');
    kit.setCsr('hgatp', 0n);
    kit.enter('HU');
    expect(hlv(kit, SYS_HULV, 3)).toBe(0xffff_ffff_8000_0080n);
    kit.enter('HS');
    hlv(kit, SYS_HLV);
    // hgatp is Bare: the VS-stage table is found, the page at GPA is not.
    expect(kit.trap?.cause).toBe(5n);
  });

  it('an upgrade needs no fence, a downgrade is seen at the latest after one (16.7)', () => {
    const { kit, vsleaf } = withGuest('rocket');
    const good = kit.word(vsleaf);
    kit.setWord(vsleaf, 0n);
    kit.enter('VS');
    kit.load(GVA, 3);
    expect(kit.trap?.cause).toBe(13n);
    kit.setWord(vsleaf, good);
    kit.enter('VS');
    kit.load(GVA, 3);
    expect(kit.trap).toBeUndefined();
    const tag = (): bigint =>
      kit.linear.u64(kit.linear.u32(kit.h + L.RFILTER) + (Number(GVA >> 12n) & 1023) * L.FILTER_ENTRY_SIZE);
    expect(tag()).toBe(GVA);
    kit.system(SYS_SFENCE_VMA);
    expect(tag()).toBe(BigInt(L.EMPTY_TAG));
  });
});
