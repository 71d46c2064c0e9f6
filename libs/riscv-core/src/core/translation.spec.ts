import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { atp, CoreKit, PTE, RAM, RWXAD } from './core.testkit.js';

const { ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE, PRV_M, PRV_S, PRV_U } = L;
const PAGE = RAM + 0x10_0000n;
const NAMES = ['fetch', 'load', 'store'] as const;

interface Attempt {
  access?: number;
  prv?: number;
  virtualized?: boolean;
  execute?: boolean;
}

/** Physical address, or the cause as a negative number. */
function translate(kit: CoreKit, va: bigint, attempt: Attempt = {}): bigint {
  const { access = ACCESS_LOAD, prv = PRV_S, virtualized = false, execute = false } = attempt;
  const cause = kit.core.translate(kit.h, va, 1n, access, prv, virtualized ? 1 : 0, execute ? 1 : 0);
  return cause === 0 ? BigInt.asUintN(64, kit.core.translated()) : -BigInt(cause);
}

describe('single-stage translation (Privileged ISA 4.3.2)', () => {
  const VA = 0x1234_5000n;
  let kit: CoreKit;
  let root: bigint;
  let leaf: bigint;
  beforeEach(() => {
    kit = new CoreKit();
    kit.openPmp();
    root = kit.newTable();
    leaf = kit.map(root, VA, PAGE, RWXAD);
    kit.setCsr('satp', atp(root));
  });
  const page = (): Record<string, bigint> =>
    Object.fromEntries(NAMES.map((name, access) => [name, translate(kit, VA + 0x123n, { access })]));

  it('maps a page for all access types', () => {
    expect(page()).toEqual({ fetch: PAGE + 0x123n, load: PAGE + 0x123n, store: PAGE + 0x123n });
  });

  it('faults by access type: invalid, W without R, reserved bits, Svnapot and Svpbmt bits', () => {
    const good = kit.word(leaf);
    for (const bad of [good & ~PTE.V, good & ~PTE.R, good | (1n << 54n), good | (1n << 61n), good | (1n << 63n)]) {
      kit.setWord(leaf, bad);
      expect(page(), bad.toString(16)).toEqual({ fetch: -12n, load: -13n, store: -15n });
    }
  });

  it('checks R, W and X of the leaf; MXR makes executable pages readable', () => {
    kit.map(root, VA, PAGE, PTE.V | PTE.X | PTE.A | PTE.D);
    expect(page()).toEqual({ fetch: PAGE + 0x123n, load: -13n, store: -15n });
    kit.setBits('mstatus', 1n << 19n);
    expect(page()).toEqual({ fetch: PAGE + 0x123n, load: PAGE + 0x123n, store: -15n });
    kit.map(root, VA, PAGE, PTE.V | PTE.R | PTE.A | PTE.D);
    expect(page()).toEqual({ fetch: -12n, load: PAGE + 0x123n, store: -15n });
  });

  it('keeps U from supervisor pages, and S from user pages unless SUM (never for fetches)', () => {
    expect(translate(kit, VA, { prv: PRV_U })).toBe(-13n);
    kit.map(root, VA, PAGE, RWXAD | PTE.U);
    expect(translate(kit, VA, { prv: PRV_U })).toBe(PAGE);
    expect(page()).toEqual({ fetch: -12n, load: -13n, store: -15n });
    kit.setBits('sstatus', 1n << 18n);
    expect(page()).toEqual({ fetch: -12n, load: PAGE + 0x123n, store: PAGE + 0x123n });
  });

  it('Svade: a clear A, or a clear D on a store, is a page fault', () => {
    kit.map(root, VA, PAGE, RWXAD & ~PTE.A);
    expect(page()).toEqual({ fetch: -12n, load: -13n, store: -15n });
    kit.map(root, VA, PAGE, RWXAD & ~PTE.D);
    expect(page()).toEqual({ fetch: PAGE + 0x123n, load: PAGE + 0x123n, store: -15n });
  });

  it('Svadu: the walk sets A, and D on a store', () => {
    kit.linear.setU32(L.M_SVADU, 1);
    leaf = kit.map(root, VA, PAGE, RWXAD & ~PTE.A & ~PTE.D);
    expect(translate(kit, VA)).toBe(PAGE);
    expect(kit.word(leaf) & 0xc0n).toBe(0x40n);
    expect(translate(kit, VA, { access: ACCESS_STORE })).toBe(PAGE);
    expect(kit.word(leaf) & 0xc0n).toBe(0xc0n);
  });

  it('superpages: offset from the address, misaligned ones fault', () => {
    const mega = 0x4000_0000n;
    kit.map(root, mega, RAM + 0x20_0000n, RWXAD, { level: 1 });
    expect(translate(kit, mega + 0x12_3456n)).toBe(RAM + 0x32_3456n);
    kit.map(root, mega, RAM + 0x20_1000n, RWXAD, { level: 1 });
    expect(translate(kit, mega)).toBe(-13n);
  });

  it('faults on a non-leaf entry with A, D or U, on a pointer at the last level, and on non-canonical addresses', () => {
    const top = root + ((VA >> 30n) & 511n) * 8n;
    const good = kit.word(top);
    for (const flag of [PTE.A, PTE.D, PTE.U]) {
      kit.setWord(top, good | flag);
      expect(translate(kit, VA)).toBe(-13n);
    }
    kit.setWord(top, good);
    kit.setWord(leaf, kit.word(leaf) & ~(PTE.R | PTE.W | PTE.X | PTE.A | PTE.D));
    expect(translate(kit, VA)).toBe(-13n);
    expect(translate(kit, 1n << 38n)).toBe(-13n);
    expect(translate(kit, 1n << 63n, { access: ACCESS_FETCH })).toBe(-12n);
  });

  it('a table outside RAM, or one that PMP hides, is an access fault of the original type', () => {
    kit.setCsr('satp', atp(0x1000_0000n));
    expect(page()).toEqual({ fetch: -1n, load: -5n, store: -7n });
    kit.setCsr('satp', atp(root));
    kit.setCsr('pmpaddr0', (root >> 2n) | 0x1ffn);
    kit.setCsr('pmpaddr1', (1n << 54n) - 1n);
    kit.setCsr('pmpcfg0', 0x1f18n);
    expect(page()).toEqual({ fetch: -1n, load: -5n, store: -7n });
  });

  it('leaves M and Bare alone', () => {
    expect(translate(kit, PAGE, { prv: PRV_M })).toBe(PAGE);
    kit.setCsr('satp', 0n);
    expect(translate(kit, PAGE, { prv: PRV_U })).toBe(PAGE);
    expect(translate(kit, 1n << 60n)).toBe(-5n);
  });

  it('MPRV lends M the privilege of MPP, and MPV the guest', () => {
    kit.setWord(PAGE, 0x5an);
    kit.setBits('mstatus', (1n << 17n) | (1n << 11n));
    expect(kit.load(VA, 3)).toBe(0x5an);
    kit.setBits('mstatus', 1n << 39n);
    kit.load(VA, 3);
    // vsatp and hgatp are Bare: VA is a physical address where nothing is.
    expect(kit.trap).toEqual({ to: 'M', cause: 5n, tval: VA });
    expect(kit.csr('mstatus') & (1n << 38n)).not.toBe(0n);
  });

  it('offers Sv48 only when told', () => {
    kit.setCsr('satp', (9n << 60n) | 5n);
    expect(kit.csr('satp')).toBe(atp(root));
    kit.linear.setU32(L.M_PAGING_LEVELS, 4);
    const outer = kit.newTable();
    kit.setWord(outer + ((0x1234_5678_9000n >> 39n) & 511n) * 8n, ((root >> 12n) << 10n) | PTE.V);
    const va = 0x1234_5678_9000n;
    kit.map(root, va & 0x7f_ffff_ffffn, PAGE, RWXAD);
    kit.setCsr('satp', (9n << 60n) | (outer >> 12n));
    expect(translate(kit, va)).toBe(PAGE);
  });
});

describe('two-stage translation (Privileged ISA 8.5)', () => {
  const GVA = 0x7654_3000n;
  /** Guest-physical page of the mapping, and where it really is. */
  const GPA = 0x1_2345_6000n;
  const guest = { virtualized: true } as const;
  let kit: CoreKit;
  let groot: bigint;
  let vsroot: bigint;
  let gleaf: bigint;
  let vsleaf: bigint;
  beforeEach(() => {
    kit = new CoreKit();
    kit.openPmp();
    groot = kit.newTable(4);
    vsroot = kit.newTable();
    vsleaf = kit.map(vsroot, GVA, GPA, RWXAD);
    gleaf = kit.map(groot, GPA, PAGE, RWXAD | PTE.U, { wide: true });
    // Tables of the VS-stage: identity, 2 MiB at a time, readable.
    kit.map(groot, RAM + 0x20_0000n, RAM + 0x20_0000n, RWXAD | PTE.U, { level: 1, wide: true });
    kit.setCsr('vsatp', atp(vsroot));
    kit.setCsr('hgatp', atp(groot));
  });
  const page = (): Record<string, bigint> =>
    Object.fromEntries(NAMES.map((name, access) => [name, translate(kit, GVA + 8n, { access, ...guest })]));
  const gpaOfFault = (): bigint => {
    kit.setCsr('medeleg', 0xf0_b7ffn);
    kit.enter('VS');
    kit.load(GVA + 9n, 0);
    expect(kit.mode).toBe('HS');
    return kit.csr('htval') << 2n;
  };

  it('goes through both stages', () => {
    expect(page()).toEqual({ fetch: PAGE + 8n, load: PAGE + 8n, store: PAGE + 8n });
  });

  it('records the entries read: 3 of the VS-stage, each behind a G-stage walk, and the last G-stage walk', () => {
    translate(kit, GVA, guest);
    const at = kit.h + L.PTE_TRACE;
    const count = kit.linear.u32(at);
    const stages = Array.from({ length: count }, (_, i) => kit.linear.u32(at + 8 + 16 * i + 8));
    expect(stages).toEqual([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1]);
    expect(kit.linear.u64(at + 8 + 16 * (count - 1))).toBe(gleaf);
    expect(kit.linear.u64(at + 8 + 16 * 8)).toBe(vsleaf);
    expect(kit.linear.u32(kit.h + L.TR_LEVEL)).toBe(12);
  });

  it('a VS-stage fault is an ordinary page fault', () => {
    kit.setWord(vsleaf, 0n);
    expect(page()).toEqual({ fetch: -12n, load: -13n, store: -15n });
  });

  it('G-stage: invalid, not user, permissions, Svade, misaligned superpage, address too wide', () => {
    const good = kit.word(gleaf);
    for (const bad of [0n, good & ~PTE.U, good & ~PTE.A, good | (1n << 60n)]) {
      kit.setWord(gleaf, bad);
      expect(page(), bad.toString(16)).toEqual({ fetch: -20n, load: -21n, store: -23n });
    }
    kit.setWord(gleaf, good & ~PTE.W & ~PTE.X);
    expect(page()).toEqual({ fetch: -20n, load: PAGE + 8n, store: -23n });
    kit.setWord(gleaf, good & ~PTE.D);
    expect(page()).toEqual({ fetch: PAGE + 8n, load: PAGE + 8n, store: -23n });
    kit.map(groot, 0x1_4000_0000n, RAM + 0x1000n, RWXAD | PTE.U, { level: 1, wide: true });
    kit.map(vsroot, GVA, 0x1_4000_0000n, RWXAD);
    expect(page()).toEqual({ fetch: -20n, load: -21n, store: -23n });
    kit.map(vsroot, GVA, 1n << 41n, RWXAD);
    expect(page()).toEqual({ fetch: -20n, load: -21n, store: -23n });
  });

  it('Sv39x4 takes 41 bits: the root has 2048 entries', () => {
    const high = (3n << 39n) | 0x1000n;
    kit.map(groot, high, PAGE, RWXAD | PTE.U, { wide: true });
    kit.map(vsroot, GVA, high, RWXAD);
    expect(translate(kit, GVA, guest)).toBe(PAGE);
  });

  it('reports the guest-physical address, low bits of the access included', () => {
    kit.setWord(gleaf, 0n);
    expect(gpaOfFault()).toBe(GPA + 8n);
    expect(kit.csr('stval')).toBe(GVA + 9n);
    expect(kit.csr('scause')).toBe(21n);
    expect(kit.csr('hstatus') & 0x1c0n).toBe(0x1c0n);
    expect(kit.csr('htinst')).toBe(0n);
  });

  it('a VS-stage table that the G-stage does not map: guest-page fault of the original access, gpa of the entry', () => {
    kit.setCsr('vsatp', atp(0x2_0000_0000n));
    expect(page()).toEqual({ fetch: -20n, load: -21n, store: -23n });
    expect(gpaOfFault()).toBe(0x2_0000_0000n + ((GVA >> 30n) & 511n) * 8n);
    expect(kit.csr('stval')).toBe(GVA + 9n);
    // 8.6.3: the pseudo-instruction of a 64-bit read.
    expect(kit.csr('htinst')).toBe(0x3000n);
  });

  it('tables must be readable in the G-stage: execute-only does not do, whatever MXR says', () => {
    kit.map(groot, RAM + 0x20_0000n, RAM + 0x20_0000n, (RWXAD & ~PTE.R & ~PTE.W) | PTE.U, { level: 1, wide: true });
    kit.setBits('mstatus', 1n << 19n);
    expect(translate(kit, GVA, guest)).toBe(-21n);
  });

  it('vsatp Bare: the guest-physical address is the virtual one; both Bare: physical', () => {
    kit.setCsr('vsatp', 0n);
    expect(translate(kit, GPA + 5n, guest)).toBe(PAGE + 5n);
    expect(translate(kit, GVA, guest)).toBe(-21n);
    kit.setCsr('hgatp', 0n);
    expect(translate(kit, PAGE + 5n, guest)).toBe(PAGE + 5n);
  });

  it('SUM is that of vsstatus; MXR of vsstatus acts on the VS-stage, that of mstatus on both', () => {
    kit.map(vsroot, GVA, GPA, RWXAD | PTE.U);
    kit.setBits('mstatus', 1n << 18n);
    expect(translate(kit, GVA, guest)).toBe(-13n);
    kit.setBits('vsstatus', 1n << 18n);
    expect(translate(kit, GVA, guest)).toBe(PAGE);

    const executeOnly = RWXAD & ~PTE.R & ~PTE.W;
    kit.map(vsroot, GVA, GPA, executeOnly);
    kit.setBits('vsstatus', 1n << 19n);
    expect(translate(kit, GVA, guest)).toBe(PAGE);
    kit.setWord(gleaf, kit.word(gleaf) & ~PTE.R & ~PTE.W);
    expect(translate(kit, GVA, guest)).toBe(-21n);
    kit.setBits('vsstatus', 1n << 19n, false);
    kit.setBits('mstatus', 1n << 19n);
    expect(translate(kit, GVA, guest)).toBe(PAGE);
  });

  it('HLVX needs execute permission in both stages, and read as well as execute of PMP', () => {
    kit.map(vsroot, GVA, GPA, RWXAD & ~PTE.R & ~PTE.W);
    kit.setWord(gleaf, kit.word(gleaf) & ~PTE.R & ~PTE.W);
    expect(translate(kit, GVA, { ...guest, execute: true })).toBe(PAGE);
    kit.map(vsroot, GVA, GPA, RWXAD & ~PTE.X);
    expect(translate(kit, GVA, { ...guest, execute: true })).toBe(-13n);
    kit.map(vsroot, GVA, GPA, RWXAD);
    kit.setCsr('pmpaddr0', (PAGE >> 2n) | 0x1ffn);
    kit.setCsr('pmpaddr1', (1n << 54n) - 1n);
    kit.setCsr('pmpcfg0', 0x1f19n);
    expect(translate(kit, GVA, { ...guest, execute: true })).toBe(-5n);
  });

  it('Svadu sets A and D in both stages and needs a writable table', () => {
    kit.linear.setU32(L.M_SVADU, 1);
    kit.setWord(gleaf, kit.word(gleaf) & ~PTE.A & ~PTE.D);
    kit.setWord(vsleaf, kit.word(vsleaf) & ~PTE.A & ~PTE.D);
    expect(translate(kit, GVA, { access: ACCESS_STORE, ...guest })).toBe(PAGE);
    expect([kit.word(gleaf) & 0xc0n, kit.word(vsleaf) & 0xc0n]).toEqual([0xc0n, 0xc0n]);
    kit.setWord(vsleaf, kit.word(vsleaf) & ~PTE.D);
    kit.map(groot, RAM + 0x20_0000n, RAM + 0x20_0000n, (RWXAD & ~PTE.W) | PTE.U, { level: 1, wide: true });
    expect(translate(kit, GVA, { access: ACCESS_STORE, ...guest })).toBe(-23n);
  });
});

describe('any single page table entry', () => {
  it('gives the answer that 4.3.2 spells out', () => {
    const kit = new CoreKit();
    kit.openPmp();
    const root = kit.newTable();
    kit.setCsr('satp', atp(root));
    const va = 0x5555_6000n;
    const leaf = kit.map(root, va, PAGE, 0n);
    const flags = fc.bigInt({ min: 0n, max: 255n });
    fc.assert(
      fc.property(
        flags,
        fc.constantFrom(0, 1, 2),
        fc.constantFrom(PRV_U, PRV_S),
        fc.boolean(),
        fc.boolean(),
        (bits, access, prv, sum, mxr) => {
          kit.setWord(leaf, ((PAGE >> 12n) << 10n) | bits);
          kit.setBits('sstatus', 1n << 18n, sum);
          kit.setBits('sstatus', 1n << 19n, mxr);
          const has = (flag: bigint): boolean => (bits & flag) !== 0n;
          const leafValid = has(PTE.V) && (has(PTE.R) || !has(PTE.W)) && (has(PTE.R) || has(PTE.X));
          const allowed =
            access === ACCESS_FETCH
              ? has(PTE.X)
              : access === ACCESS_STORE
                ? has(PTE.W)
                : has(PTE.R) || (mxr && has(PTE.X));
          const userFits = prv === PRV_U ? has(PTE.U) : !has(PTE.U) || (sum && access !== ACCESS_FETCH);
          const touched = has(PTE.A) && (access !== ACCESS_STORE || has(PTE.D));
          const fine = leafValid && allowed && userFits && touched;
          expect(translate(kit, va, { access, prv })).toBe(fine ? PAGE : [-12n, -13n, -15n][access]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
