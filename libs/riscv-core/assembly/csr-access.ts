/** May the hart access a CSR? Privileged ISA 2.1, 3.1.11, 3.1.6.5, 8.6.1; DV-ext: dv-ext.md 2.7. */
import {
  CSRF_DV_SUPERVISOR,
  CSRF_DV_USER,
  CSRF_DV_VIRQ,
  CSRF_EXISTS,
  CSRD_FLAGS,
  CSRD_KIND,
  CSR_DESC_SIZE,
  CSR_TABLE,
  DVEXT_QEMU,
  DVEXT_ROCKET,
  DVEXT_STRICT,
  PRV_M,
  PRV_S,
  PRV_U,
} from '../src/hart/layout';
import {
  CSR_HCOUNTEREN,
  CSR_HENVCFG,
  CSR_HUCOUNTEREN,
  CSR_H_ENABLE,
  CSR_MCOUNTEREN,
  CSR_MENVCFG,
  CSR_MSTATUS,
  CSR_SCOUNTEREN,
  CSR_VSSTATUS,
} from '../src/hart/csr-slots';
import { CAUSE_ILLEGAL, CAUSE_VIRTUAL } from '../src/isa/causes';
import {
  CSRK_FCSR,
  CSRK_FFLAGS,
  CSRK_FRM,
  CSRK_HGATP,
  CSRK_SATP,
  CSRK_STIMECMP,
  CSRK_VCPUID,
  CSRK_VIPI,
} from '../src/isa/csr-kinds';
import { ENVCFG_STCE, HSTATUS_VTVM, STATUS_FS, STATUS_TVM } from './fields';
import { csr, dvext, guestControl, isHost, isHu, noteHole, prv, virt } from './state';

export const ALLOWED: i32 = 0;

const TIME: i32 = 0xc01;
/** time in the counter enables. */
const TM: u64 = 2;

/** How an instruction uses the CSR. */
export const USE_READ: i32 = 0;
/** csrrw, csrrwi. */
export const USE_WRITE: i32 = 1;
/** csrrs, csrrc and their immediate forms, with a source. */
export const USE_MODIFY: i32 = 2;

/** Address of the descriptor of CSR `number`. */
export function descriptor(number: i32): usize {
  return CSR_TABLE + number * CSR_DESC_SIZE;
}

/** The register that `number` means: with V=1 the supervisor's registers are those of VS (8.2.11 - 8.2.19). */
export function effectiveNumber(h: usize, number: i32): i32 {
  if (!virt(h)) return number;
  switch (number) {
    case 0x100:
    case 0x104:
    case 0x105:
    case 0x140:
    case 0x141:
    case 0x142:
    case 0x143:
    case 0x144:
    case 0x14d:
    case 0x180:
      return number + 0x100;
    default:
      return number;
  }
}

/** ALLOWED, or the cause to raise. `readTime`: the instruction is exactly `csrrs rd, time, x0`. */
export function checkAccess(h: usize, number: i32, use: i32, readTime: bool): i32 {
  const at = descriptor(number);
  const flags = load<i32>(at, CSRD_FLAGS);
  const kind = load<i32>(at, CSRD_KIND);
  if (!(flags & CSRF_EXISTS)) return CAUSE_ILLEGAL;
  // Bits 11:10 = 3: read-only.
  if (use != USE_READ && number >> 10 == 3) return CAUSE_ILLEGAL;
  if (flags & (CSRF_DV_USER | CSRF_DV_SUPERVISOR | CSRF_DV_VIRQ)) return checkDvext(h, number, kind, flags, use);

  const mode = prv(h);
  const v = virt(h);
  // What HS could not do either is illegal to a guest too, not virtual (8.6.1).
  if (kind == CSRK_STIMECMP && mode != PRV_M && !timerOpen(h, CSR_MCOUNTEREN, CSR_MENVCFG)) return CAUSE_ILLEGAL;
  // Bits 9:8: lowest privilege. HS counts as 2, VS as 1.
  const lowest = (number >> 8) & 3;
  const level: i32 = mode == PRV_S && !v ? 2 : mode;
  if (level < lowest) return v && lowest != PRV_M ? CAUSE_VIRTUAL : CAUSE_ILLEGAL;

  if (number >> 5 == 0xc00 >> 5) return checkCounter(h, number, readTime);
  switch (kind) {
    case CSRK_SATP:
      if (mode != PRV_S) return ALLOWED;
      if (v) return guestControl(h) & HSTATUS_VTVM ? CAUSE_VIRTUAL : ALLOWED;
      return csr(h, CSR_MSTATUS) & STATUS_TVM ? CAUSE_ILLEGAL : ALLOWED;
    case CSRK_STIMECMP:
      return v && !timerOpen(h, CSR_HCOUNTEREN, CSR_HENVCFG) ? CAUSE_VIRTUAL : ALLOWED;
    case CSRK_HGATP:
      return mode == PRV_S && (csr(h, CSR_MSTATUS) & STATUS_TVM) != 0 ? CAUSE_ILLEGAL : ALLOWED;
    case CSRK_FFLAGS:
    case CSRK_FRM:
    case CSRK_FCSR:
      if ((csr(h, CSR_MSTATUS) & STATUS_FS) == 0) return CAUSE_ILLEGAL;
      return v && (csr(h, CSR_VSSTATUS) & STATUS_FS) == 0 ? CAUSE_ILLEGAL : ALLOWED;
    default:
      return ALLOWED;
  }
}

/** Sstc: TM of the counter enables and STCE of the environment configuration of one level. */
function timerOpen(h: usize, counteren: usize, envcfg: usize): bool {
  return (csr(h, counteren) & TM) != 0 && (csr(h, envcfg) & ENVCFG_STCE) != 0;
}

/** cycle, time, instret, hpmcounters: mcounteren, hcounteren, scounteren (3.1.11, 4.1.5, 8.2.5). */
function checkCounter(h: usize, number: i32, readTime: bool): i32 {
  // dv-ext.md 8, 11: [R] executes `csrrs rd, time, x0` as a load from the CLINT in every mode, and knows no other access.
  if (number == TIME && dvext() == DVEXT_ROCKET) return readTime ? ALLOWED : CAUSE_ILLEGAL;
  const mode = prv(h);
  if (mode == PRV_M) return ALLOWED;
  const bit: u64 = u64(1) << (number & 31);
  if ((csr(h, CSR_MCOUNTEREN) & bit) == 0) return CAUSE_ILLEGAL;
  if (virt(h)) {
    // dv-ext.md 2.1: profile qemu asks hucounteren instead of hcounteren.
    if ((csr(h, dvext() == DVEXT_QEMU ? CSR_HUCOUNTEREN : CSR_HCOUNTEREN) & bit) == 0) return CAUSE_VIRTUAL;
    return mode == PRV_U && (csr(h, CSR_SCOUNTEREN) & bit) == 0 ? CAUSE_VIRTUAL : ALLOWED;
  }
  return mode == PRV_U && (csr(h, CSR_SCOUNTEREN) & bit) == 0 ? CAUSE_ILLEGAL : ALLOWED;
}

/** dv-ext.md 2.7 and 9. */
function checkDvext(h: usize, number: i32, kind: i32, flags: i32, use: i32): i32 {
  // Words of the vIPI bitmap know set and clear only (dv-ext.md 15).
  if (kind == CSRK_VIPI && use == USE_WRITE) return CAUSE_ILLEGAL;
  if (isHost(h)) return ALLOWED;
  const profile = dvext();
  const v = virt(h);
  const refusal: i32 = v ? CAUSE_VIRTUAL : CAUSE_ILLEGAL;

  if (flags & CSRF_DV_SUPERVISOR) {
    if (!v) return CAUSE_ILLEGAL;
    if (profile == DVEXT_STRICT) return CAUSE_VIRTUAL;
    if (prv(h) == PRV_U) return profile == DVEXT_ROCKET ? CAUSE_VIRTUAL : CAUSE_ILLEGAL;
    noteHole(h, number);
    return ALLOWED;
  }
  if (flags & CSRF_DV_USER) {
    if (isHu(h)) return ALLOWED;
    if (profile == DVEXT_STRICT || (profile == DVEXT_QEMU && !isHuvs(number))) return refusal;
    noteHole(h, number);
    return ALLOWED;
  }
  return checkVirtualInterrupts(h, number, kind, use);
}

/** vtimecmp, vtimectl, vcpuid, vipi from HU, U, VS, VU: the CSRs and the instructions of dv-ext.md 2.5. */
export function checkVirtualInterrupts(h: usize, number: i32, kind: i32, use: i32): i32 {
  if (isHost(h)) return ALLOWED;
  const v = virt(h);
  if (dvext() != DVEXT_STRICT) {
    if (!v && !isHu(h)) noteHole(h, number);
    return ALLOWED;
  }
  const refusal: i32 = v ? CAUSE_VIRTUAL : CAUSE_ILLEGAL;
  switch (kind) {
    case CSRK_VCPUID:
      return use == USE_READ ? ALLOWED : refusal;
    case CSRK_VIPI:
      // The kernel arms the guest's vIPI by h_enable bit 0.
      if (v && prv(h) == PRV_S && (csr(h, CSR_H_ENABLE) & 1) != 0) return ALLOWED;
  }
  return isHu(h) ? ALLOWED : refusal;
}

/** HUVS bank: 0x400 | low byte of the VS register, canonical 0x8C0 - 0x8CD. */
function isHuvs(number: i32): bool {
  return number >> 8 == 4 || (number >= 0x8c0 && number <= 0x8cd);
}
