/** Returns from traps: MRET, SRET (Privileged ISA 3.3.2, 8.2.1), URET (dv-ext.md 4). */
import {
  DVEXT_QEMU,
  DVEXT_ROCKET,
  EV_RETURN,
  HOLE_SYSOP,
  M_EVENTS,
  PC,
  PRV,
  PRV_M,
  PRV_S,
  PRV_U,
  V,
} from '../src/hart/layout';
import {
  CSR_HSTATUS,
  CSR_HUSTATUS,
  CSR_MEPC,
  CSR_MSTATUS,
  CSR_SEPC,
  CSR_UEPC,
  CSR_VSEPC,
  CSR_VSSTATUS,
} from '../src/hart/csr-slots';
import { CAUSE_ILLEGAL, CAUSE_VIRTUAL } from '../src/isa/causes';
import { SYS_URET } from '../src/isa/sysops';
import { selectContext } from './context';
import { event } from './env';
import {
  HSTATUS_SPV,
  HSTATUS_SPVP,
  HSTATUS_UIE,
  HSTATUS_UPIE,
  HSTATUS_VTSR,
  STATUS_MIE,
  STATUS_MPIE,
  STATUS_MPP,
  STATUS_MPP_SHIFT,
  STATUS_MPRV,
  STATUS_MPV,
  STATUS_SIE,
  STATUS_SPIE,
  STATUS_SPP,
  STATUS_TSR,
} from './fields';
import { csr, dvext, guestControl, hasDvext, hasH, isHu, noteHole, prv, retireAt, setCsr, virt } from './state';
import { refuse } from './trap';

export function mret(h: usize, rec: usize): void {
  if (prv(h) != PRV_M) return refuse(h, CAUSE_ILLEGAL, rec);
  let status = csr(h, CSR_MSTATUS);
  const mode = i32((status & STATUS_MPP) >> STATUS_MPP_SHIFT);
  const v = mode != PRV_M && (status & STATUS_MPV) != 0;
  const mpie = (status & STATUS_MPIE) != 0;
  status &= ~(STATUS_MPV | STATUS_MPP | STATUS_MIE);
  status |= STATUS_MPIE;
  if (mpie) status |= STATUS_MIE;
  if (mode != PRV_M) status &= ~STATUS_MPRV;
  setCsr(h, CSR_MSTATUS, status);
  resume(h, rec, csr(h, CSR_MEPC), mode, v);
}

export function sret(h: usize, rec: usize): void {
  const mode = prv(h);
  if (virt(h)) {
    // 8.6.1: VU, or VS with hstatus.VTSR.
    if (mode == PRV_U || (guestControl(h) & HSTATUS_VTSR) != 0) return refuse(h, CAUSE_VIRTUAL, rec);
    const status = csr(h, CSR_VSSTATUS);
    setCsr(h, CSR_VSSTATUS, popSupervisor(status));
    return resume(h, rec, csr(h, CSR_VSEPC), status & STATUS_SPP ? PRV_S : PRV_U, true);
  }
  const status = csr(h, CSR_MSTATUS);
  if (mode == PRV_U || (mode == PRV_S && (status & STATUS_TSR) != 0)) return refuse(h, CAUSE_ILLEGAL, rec);
  setCsr(h, CSR_MSTATUS, popSupervisor(status) & ~STATUS_MPRV);
  let v = false;
  if (hasH()) {
    const hstatus = csr(h, CSR_HSTATUS);
    v = (hstatus & HSTATUS_SPV) != 0;
    setCsr(h, CSR_HSTATUS, hstatus & ~HSTATUS_SPV);
  }
  resume(h, rec, csr(h, CSR_SEPC), status & STATUS_SPP ? PRV_S : PRV_U, v);
}

/** dv-ext.md 4: from HU only. UPV=0 always returns to U. */
export function uret(h: usize, rec: usize): void {
  if (hasDvext() && virt(h)) return refuse(h, CAUSE_VIRTUAL, rec);
  if (!hasDvext() || !isHu(h)) return refuse(h, CAUSE_ILLEGAL, rec);
  const profile = dvext();
  const shared: usize = profile == DVEXT_QEMU ? CSR_HUSTATUS : CSR_HSTATUS;
  const upvp = (csr(h, shared) & HSTATUS_SPVP) != 0;
  const own = csr(h, CSR_HUSTATUS);
  const upv = (own & HSTATUS_SPV) != 0;
  // The prototypes would return to HS here.
  if (!upv && upvp && (profile == DVEXT_QEMU || profile == DVEXT_ROCKET)) noteHole(h, HOLE_SYSOP + SYS_URET);

  let after = own & ~(HSTATUS_UIE | HSTATUS_SPV);
  if (own & HSTATUS_UPIE) after |= HSTATUS_UIE;
  setCsr(h, CSR_HUSTATUS, after | HSTATUS_UPIE);
  setCsr(h, CSR_MSTATUS, csr(h, CSR_MSTATUS) & ~STATUS_MPRV);
  resume(h, rec, csr(h, CSR_UEPC), upv && upvp ? PRV_S : PRV_U, upv);
}

function popSupervisor(status: u64): u64 {
  let after = status & ~(STATUS_SPP | STATUS_SIE);
  if (status & STATUS_SPIE) after |= STATUS_SIE;
  return after | STATUS_SPIE;
}

function resume(h: usize, rec: usize, pc: u64, mode: i32, v: bool): void {
  store<u64>(h, pc, PC);
  store<i32>(h, mode, PRV);
  store<i32>(h, i32(v), V);
  retireAt(h, rec);
  selectContext(h);
  if (load<i32>(M_EVENTS)) event(h, EV_RETURN, mode | (i32(v) << 4), 0);
}
