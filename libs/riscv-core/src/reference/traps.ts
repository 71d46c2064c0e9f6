/** Entering a trap handler and returning from one (Privileged ISA 3.1.6, 3.3.2, 8.6; dv-ext.md 3 and 4). */
import * as S from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import { CAUSE_FETCH_GUEST_PAGE, CAUSE_LOAD_GUEST_PAGE, CAUSE_STORE_GUEST_PAGE } from '../isa/causes.js';
import { BIT63, insert } from './bits.js';
import type { Destination, Interrupt } from './interrupts.js';
import * as F from './mstatus.js';
import type { HartState, MachineState, Mode } from './state.js';
import type { Trap } from './trap.js';

/** What sedeleg can hold (dv-ext.md 2.3). */
export const SEDELEG_MASK = 0xf0_0450n;

/** A trap as the counters and probes see it. */
export interface TakenTrap {
  /** Cause, or interrupt number. */
  readonly code: number;
  readonly interrupt: boolean;
  readonly fromV: boolean;
  readonly to: Destination;
}

/** Which mode handles exception `cause` raised in the current mode (dv-ext.md 3.1). */
function exceptionDestination(machine: MachineState, hart: HartState, cause: number): Destination {
  const mask = 1n << BigInt(cause);
  const delegated = (slot: number): boolean => (hart.csr(slot) & mask) !== 0n;
  if (hart.prv === L.PRV_M || !delegated(S.CSR_MEDELEG)) return 'M';
  if (hart.v && delegated(S.CSR_HEDELEG)) return 'VS';
  const fromUserOrGuest = hart.v || machine.isHu(hart);
  if (machine.hasDvext && fromUserOrGuest && (hart.csr(S.CSR_SEDELEG) & SEDELEG_MASK & mask) !== 0n) return 'HU';
  return 'HS';
}

export function takeException(machine: MachineState, hart: HartState, trap: Trap): TakenTrap {
  const to = exceptionDestination(machine, hart, trap.exception);
  const fromV = hart.v;
  const guestPageFault =
    trap.exception === CAUSE_FETCH_GUEST_PAGE ||
    trap.exception === CAUSE_LOAD_GUEST_PAGE ||
    trap.exception === CAUSE_STORE_GUEST_PAGE;
  enter(machine, hart, to, {
    code: BigInt(trap.exception),
    interrupt: false,
    tval: trap.tval,
    gva: trap.gva,
    guestPage: guestPageFault ? (trap.gpa ?? 0n) >> 2n : undefined,
    tinst: machine.dvext === L.DVEXT_ROCKET ? 0n : trap.tinst,
  });
  return { code: trap.exception, interrupt: false, fromV, to };
}

export function takeInterrupt(machine: MachineState, hart: HartState, { number, to }: Interrupt): TakenTrap {
  const fromV = hart.v;
  // VS sees the VS-level interrupts under the numbers of S-level ones: 2, 6, 10 become 1, 5, 9 (8.2.13).
  const code = to === 'VS' ? number - 1 : number;
  enter(machine, hart, to, {
    code: BigInt(code),
    interrupt: true,
    tval: 0n,
    gva: false,
    guestPage: undefined,
    tinst: 0n,
  });
  return { code: number, interrupt: true, fromV, to };
}

interface Entry {
  readonly code: bigint;
  readonly interrupt: boolean;
  readonly tval: bigint;
  readonly gva: boolean;
  /** Guest physical address >> 2 of a guest-page fault. */
  readonly guestPage: bigint | undefined;
  readonly tinst: bigint;
}

/** Where a destination keeps what every trap leaves behind, and its mode. */
const destinations = {
  M: { epc: S.CSR_MEPC, cause: S.CSR_MCAUSE, tval: S.CSR_MTVAL, tvec: S.CSR_MTVEC, mode: { prv: L.PRV_M, v: false } },
  HS: { epc: S.CSR_SEPC, cause: S.CSR_SCAUSE, tval: S.CSR_STVAL, tvec: S.CSR_STVEC, mode: { prv: L.PRV_S, v: false } },
  VS: {
    epc: S.CSR_VSEPC,
    cause: S.CSR_VSCAUSE,
    tval: S.CSR_VSTVAL,
    tvec: S.CSR_VSTVEC,
    mode: { prv: L.PRV_S, v: true },
  },
  HU: { epc: S.CSR_UEPC, cause: S.CSR_UCAUSE, tval: S.CSR_UTVAL, tvec: S.CSR_UTVEC, mode: { prv: L.PRV_U, v: false } },
} as const satisfies Record<Destination, object>;

function enter(machine: MachineState, hart: HartState, to: Destination, entry: Entry): void {
  stackStatus[to](machine, hart, entry);
  const { epc, cause, tval, tvec, mode } = destinations[to];
  hart.setCsr(epc, hart.pc);
  hart.setCsr(cause, entry.code | (entry.interrupt ? BIT63 : 0n));
  hart.setCsr(tval, entry.tval);
  hart.mode = mode;
  hart.pc = vector(hart.csr(tvec), entry);
}

/** What differs: the status registers, and what tells of a guest page. The hart is still in the mode that trapped. */
const stackStatus: Record<Destination, (machine: MachineState, hart: HartState, entry: Entry) => void> = {
  M(machine, hart, entry) {
    const from = hart.mode;
    let mstatus = hart.csr(S.CSR_MSTATUS);
    mstatus = insert(mstatus, F.MPP, BigInt(from.prv) << BigInt(F.MPP_SHIFT));
    mstatus = insert(mstatus, F.MPIE, copyBit(mstatus, F.MIE, F.MPIE)) & ~F.MIE;
    if (machine.hypervisor) {
      mstatus = insert(mstatus, F.MPV, from.v ? F.MPV : 0n);
      mstatus = insert(mstatus, F.GVA, entry.gva ? F.GVA : 0n);
      hart.setCsr(S.CSR_MTVAL2, entry.guestPage ?? 0n);
      hart.setCsr(S.CSR_MTINST, entry.tinst);
    }
    hart.setCsr(S.CSR_MSTATUS, mstatus);
  },
  HS(machine, hart, entry) {
    const from = hart.mode;
    hart.setCsr(S.CSR_MSTATUS, supervisorStatus(hart.csr(S.CSR_MSTATUS), from));
    if (!machine.hypervisor) return;
    let hstatus = insert(hart.csr(S.CSR_HSTATUS), F.SPV, from.v ? F.SPV : 0n);
    if (from.v) hstatus = insert(hstatus, F.SPVP, from.prv === L.PRV_S ? F.SPVP : 0n);
    hstatus = insert(hstatus, F.H_GVA, entry.gva ? F.H_GVA : 0n);
    hart.setCsr(S.CSR_HSTATUS, hstatus);
    // The prototype keeps htval on other traps (dv-ext.md 15); H 1.0 writes 0.
    if (entry.guestPage !== undefined) hart.setCsr(S.CSR_HTVAL, entry.guestPage);
    else if (machine.dvext !== L.DVEXT_ROCKET) hart.setCsr(S.CSR_HTVAL, 0n);
    hart.setCsr(S.CSR_HTINST, entry.tinst);
  },
  VS(_, hart) {
    hart.setCsr(S.CSR_VSSTATUS, supervisorStatus(hart.csr(S.CSR_VSSTATUS), hart.mode));
  },
  HU(machine, hart, entry) {
    const from = hart.mode;
    // dv-ext.md 3.3. GVA and UPVP are shared with hstatus, except in profile qemu.
    const shared = machine.dvext === L.DVEXT_QEMU ? S.CSR_HUSTATUS : S.CSR_HSTATUS;
    let status = insert(hart.csr(shared), F.H_GVA, entry.gva ? F.H_GVA : 0n);
    if (from.v) status = insert(status, F.UPVP, from.prv === L.PRV_S ? F.UPVP : 0n);
    hart.setCsr(shared, status);
    let own = insert(hart.csr(S.CSR_HUSTATUS), F.UPV, from.v ? F.UPV : 0n);
    const erratum = (machine.option(L.M_ERRATA) & 1) !== 0;
    own = insert(own, F.UPIE, erratum ? 0n : copyBit(own, F.UIE, F.UPIE)) & ~F.UIE;
    hart.setCsr(S.CSR_HUSTATUS, own);
    if (entry.guestPage !== undefined) {
      hart.setCsr(machine.dvext === L.DVEXT_QEMU ? S.CSR_HUTVAL : S.CSR_HTVAL, entry.guestPage);
    }
  },
};

/** mstatus or vsstatus behind a trap to S: SPP is the mode it came from, SPIE what SIE was, SIE off. */
function supervisorStatus(status: bigint, from: Mode): bigint {
  const stacked = insert(status, F.SPP, from.prv === L.PRV_S ? F.SPP : 0n);
  return insert(stacked, F.SPIE, copyBit(stacked, F.SIE, F.SPIE)) & ~F.SIE;
}

/** `to` if bit `from` of `value` is set, else 0. */
function copyBit(value: bigint, from: bigint, to: bigint): bigint {
  return (value & from) !== 0n ? to : 0n;
}

/** Direct: every trap at the base. Vectored: interrupts at base + 4 x cause (3.1.7). */
function vector(tvec: bigint, entry: Entry): bigint {
  const base = tvec & ~3n;
  return (tvec & 1n) !== 0n && entry.interrupt ? base + 4n * entry.code : base;
}

/** MRET, 3.3.2 and 8.6.4. */
export function returnFromMachine(machine: MachineState, hart: HartState): void {
  let mstatus = hart.csr(S.CSR_MSTATUS);
  const prv = Number((mstatus & F.MPP) >> BigInt(F.MPP_SHIFT));
  const v = machine.hypervisor && prv !== L.PRV_M && (mstatus & F.MPV) !== 0n;
  mstatus = insert(mstatus, F.MIE, copyBit(mstatus, F.MPIE, F.MIE)) | F.MPIE;
  mstatus &= ~F.MPP & ~F.MPV;
  if (prv !== L.PRV_M) mstatus &= ~F.MPRV;
  hart.setCsr(S.CSR_MSTATUS, mstatus);
  resume(hart, { prv, v }, hart.csr(S.CSR_MEPC));
}

/** SRET executed with V = 0: in HS or M. */
export function returnFromSupervisor(machine: MachineState, hart: HartState): void {
  let mstatus = hart.csr(S.CSR_MSTATUS);
  const prv = (mstatus & F.SPP) !== 0n ? L.PRV_S : L.PRV_U;
  mstatus = insert(mstatus, F.SIE, copyBit(mstatus, F.SPIE, F.SIE)) | F.SPIE;
  mstatus &= ~F.SPP & ~F.MPRV;
  hart.setCsr(S.CSR_MSTATUS, mstatus);
  let v = false;
  if (machine.hypervisor) {
    const hstatus = hart.csr(S.CSR_HSTATUS);
    v = (hstatus & F.SPV) !== 0n;
    hart.setCsr(S.CSR_HSTATUS, hstatus & ~F.SPV);
  }
  resume(hart, { prv, v }, hart.csr(S.CSR_SEPC));
}

/** SRET executed with V = 1: in VS. */
export function returnFromVirtualSupervisor(hart: HartState): void {
  let vsstatus = hart.csr(S.CSR_VSSTATUS);
  const prv = (vsstatus & F.SPP) !== 0n ? L.PRV_S : L.PRV_U;
  vsstatus = (insert(vsstatus, F.SIE, copyBit(vsstatus, F.SPIE, F.SIE)) | F.SPIE) & ~F.SPP;
  hart.setCsr(S.CSR_VSSTATUS, vsstatus);
  resume(hart, { prv, v: true }, hart.csr(S.CSR_VSEPC));
}

/** URET in HU (dv-ext.md 4). With UPV = 0 the target is always U: never a way into HS. */
export function returnFromHypervisorUser(machine: MachineState, hart: HartState): void {
  const own = hart.csr(S.CSR_HUSTATUS);
  const shared = machine.dvext === L.DVEXT_QEMU ? own : hart.csr(S.CSR_HSTATUS);
  const v = (own & F.UPV) !== 0n;
  const prv = v && (shared & F.UPVP) !== 0n ? L.PRV_S : L.PRV_U;
  hart.setCsr(S.CSR_HUSTATUS, (insert(own, F.UIE, copyBit(own, F.UPIE, F.UIE)) | F.UPIE) & ~F.UPV);
  hart.setCsr(S.CSR_MSTATUS, hart.csr(S.CSR_MSTATUS) & ~F.MPRV);
  resume(hart, { prv, v }, hart.csr(S.CSR_UEPC));
}

function resume(hart: HartState, mode: Mode, pc: bigint): void {
  hart.mode = mode;
  hart.pc = pc;
}
