/** HLV, HLVX, HSV (Privileged ISA 8.2.4) and their DV-ext spellings (dv-ext.md 7). */
import { DVEXT_QEMU, PRV_S, PRV_U, REC_IMM, REC_RS1, REC_RS2, X } from '../src/hart/layout';
import { CSR_HSTATUS, CSR_HUSTATUS } from '../src/hart/csr-slots';
import { CAUSE_VIRTUAL } from '../src/isa/causes';
import { SYS_HLVX, SYS_HSV, SYS_HULV, SYS_HULVX, SYS_HUSV } from '../src/isa/sysops';
import { HSTATUS_SPVP } from './fields';
import { guestLoad, guestStore } from './slow-paths';
import { csr, dvext, hasDvext, hasH, isHu, prv, retire, virt } from './state';
import { illegal, refuse } from './trap';

function x(h: usize, rec: usize, field: usize): u64 {
  const register = i32(load<u8>(rec + field));
  return register == 0 ? 0 : load<u64>(h + X + register * 8);
}

export function guestMemory(h: usize, op: i32, rec: usize): void {
  const spelledDv = op == SYS_HULV || op == SYS_HULVX || op == SYS_HUSV;
  if (spelledDv ? !hasDvext() : !hasH()) return illegal(h, rec);
  if (virt(h)) return refuse(h, CAUSE_VIRTUAL, rec);
  if (prv(h) == PRV_U && !isHu(h)) return illegal(h, rec);

  // Effective privilege: SPVP; in profile qemu HU has its own UPVP.
  const from: usize = dvext() == DVEXT_QEMU && prv(h) == PRV_U ? CSR_HUSTATUS : CSR_HSTATUS;
  const effective: i32 = csr(h, from) & HSTATUS_SPVP ? PRV_S : PRV_U;
  const kind = load<i32>(rec, REC_IMM);
  const va = x(h, rec, REC_RS1);
  const done =
    op == SYS_HSV || op == SYS_HUSV
      ? guestStore(h, va, x(h, rec, REC_RS2), kind, effective)
      : guestLoad(h, va, kind, effective, op == SYS_HLVX || op == SYS_HULVX, rec);
  if (done) retire(h, rec);
}
