/** `system` of the protocol: everything that the core executes wholly. */
import { PC, PRV_M, PRV_S, PRV_U, WFI } from '../src/hart/layout';
import { CSR_MSTATUS } from '../src/hart/csr-slots';
import {
  CAUSE_BREAKPOINT,
  CAUSE_ECALL_M,
  CAUSE_ECALL_S,
  CAUSE_ECALL_U,
  CAUSE_ECALL_VS,
  CAUSE_ILLEGAL,
  CAUSE_VIRTUAL,
} from '../src/isa/causes';
import * as S from '../src/isa/sysops';
import { csrInstruction } from './csr';
import { dvRegister } from './dvregs';
import { fenceI, hfence, hufence, sfenceInval, sfenceVma } from './fences';
import { HSTATUS_VTW, STATUS_TW } from './fields';
import { guestMemory } from './guest-memory';
import { mret, sret, uret } from './returns';
import { csr, guestControl, prv, retire, virt } from './state';
import { timeSettle } from './timing-calls';
import { illegal, raise, refuse } from './trap';

export function system(h: usize, op: i32, rec: usize): void {
  timeSettle(h);
  switch (op) {
    case S.SYS_ECALL:
      return ecall(h);
    case S.SYS_EBREAK:
      return raise(h, CAUSE_BREAKPOINT, load<u64>(h, PC), virt(h), 0);
    case S.SYS_MRET:
      return mret(h, rec);
    case S.SYS_SRET:
      return sret(h, rec);
    case S.SYS_URET:
      return uret(h, rec);
    case S.SYS_WFI:
      return wfi(h, rec);
    case S.SYS_SFENCE_VMA:
      return sfenceVma(h, rec);
    case S.SYS_SFENCE_INVAL:
      return sfenceInval(h, rec);
    case S.SYS_HFENCE_VVMA:
    case S.SYS_HFENCE_GVMA:
      return hfence(h, op, rec);
    case S.SYS_HUFENCE_VVMA:
    case S.SYS_HUFENCE_GVMA:
      return hufence(h, op, rec);
    case S.SYS_FENCE_I:
      return fenceI(h, rec);
    case S.SYS_CSRRW:
    case S.SYS_CSRRS:
    case S.SYS_CSRRC:
    case S.SYS_CSRRWI:
    case S.SYS_CSRRSI:
    case S.SYS_CSRRCI:
      return csrInstruction(h, op, rec);
    case S.SYS_HLV:
    case S.SYS_HLVX:
    case S.SYS_HSV:
    case S.SYS_HULV:
    case S.SYS_HULVX:
    case S.SYS_HUSV:
      return guestMemory(h, op, rec);
    case S.SYS_DV_READ:
    case S.SYS_DV_WRITE:
    case S.SYS_DV_SET:
    case S.SYS_DV_CLEAR:
      return dvRegister(h, op, rec);
    default:
      return illegal(h, rec);
  }
}

function ecall(h: usize): void {
  const mode = prv(h);
  let cause: i32 = CAUSE_ECALL_U;
  if (mode == PRV_M) cause = CAUSE_ECALL_M;
  else if (mode == PRV_S) cause = virt(h) ? CAUSE_ECALL_VS : CAUSE_ECALL_S;
  raise(h, cause, 0, false, 0);
}

/** 3.3.3, 8.6.1: TW below M; VTW in VS; never in U or VU. */
function wfi(h: usize, rec: usize): void {
  const mode = prv(h);
  if (mode < PRV_M && (csr(h, CSR_MSTATUS) & STATUS_TW) != 0) return refuse(h, CAUSE_ILLEGAL, rec);
  if (virt(h)) {
    if (mode == PRV_U || (guestControl(h) & HSTATUS_VTW) != 0) return refuse(h, CAUSE_VIRTUAL, rec);
  } else if (mode == PRV_U) {
    return refuse(h, CAUSE_ILLEGAL, rec);
  }
  retire(h, rec);
  // The poll that follows wakes the hart at once if there is a reason.
  store<i32>(h, 1, WFI);
}
