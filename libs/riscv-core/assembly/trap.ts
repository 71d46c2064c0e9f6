/** Trap entry: delegation (Privileged ISA 3.1.8, 8.4; dv-ext.md 3) and the state it writes. */
import {
  BARREN_TRAPS,
  DVEXT_QEMU,
  DVEXT_ROCKET,
  EVENT,
  EVENT_TRAP,
  EV_TRAP,
  INSTRET,
  M_ERRATA,
  M_EVENTS,
  PC,
  PRV,
  PRV_M,
  PRV_S,
  PRV_U,
  REC_RAW,
  TRAP_COUNTS,
  TRAP_INSTRET,
  V,
} from '../src/hart/layout';
import {
  CSR_HEDELEG,
  CSR_HSTATUS,
  CSR_HTINST,
  CSR_HTVAL,
  CSR_HUSTATUS,
  CSR_HUTVAL,
  CSR_MCAUSE,
  CSR_MEDELEG,
  CSR_MEPC,
  CSR_MSTATUS,
  CSR_MTINST,
  CSR_MTVAL,
  CSR_MTVAL2,
  CSR_MTVEC,
  CSR_SCAUSE,
  CSR_SEDELEG,
  CSR_SEPC,
  CSR_STVAL,
  CSR_STVEC,
  CSR_UCAUSE,
  CSR_UEPC,
  CSR_UTVAL,
  CSR_UTVEC,
  CSR_VSCAUSE,
  CSR_VSEPC,
  CSR_VSSTATUS,
  CSR_VSTVAL,
  CSR_VSTVEC,
} from '../src/hart/csr-slots';
import {
  CAUSE_FETCH_GUEST_PAGE,
  CAUSE_ILLEGAL,
  CAUSE_LOAD_GUEST_PAGE,
  CAUSE_STORE_GUEST_PAGE,
  CAUSE_VIRTUAL,
} from '../src/isa/causes';
import { selectContext } from './context';
import { event } from './env';
import {
  HSTATUS_GVA,
  HSTATUS_SPV,
  HSTATUS_SPVP,
  HSTATUS_UIE,
  HSTATUS_UPIE,
  STATUS_GVA,
  STATUS_MIE,
  STATUS_MPIE,
  STATUS_MPP,
  STATUS_MPP_SHIFT,
  STATUS_MPV,
  STATUS_SIE,
  STATUS_SPIE,
  STATUS_SPP,
} from './fields';
import { TO_HS, TO_HU, TO_M, TO_VS } from './irq';
import { csr, dvext, hasDvext, isHu, prv, setCsr, virt } from './state';
import { timeSettle, timeTrap } from './timing-calls';

const INTERRUPT: u64 = 1 << 63;
/** sedeleg bits that [R] keeps (dv-ext.md 2.3). */
const SEDELEG_BITS: u64 = 0xf0_0450;

/** Raises exception `cause`. `gva`: tval is a guest virtual address. `gpa`: address that failed in the G-stage, 0 = none. */
export function raise(h: usize, cause: i32, tval: u64, gva: bool, gpa: u64): void {
  enter(h, destination(h, cause), cause, false, tval, gva, gpa, 0);
}

/** The same for a guest-page fault on the walker's own access to a VS-stage table; `tinst` as in walkInstruction(). */
export function raiseWalk(h: usize, cause: i32, tval: u64, gva: bool, gpa: u64, tinst: u64): void {
  enter(h, destination(h, cause), cause, false, tval, gva, gpa, dvext() == DVEXT_ROCKET ? 0 : tinst);
}

/** Takes interrupt `number`; `mode` as chosen by pickInterrupt. */
export function interrupt(h: usize, number: i32, mode: i32): void {
  enter(h, mode, number, true, 0, false, 0, 0);
}

/** Illegal or virtual instruction (`cause`) with the bits of record `rec` in tval. */
export function refuse(h: usize, cause: i32, rec: usize): void {
  raise(h, cause, load<u32>(rec, REC_RAW), false, 0);
}

export function illegal(h: usize, rec: usize): void {
  refuse(h, CAUSE_ILLEGAL, rec);
}

/** Illegal instruction with V=0, virtual instruction with V=1. */
export function refuseByMode(h: usize, rec: usize): void {
  refuse(h, virt(h) ? CAUSE_VIRTUAL : CAUSE_ILLEGAL, rec);
}

/** The ladder of dv-ext.md 3.1 (steps 1, 2 and 4: Privileged ISA). */
function destination(h: usize, cause: i32): i32 {
  const mode = prv(h);
  if (mode == PRV_M || ((csr(h, CSR_MEDELEG) >> cause) & 1) == 0) return TO_M;
  if (virt(h) && ((csr(h, CSR_HEDELEG) >> cause) & 1) != 0) return TO_VS;
  if (hasDvext() && (virt(h) || isHu(h)) && ((csr(h, CSR_SEDELEG) & SEDELEG_BITS) >> cause) & 1) return TO_HU;
  return TO_HS;
}

function enter(h: usize, mode: i32, number: i32, isInterrupt: bool, tval: u64, gva: bool, gpa: u64, tinst: u64): void {
  timeSettle(h);
  const fromV = i32(virt(h));
  const pc = load<u64>(h, PC);
  const cause = u64(number) | (isInterrupt ? INTERRUPT : 0);
  const isGuestFault =
    !isInterrupt &&
    (number == CAUSE_FETCH_GUEST_PAGE || number == CAUSE_LOAD_GUEST_PAGE || number == CAUSE_STORE_GUEST_PAGE);
  switch (mode) {
    case TO_M:
      enterM(h, pc, cause, tval, gva, isGuestFault ? gpa >> 2 : 0, tinst);
      break;
    case TO_HS:
      enterHs(h, pc, cause, tval, gva, isGuestFault, gpa >> 2, tinst);
      break;
    case TO_VS:
      enterVs(h, pc, cause, tval);
      break;
    default:
      enterHu(h, pc, cause, tval, gva, isGuestFault, gpa >> 2);
  }
  const counter: usize = h + TRAP_COUNTS + ((fromV * 4 + mode) * 128 + number + (isInterrupt ? 64 : 0)) * 8;
  store<u64>(counter, load<u64>(counter) + 1);
  countBarren(h);
  selectContext(h);
  // Reported before it is charged: the way to the handler belongs to the exit.
  if (load<i32>(M_EVENTS)) event(h, EV_TRAP, number | (i32(isInterrupt) << 8) | (fromV << 16) | (mode << 20), 0);
  timeTrap(h);
  store<i32>(h, EVENT_TRAP, EVENT);
}

function countBarren(h: usize): void {
  const instret = load<u64>(h, INSTRET);
  if (instret == load<u64>(h, TRAP_INSTRET)) store<u64>(h, load<u64>(h, BARREN_TRAPS) + 1, BARREN_TRAPS);
  else store<u64>(h, instret, TRAP_INSTRET);
}

/** 3.1.6.1, 8.4.2: mstatus.MPV, MPP, MPIE, GVA; mtval2, mtinst. */
function enterM(h: usize, pc: u64, cause: u64, tval: u64, gva: bool, gpa: u64, tinst: u64): void {
  let status = csr(h, CSR_MSTATUS);
  status &= ~(STATUS_MPV | STATUS_GVA | STATUS_MPP | STATUS_MPIE);
  status |= u64(prv(h)) << STATUS_MPP_SHIFT;
  if (virt(h)) status |= STATUS_MPV;
  if (gva) status |= STATUS_GVA;
  if (status & STATUS_MIE) status |= STATUS_MPIE;
  setCsr(h, CSR_MSTATUS, status & ~STATUS_MIE);
  setCsr(h, CSR_MEPC, pc);
  setCsr(h, CSR_MCAUSE, cause);
  setCsr(h, CSR_MTVAL, tval);
  setCsr(h, CSR_MTVAL2, gpa);
  setCsr(h, CSR_MTINST, tinst);
  jump(h, csr(h, CSR_MTVEC), cause, PRV_M, false);
}

/** 8.4.2, 8.2.1: hstatus.SPV, SPVP, GVA; htval, htinst. */
function enterHs(h: usize, pc: u64, cause: u64, tval: u64, gva: bool, isGuestFault: bool, gpa: u64, tinst: u64): void {
  let status = csr(h, CSR_HSTATUS) & ~(HSTATUS_SPV | HSTATUS_GVA);
  if (virt(h)) status = (status & ~HSTATUS_SPVP) | HSTATUS_SPV | (prv(h) == PRV_S ? HSTATUS_SPVP : 0);
  if (gva) status |= HSTATUS_GVA;
  setCsr(h, CSR_HSTATUS, status);
  setCsr(h, CSR_MSTATUS, pushSupervisor(csr(h, CSR_MSTATUS), prv(h)));
  setCsr(h, CSR_SEPC, pc);
  setCsr(h, CSR_SCAUSE, cause);
  setCsr(h, CSR_STVAL, tval);
  // dv-ext.md 15: the Rocket prototype keeps htval on other traps.
  if (isGuestFault || dvext() != DVEXT_ROCKET) setCsr(h, CSR_HTVAL, isGuestFault ? gpa : 0);
  setCsr(h, CSR_HTINST, tinst);
  jump(h, csr(h, CSR_STVEC), cause, PRV_S, false);
}

/** 8.4.2: VS-level interrupts appear with the numbers of S-level ones. */
function enterVs(h: usize, pc: u64, cause: u64, tval: u64): void {
  const shown = cause & INTERRUPT ? cause - 1 : cause;
  setCsr(h, CSR_VSSTATUS, pushSupervisor(csr(h, CSR_VSSTATUS), prv(h)));
  setCsr(h, CSR_VSEPC, pc);
  setCsr(h, CSR_VSCAUSE, shown);
  setCsr(h, CSR_VSTVAL, tval);
  jump(h, csr(h, CSR_VSTVEC), shown, PRV_S, true);
}

/** dv-ext.md 3.3. */
function enterHu(h: usize, pc: u64, cause: u64, tval: u64, gva: bool, isGuestFault: bool, gpa: u64): void {
  const qemu = dvext() == DVEXT_QEMU;
  const fromV = virt(h);
  // GVA and UPVP are those of hstatus except in profile qemu, whose hustatus is a register of its own.
  const shared: usize = qemu ? CSR_HUSTATUS : CSR_HSTATUS;
  let fields = csr(h, shared) & ~HSTATUS_GVA;
  if (gva) fields |= HSTATUS_GVA;
  if (fromV) fields = (fields & ~HSTATUS_SPVP) | (prv(h) == PRV_S ? HSTATUS_SPVP : 0);
  setCsr(h, shared, fields);

  let own = csr(h, CSR_HUSTATUS);
  // Erratum of [R]: UPIE is loaded from mstatus bit 0, which is always 0.
  const upie = (own & HSTATUS_UIE) != 0 && (load<i32>(M_ERRATA) & 1) == 0;
  own &= ~(HSTATUS_UIE | HSTATUS_UPIE | HSTATUS_SPV);
  if (upie) own |= HSTATUS_UPIE;
  if (fromV) own |= HSTATUS_SPV;
  setCsr(h, CSR_HUSTATUS, own);

  setCsr(h, CSR_UEPC, pc);
  setCsr(h, CSR_UCAUSE, cause);
  setCsr(h, CSR_UTVAL, tval);
  if (isGuestFault) setCsr(h, qemu ? CSR_HUTVAL : CSR_HTVAL, gpa);
  jump(h, csr(h, CSR_UTVEC), cause, PRV_U, false);
}

/** SPP, SPIE, SIE of sstatus or vsstatus. */
function pushSupervisor(status: u64, from: i32): u64 {
  let after = status & ~(STATUS_SPP | STATUS_SPIE | STATUS_SIE);
  if (from == PRV_S) after |= STATUS_SPP;
  if (status & STATUS_SIE) after |= STATUS_SPIE;
  return after;
}

/** To the handler: direct, or vectored for interrupts (3.1.7). */
function jump(h: usize, tvec: u64, cause: u64, mode: i32, v: bool): void {
  const base = tvec & ~3;
  store<u64>(h, (tvec & 3) == 1 && (cause & INTERRUPT) != 0 ? base + 4 * (cause & 63) : base, PC);
  store<i32>(h, mode, PRV);
  store<i32>(h, i32(v), V);
}
