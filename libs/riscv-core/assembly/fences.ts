/** SFENCE.VMA, HFENCE, HUFENCE, FENCE.I (Privileged ISA 4.2.1, 8.3.2; dv-ext.md 6). */
import { DVEXT_QEMU, DVEXT_ROCKET, HOLE_SYSOP, PRV_M, PRV_S, PRV_U, REC_RS1, X } from '../src/hart/layout';
import { CSR_MSTATUS } from '../src/hart/csr-slots';
import { CAUSE_VIRTUAL } from '../src/isa/causes';
import { SYS_HFENCE_GVMA, SYS_HUFENCE_GVMA } from '../src/isa/sysops';
import { FLUSH_GSTAGE, FLUSH_GUEST, FLUSH_HOST } from '../src/timing/events';
import { dropContexts } from './context';
import { HSTATUS_VTVM, STATUS_TVM } from './fields';
import { csr, dvext, guestControl, hasDvext, hasH, isHu, noteHole, prv, retire, virt } from './state';
import { timeFlushIcache, timeFlushTlb } from './timing-calls';
import { illegal, refuse, refuseByMode } from './trap';

function flush(h: usize, rec: usize, scope: i32): void {
  const rs1 = i32(load<u8>(rec, REC_RS1));
  timeFlushTlb(h, scope, rs1 != 0, rs1 != 0 ? load<u64>(h + X + rs1 * 8) : 0);
  retire(h, rec);
  dropContexts(h, scope == FLUSH_HOST, scope != FLUSH_HOST);
}

function tvm(h: usize): bool {
  return (csr(h, CSR_MSTATUS) & STATUS_TVM) != 0;
}

export function sfenceVma(h: usize, rec: usize): void {
  const mode = prv(h);
  if (mode == PRV_U) return refuseByMode(h, rec);
  if (virt(h)) {
    if (guestControl(h) & HSTATUS_VTVM) return refuse(h, CAUSE_VIRTUAL, rec);
    return flush(h, rec, FLUSH_GUEST);
  }
  if (mode == PRV_S && tvm(h)) return illegal(h, rec);
  flush(h, rec, FLUSH_HOST);
}

/** SFENCE.W.INVAL, SFENCE.INVAL.IR (Svinval): in S-mode always, TVM and VTVM or not. Every invalidation was complete already. */
export function sfenceInval(h: usize, rec: usize): void {
  if (prv(h) == PRV_U) return refuseByMode(h, rec);
  retire(h, rec);
}

/** HFENCE.VVMA, HFENCE.GVMA. */
export function hfence(h: usize, op: i32, rec: usize): void {
  if (!hasH()) return illegal(h, rec);
  if (virt(h)) return refuse(h, CAUSE_VIRTUAL, rec);
  const mode = prv(h);
  const gvma = op == SYS_HFENCE_GVMA;
  const rocket = dvext() == DVEXT_ROCKET;
  // [R] lets any process execute them, and refuses both below M under TVM (dv-ext.md 6).
  if (mode == PRV_U) {
    if (!rocket) return illegal(h, rec);
  }
  if (mode < PRV_M && tvm(h) && (gvma || rocket)) return illegal(h, rec);
  if (mode == PRV_U) noteHole(h, HOLE_SYSOP + op);
  flush(h, rec, gvma ? FLUSH_GSTAGE : FLUSH_GUEST);
}

/** HUFENCE.VVMA, HUFENCE.GVMA. */
export function hufence(h: usize, op: i32, rec: usize): void {
  if (!hasDvext()) return illegal(h, rec);
  const profile = dvext();
  const mode = prv(h);
  const gvma = op == SYS_HUFENCE_GVMA;
  if (profile == DVEXT_QEMU) {
    // [Q]: U with V=0 only, whatever HU says; illegal instruction even with V=1.
    if (virt(h) || mode != PRV_U || (gvma && tvm(h))) return illegal(h, rec);
    if (!isHu(h)) noteHole(h, HOLE_SYSOP + op);
  } else {
    if (virt(h)) return refuse(h, CAUSE_VIRTUAL, rec);
    if (profile == DVEXT_ROCKET) {
      if (mode < PRV_M && tvm(h)) return illegal(h, rec);
      if (mode == PRV_U && !isHu(h)) noteHole(h, HOLE_SYSOP + op);
    } else if (mode < PRV_S && !isHu(h)) {
      return illegal(h, rec);
    }
  }
  flush(h, rec, gvma ? FLUSH_GSTAGE : FLUSH_GUEST);
}

/** Code is coherent with stores at once: only the instruction cache of the cycle model is concerned. */
export function fenceI(h: usize, rec: usize): void {
  timeFlushIcache(h);
  retire(h, rec);
}
