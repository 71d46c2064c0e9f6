/**
 * The control and status registers: THE table. Readers: the CSR file of both engines, the disassembler and assembler,
 * the generated C header of the target software, the reference page.
 *
 * Privileged ISA ch. 2 (numbers), ch. 3 (machine), ch. 4 (supervisor), ch. 8 (hypervisor); DV-ext: docs/spec/dv-ext.md 2 and 15.
 */
import * as K from './csr-kinds.js';
import * as S from '../hart/csr-slots.js';

/** Which option of the machine brings a register into being. */
export type CsrNeeds = 'base' | 'F' | 'H' | 'Sstc' | 'H and Sstc' | 'dvext' | 'dvext-strict';

/** Access class of a DV-ext register (dv-ext.md 2.7). */
export type DvClass = 'user' | 'supervisor' | 'virq';

export interface Csr {
  /** Name in assembly text and in C headers. */
  readonly name: string;
  /** 12-bit number; bits 11:10 = 3 means read-only, bits 9:8 the lowest privilege. */
  readonly number: number;
  /** CSRK_*: behaviour beyond masks. */
  readonly kind: number;
  /** Byte offset of its storage in the hart area (hart/csr-slots.ts), 0 for none. */
  readonly slot: number;
  /** Bits that read as stored. */
  readonly readMask: bigint;
  /** Bits that a write changes. */
  readonly writeMask: bigint;
  /** Value after reset. */
  readonly reset: bigint;
  readonly needs: CsrNeeds;
  readonly dv?: DvClass;
  /** Index within an array of registers (pmpaddr, hpmcounter, vipi). */
  readonly index: number;
  /** Another number of the same register, dv-ext.md 15. */
  readonly aliasOf?: string;
}

const ALL = 0xffff_ffff_ffff_ffffn;
const WORD = 0xffff_ffffn;

interface Rest {
  slot?: number;
  r?: bigint;
  w?: bigint;
  reset?: bigint;
  needs?: CsrNeeds;
  dv?: DvClass;
  index?: number;
  aliasOf?: string;
}

function csr(name: string, number: number, kind: number, rest: Rest = {}): Csr {
  return {
    name,
    number,
    kind,
    slot: rest.slot ?? 0,
    readMask: rest.r ?? ALL,
    writeMask: rest.w ?? ALL,
    reset: rest.reset ?? 0n,
    needs: rest.needs ?? 'base',
    index: rest.index ?? 0,
    ...(rest.dv === undefined ? {} : { dv: rest.dv }),
    ...(rest.aliasOf === undefined ? {} : { aliasOf: rest.aliasOf }),
  };
}

function array(count: number, first: number, make: (index: number) => Csr): Csr[] {
  return Array.from({ length: count }, (_, i) => make(first + i));
}

// Interrupt bits (mip, mie, mideleg).
const S_BITS = 0x222n;
const M_BITS = 0x888n;
const VS_BITS = 0x444n;
const U_BITS = 0x111n;

const machine: Csr[] = [
  csr('mvendorid', 0xf11, K.CSRK_CONSTANT),
  csr('marchid', 0xf12, K.CSRK_CONSTANT),
  csr('mimpid', 0xf13, K.CSRK_CONSTANT),
  // Reset value = hart id, set when the machine is built.
  csr('mhartid', 0xf14, K.CSRK_CONSTANT),
  csr('mconfigptr', 0xf15, K.CSRK_CONSTANT),
  csr('mstatus', 0x300, K.CSRK_MSTATUS, { slot: S.CSR_MSTATUS, w: 0xc0_007e_79aan }),
  csr('misa', 0x301, K.CSRK_MISA),
  csr('medeleg', 0x302, K.CSRK_PLAIN, { slot: S.CSR_MEDELEG, w: 0xf0_b7ffn }),
  csr('mideleg', 0x303, K.CSRK_MIDELEG, { slot: S.CSR_MIDELEG, w: S_BITS | U_BITS }),
  csr('mie', 0x304, K.CSRK_MIE, { slot: S.CSR_MIE, w: S_BITS | M_BITS | VS_BITS | U_BITS }),
  csr('mtvec', 0x305, K.CSRK_TVEC, { slot: S.CSR_MTVEC }),
  csr('mcounteren', 0x306, K.CSRK_PLAIN, { slot: S.CSR_MCOUNTEREN, w: WORD }),
  csr('menvcfg', 0x30a, K.CSRK_ENVCFG, { slot: S.CSR_MENVCFG, w: 0x1n }),
  csr('mcountinhibit', 0x320, K.CSRK_MCOUNTINHIBIT, { slot: S.CSR_MCOUNTINHIBIT, w: WORD & ~2n }),
  csr('mscratch', 0x340, K.CSRK_PLAIN, { slot: S.CSR_MSCRATCH }),
  csr('mepc', 0x341, K.CSRK_EPC, { slot: S.CSR_MEPC, w: ~1n & ALL }),
  csr('mcause', 0x342, K.CSRK_PLAIN, { slot: S.CSR_MCAUSE }),
  csr('mtval', 0x343, K.CSRK_PLAIN, { slot: S.CSR_MTVAL }),
  csr('mip', 0x344, K.CSRK_MIP, { slot: S.CSR_MIP_SW, w: S_BITS | U_BITS | 0x4n }),
  csr('mtinst', 0x34a, K.CSRK_PLAIN, { slot: S.CSR_MTINST, needs: 'H' }),
  csr('mtval2', 0x34b, K.CSRK_PLAIN, { slot: S.CSR_MTVAL2, needs: 'H' }),
  csr('pmpcfg0', 0x3a0, K.CSRK_PMPCFG, { slot: S.CSR_PMPCFG0, index: 0 }),
  csr('pmpcfg2', 0x3a2, K.CSRK_PMPCFG, { slot: S.CSR_PMPCFG2, index: 8 }),
  ...array(16, 0, (i) =>
    csr(`pmpaddr${i}`, 0x3b0 + i, K.CSRK_PMPADDR, { slot: S.CSR_PMPADDR + 8 * i, w: (1n << 54n) - 1n, index: i }),
  ),
  // No triggers: tdata1 reads type 0, "there is no trigger at this tselect" (Debug 5.2), which software takes as its answer.
  csr('tselect', 0x7a0, K.CSRK_CONSTANT),
  ...array(3, 1, (i) => csr(`tdata${i}`, 0x7a0 + i, K.CSRK_CONSTANT)),
  csr('mcycle', 0xb00, K.CSRK_MCYCLE, { slot: S.CSR_MCYCLE_OFFSET }),
  csr('minstret', 0xb02, K.CSRK_MINSTRET, { slot: S.CSR_MINSTRET_OFFSET }),
  ...array(29, 3, (i) =>
    csr(`mhpmcounter${i}`, 0xb00 + i, K.CSRK_MHPMCOUNTER, { slot: S.CSR_MHPMCOUNTER + 8 * (i - 3), index: i }),
  ),
  // Bits 62:58 leave out M, S, U, VS, VU; 7:0 choose the event.
  ...array(29, 3, (i) =>
    csr(`mhpmevent${i}`, 0x320 + i, K.CSRK_MHPMEVENT, {
      slot: S.CSR_MHPMEVENT + 8 * (i - 3),
      w: 0x7c00_0000_0000_00ffn,
      index: i,
    }),
  ),
];

const floatingPoint: Csr[] = [
  csr('fflags', 0x001, K.CSRK_FFLAGS, { slot: S.CSR_FCSR, needs: 'F' }),
  csr('frm', 0x002, K.CSRK_FRM, { slot: S.CSR_FCSR, needs: 'F' }),
  csr('fcsr', 0x003, K.CSRK_FCSR, { slot: S.CSR_FCSR, needs: 'F' }),
];

const counters: Csr[] = [
  csr('cycle', 0xc00, K.CSRK_CYCLE_RO, { index: 0 }),
  csr('time', 0xc01, K.CSRK_TIME_RO, { index: 1 }),
  csr('instret', 0xc02, K.CSRK_INSTRET_RO, { index: 2 }),
  ...array(29, 3, (i) =>
    csr(`hpmcounter${i}`, 0xc00 + i, K.CSRK_HPMCOUNTER_RO, { slot: S.CSR_MHPMCOUNTER + 8 * (i - 3), index: i }),
  ),
];

const supervisor: Csr[] = [
  csr('sstatus', 0x100, K.CSRK_SSTATUS, { slot: S.CSR_MSTATUS, r: 0x8000_0003_000d_e762n, w: 0xc_6122n }),
  csr('sie', 0x104, K.CSRK_SIE, { slot: S.CSR_MIE }),
  csr('stvec', 0x105, K.CSRK_TVEC, { slot: S.CSR_STVEC }),
  csr('scounteren', 0x106, K.CSRK_PLAIN, { slot: S.CSR_SCOUNTEREN, w: WORD }),
  csr('senvcfg', 0x10a, K.CSRK_ENVCFG, { slot: S.CSR_SENVCFG, w: 0x1n }),
  csr('sscratch', 0x140, K.CSRK_PLAIN, { slot: S.CSR_SSCRATCH }),
  csr('sepc', 0x141, K.CSRK_EPC, { slot: S.CSR_SEPC, w: ~1n & ALL }),
  csr('scause', 0x142, K.CSRK_PLAIN, { slot: S.CSR_SCAUSE }),
  csr('stval', 0x143, K.CSRK_PLAIN, { slot: S.CSR_STVAL }),
  csr('sip', 0x144, K.CSRK_SIP, { slot: S.CSR_MIP_SW, w: 0x2n }),
  csr('stimecmp', 0x14d, K.CSRK_STIMECMP, { slot: S.CSR_STIMECMP, reset: ALL, needs: 'Sstc' }),
  csr('satp', 0x180, K.CSRK_SATP, { slot: S.CSR_SATP }),
];

const hypervisor: Csr[] = [
  // VSXL (33:32) reads 2; VGEIN reads 0 (GEILEN = 0); VSBE reads 0.
  csr('hstatus', 0x600, K.CSRK_HSTATUS, { slot: S.CSR_HSTATUS, w: 0x70_03c0n, reset: 0x2_0000_0000n, needs: 'H' }),
  csr('hedeleg', 0x602, K.CSRK_PLAIN, { slot: S.CSR_HEDELEG, w: 0xb1ffn, needs: 'H' }),
  csr('hideleg', 0x603, K.CSRK_PLAIN, { slot: S.CSR_HIDELEG, w: VS_BITS, needs: 'H' }),
  csr('hie', 0x604, K.CSRK_HIE, { slot: S.CSR_MIE, r: VS_BITS, w: VS_BITS, needs: 'H' }),
  csr('htimedelta', 0x605, K.CSRK_PLAIN, { slot: S.CSR_HTIMEDELTA, needs: 'H' }),
  csr('hcounteren', 0x606, K.CSRK_PLAIN, { slot: S.CSR_HCOUNTEREN, w: WORD, needs: 'H' }),
  csr('hgeie', 0x607, K.CSRK_CONSTANT, { needs: 'H' }),
  csr('henvcfg', 0x60a, K.CSRK_HENVCFG, { slot: S.CSR_HENVCFG, w: 0x1n, needs: 'H' }),
  csr('htval', 0x643, K.CSRK_PLAIN, { slot: S.CSR_HTVAL, needs: 'H' }),
  csr('hip', 0x644, K.CSRK_HIP, { slot: S.CSR_MIP_SW, r: VS_BITS, w: 0x4n, needs: 'H' }),
  csr('hvip', 0x645, K.CSRK_HVIP, { slot: S.CSR_MIP_SW, r: VS_BITS, w: VS_BITS, needs: 'H' }),
  csr('htinst', 0x64a, K.CSRK_PLAIN, { slot: S.CSR_HTINST, needs: 'H' }),
  csr('hgatp', 0x680, K.CSRK_HGATP, { slot: S.CSR_HGATP, needs: 'H' }),
  csr('hgeip', 0xe12, K.CSRK_HGEIP, { needs: 'H' }),
  csr('vstimecmp', 0x24d, K.CSRK_STIMECMP, { slot: S.CSR_VSTIMECMP, reset: ALL, needs: 'H and Sstc' }),
];

/** The guest's supervisor registers and, by rule, their user-visible HUVS names: 0x400 | low byte, canonical 0x8Cx (dv-ext.md 15). */
const virtualSupervisor: { row: Csr; canonical: number }[] = [
  {
    row: csr('vsstatus', 0x200, K.CSRK_VSSTATUS, {
      slot: S.CSR_VSSTATUS,
      r: 0x8000_0003_000d_e762n,
      w: 0xc_6122n,
      reset: 0x2_0000_0000n,
      needs: 'H',
    }),
    canonical: 0x8c0,
  },
  { row: csr('vsie', 0x204, K.CSRK_VSIE, { slot: S.CSR_MIE, needs: 'H' }), canonical: 0x8c4 },
  { row: csr('vstvec', 0x205, K.CSRK_TVEC, { slot: S.CSR_VSTVEC, needs: 'H' }), canonical: 0x8c5 },
  { row: csr('vsscratch', 0x240, K.CSRK_PLAIN, { slot: S.CSR_VSSCRATCH, needs: 'H' }), canonical: 0x8c8 },
  { row: csr('vsepc', 0x241, K.CSRK_EPC, { slot: S.CSR_VSEPC, w: ~1n & ALL, needs: 'H' }), canonical: 0x8c9 },
  { row: csr('vscause', 0x242, K.CSRK_PLAIN, { slot: S.CSR_VSCAUSE, needs: 'H' }), canonical: 0x8ca },
  { row: csr('vstval', 0x243, K.CSRK_PLAIN, { slot: S.CSR_VSTVAL, needs: 'H' }), canonical: 0x8cb },
  { row: csr('vsip', 0x244, K.CSRK_VSIP, { slot: S.CSR_MIP_SW, w: 0x2n, needs: 'H' }), canonical: 0x8cc },
  { row: csr('vsatp', 0x280, K.CSRK_VSATP, { slot: S.CSR_VSATP, needs: 'H' }), canonical: 0x8cd },
];

const guestSupervisorForUser: Csr[] = virtualSupervisor.flatMap(({ row, canonical }) => {
  const name = `hu${row.name}`;
  const user: Csr = { ...row, name, number: canonical, needs: 'dvext', dv: 'user' };
  return [user, { ...user, name: `${name}_alias`, number: 0x400 | (row.number & 0xff), aliasOf: name }];
});

/** HU bank: 0x800 | low byte of the H register (dv-ext.md 2.1). */
const hypervisorForUser: Csr[] = [
  csr('hustatus', 0x800, K.CSRK_HUSTATUS, { slot: S.CSR_HUSTATUS, w: 0x70_01d1n, needs: 'dvext', dv: 'user' }),
  csr('huie', 0x804, K.CSRK_HUIE, {
    slot: S.CSR_MIE,
    r: U_BITS | VS_BITS,
    w: U_BITS | VS_BITS,
    needs: 'dvext',
    dv: 'user',
  }),
  csr('hutimedelta', 0x805, K.CSRK_PLAIN, { slot: S.CSR_HUTIMEDELTA, needs: 'dvext', dv: 'user' }),
  csr('hucounteren', 0x806, K.CSRK_HUCOUNTEREN, { slot: S.CSR_HUCOUNTEREN, w: WORD, needs: 'dvext', dv: 'user' }),
  csr('hutval', 0x843, K.CSRK_HUTVAL, { slot: S.CSR_HUTVAL, needs: 'dvext', dv: 'user' }),
  csr('huip', 0x844, K.CSRK_HUIP, { slot: S.CSR_MIP_SW, r: U_BITS | VS_BITS, w: 0x155n, needs: 'dvext', dv: 'user' }),
  csr('huvip', 0x845, K.CSRK_HUVIP, { slot: S.CSR_MIP_SW, r: VS_BITS, w: 0x44n, needs: 'dvext', dv: 'user' }),
  csr('hutinst', 0x84a, K.CSRK_CONSTANT, { needs: 'dvext', dv: 'user' }),
  csr('hugatp', 0x880, K.CSRK_HUGATP, { slot: S.CSR_HUGATP, needs: 'dvext', dv: 'user' }),
];

/** A DV-ext register with its canonical number and the original one (dv-ext.md 15). */
function withAlias(canonical: Csr, originalNumber: number): Csr[] {
  return [
    canonical,
    { ...canonical, name: `${canonical.name}_alias`, number: originalNumber, aliasOf: canonical.name },
  ];
}

const userTraps: Csr[] = [
  csr('uie', 0x004, K.CSRK_UIE_RO, { needs: 'dvext', dv: 'user' }),
  csr('uip', 0x044, K.CSRK_UIP_RO, { needs: 'dvext', dv: 'user' }),
  ...withAlias(csr('utvec', 0x8e5, K.CSRK_TVEC, { slot: S.CSR_UTVEC, needs: 'dvext', dv: 'user' }), 0x005),
  ...withAlias(csr('uscratch', 0x8e8, K.CSRK_PLAIN, { slot: S.CSR_USCRATCH, needs: 'dvext', dv: 'user' }), 0x040),
  ...withAlias(csr('uepc', 0x8e9, K.CSRK_EPC, { slot: S.CSR_UEPC, w: ~1n & ALL, needs: 'dvext', dv: 'user' }), 0x041),
  ...withAlias(csr('ucause', 0x8ea, K.CSRK_UCAUSE, { slot: S.CSR_UCAUSE, needs: 'dvext', dv: 'user' }), 0x042),
  ...withAlias(csr('utval', 0x8eb, K.CSRK_PLAIN, { slot: S.CSR_UTVAL, needs: 'dvext', dv: 'user' }), 0x043),
];

const supervisorDelegation: Csr[] = [
  ...withAlias(
    csr('sedeleg', 0x5c2, K.CSRK_SEDELEG, { slot: S.CSR_SEDELEG, r: 0xf0_0450n, needs: 'dvext', dv: 'supervisor' }),
    0x102,
  ),
  ...withAlias(
    csr('sideleg', 0x5c3, K.CSRK_SIDELEG, {
      slot: S.CSR_SIDELEG,
      r: U_BITS,
      w: U_BITS,
      needs: 'dvext',
      dv: 'supervisor',
    }),
    0x103,
  ),
  csr('h_enable', 0x5c0, K.CSRK_PLAIN, { slot: S.CSR_H_ENABLE, w: 1n, needs: 'dvext-strict', dv: 'supervisor' }),
  csr('h_vmid', 0x5c4, K.CSRK_PLAIN, { slot: S.CSR_H_VMID, w: 0x3fffn, needs: 'dvext-strict', dv: 'supervisor' }),
];

/** Canonical numbers in every profile; the original numbers 0x401, 0x402, 0x482-0x486 are those of profile qemu. */
const virtualInterrupts: Csr[] = [
  ...withAlias(csr('vtimecmp', 0x8d0, K.CSRK_VTIMECMP, { needs: 'dvext', dv: 'virq' }), 0x401),
  ...withAlias(csr('vtimectl', 0x8d1, K.CSRK_VTIMECTL, { w: 0x7fn, needs: 'dvext', dv: 'virq' }), 0x402),
  ...withAlias(csr('vcpuid', 0x8d8, K.CSRK_VCPUID, { w: 0xffn, needs: 'dvext', dv: 'virq' }), 0x482),
  ...[0, 1, 2, 3].flatMap((i) =>
    withAlias(csr(`vipi${i}`, 0x8dc + i, K.CSRK_VIPI, { index: i, needs: 'dvext', dv: 'virq' }), 0x483 + i),
  ),
];

export const csrs: readonly Csr[] = [
  ...floatingPoint,
  ...counters,
  ...supervisor,
  ...hypervisor,
  ...virtualSupervisor.map(({ row }) => row),
  ...machine,
  ...userTraps,
  ...hypervisorForUser,
  ...guestSupervisorForUser,
  ...supervisorDelegation,
  ...virtualInterrupts,
];

/** Lowest privilege that may access CSR `number` (bits 9:8): 0 U, 1 S, 2 hypervisor (HS), 3 M. */
export function csrPrivilege(number: number): number {
  return (number >> 8) & 3;
}

/** Bits 11:10 both set: any write is an illegal instruction. */
export function csrIsReadOnly(number: number): boolean {
  return number >> 10 === 3;
}

/**
 * Does a write of this CSR flush the pipeline? All do, except xscratch, xepc, xcause, xtval: numbers x40-x43 in banks 0-3
 * (rocket-timing.md 3). The HU and HUVS banks always flush.
 */
export function csrWriteFlushes(number: number): boolean {
  const low = number & 0xff;
  return !(number < 0x400 && low >= 0x40 && low <= 0x43);
}

const byName = new Map(csrs.map((row) => [row.name, row]));
const byNumber = new Map(csrs.map((row) => [row.number, row]));

export function csrByName(name: string): Csr | undefined {
  return byName.get(name);
}

export function csrByNumber(number: number): Csr | undefined {
  return byNumber.get(number);
}

/** What a machine's hart offers, as far as the CSR file depends on it. */
export interface CsrOptions {
  /** Extensions by the names of the instruction tables ('f', 'h', ...). */
  readonly extensions: ReadonlySet<string>;
  readonly dvext: 'none' | 'rocket' | 'qemu' | 'strict';
  /** Rocket hardwires medeleg and hedeleg bits that other harts let software set (dv-ext.md 3.1). */
  readonly rocketDelegation: boolean;
  readonly pmpEntries: number;
  /** mhpmcounter3 to 31 count; otherwise they are read-only zero, as Zihpm allows. */
  readonly eventCounters: boolean;
}

const FS_BITS = 0x6000n;
/** mhpmevent: VS and VU left out. */
const GUEST_MODES = 3n << 58n;
/** menvcfg and henvcfg: Sstc, Svadu. */
const STCE = 1n << 63n;
const ADUE = 1n << 61n;
const ROCKET_MEDELEG = 0xf0_b509n;
const ROCKET_HEDELEG = 0xb109n;

/** The registers of one machine, masks narrowed to what its options leave writable. */
export function resolveCsrs(options: CsrOptions): Csr[] {
  const has = (needs: CsrNeeds): boolean => {
    switch (needs) {
      case 'base':
        return true;
      case 'F':
        return options.extensions.has('f');
      case 'H':
        return options.extensions.has('h');
      case 'Sstc':
        return options.extensions.has('sstc');
      case 'H and Sstc':
        return options.extensions.has('h') && options.extensions.has('sstc');
      case 'dvext':
        return options.dvext !== 'none';
      case 'dvext-strict':
        return options.dvext === 'strict';
    }
  };
  const environment = (options.extensions.has('sstc') ? STCE : 0n) | (options.extensions.has('svadu') ? ADUE : 0n);
  let lost = 0n;
  if (options.dvext === 'none') lost |= U_BITS;
  if (!options.extensions.has('h')) lost |= VS_BITS;
  const narrow = (row: Csr): Csr => {
    const counts = row.kind === K.CSRK_MHPMCOUNTER || row.kind === K.CSRK_MHPMEVENT;
    if (counts && !options.eventCounters) return { ...row, kind: K.CSRK_CONSTANT, slot: 0 };
    if (row.kind === K.CSRK_MHPMEVENT && !options.extensions.has('h'))
      return { ...row, writeMask: row.writeMask & ~GUEST_MODES };
    switch (row.name) {
      case 'mcountinhibit':
        return options.eventCounters ? row : { ...row, writeMask: 0x5n };
      case 'mstatus': {
        let writeMask = row.writeMask;
        if (!options.extensions.has('f')) writeMask &= ~FS_BITS;
        if (!options.extensions.has('h')) writeMask &= ~0xc0_0000_0000n;
        return { ...row, writeMask };
      }
      case 'sstatus':
      case 'vsstatus':
      case 'huvsstatus':
      case 'huvsstatus_alias':
        return options.extensions.has('f') ? row : { ...row, writeMask: row.writeMask & ~FS_BITS };
      case 'medeleg': {
        let writeMask = options.rocketDelegation ? ROCKET_MEDELEG : row.writeMask;
        if (!options.extensions.has('h')) writeMask &= 0xb3ffn;
        return { ...row, writeMask };
      }
      case 'hedeleg':
        return options.rocketDelegation ? { ...row, writeMask: ROCKET_HEDELEG } : row;
      case 'menvcfg':
      case 'henvcfg':
        return { ...row, writeMask: row.writeMask | environment };
      case 'mideleg':
      case 'mie':
      case 'mip':
        return { ...row, writeMask: row.writeMask & ~lost };
      default:
        return row;
    }
  };
  const pmp = (row: Csr): boolean =>
    (row.kind !== K.CSRK_PMPADDR && row.kind !== K.CSRK_PMPCFG) || row.index < options.pmpEntries;
  return csrs.filter((row) => has(row.needs) && pmp(row)).map(narrow);
}
