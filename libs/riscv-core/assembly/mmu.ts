/**
 * Address translation: Sv39, Sv48 (Privileged ISA 4.3.2) and the two stages of the hypervisor extension (8.5) with
 * Sv39x4, Sv48x4. Purely functional: the physical addresses of the PTEs read are left in PTE_TRACE for the cycle model.
 *
 * Results of the last translation are in the globals below; the size of its page is in TR_LEVEL for the cycle model.
 */
import {
  ACCESS_FETCH,
  ACCESS_LOAD,
  ACCESS_STORE,
  DVEXT_STRICT,
  M_PAGING_LEVELS,
  M_PHYS_LIMIT,
  PRV_M,
  PRV_S,
  PRV_U,
  PTE_TRACE,
  PTE_TRACE_ENTRIES,
  PTE_TRACE_MAX,
  TR_LEVEL,
} from '../src/hart/layout';
import { CSR_MSTATUS, CSR_SATP, CSR_VSATP, CSR_VSSTATUS } from '../src/hart/csr-slots';
import {
  CAUSE_FETCH_ACCESS,
  CAUSE_FETCH_GUEST_PAGE,
  CAUSE_FETCH_PAGE,
  CAUSE_LOAD_ACCESS,
  CAUSE_LOAD_GUEST_PAGE,
  CAUSE_LOAD_PAGE,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_GUEST_PAGE,
  CAUSE_STORE_PAGE,
} from '../src/isa/causes';
import { guestRoot } from './context';
import { updatesEntries } from './envcfg';
import { ATP_MODE_SHIFT, ATP_PPN, MODE_39, MODE_48, MODE_BARE, STATUS_MXR, STATUS_SUM } from './fields';
import { PMP_R, PMP_W, PMP_X, pmpAllows } from './pmp';
import { isRam, linearOf } from './ram';
import { codeStored } from './stale-code';
import { csr, dvext } from './state';

/** Outcome of a translation step: fine, or which family of fault. */
const OK: i32 = 0;
const PAGE_FAULT: i32 = 1;
const GUEST_FAULT: i32 = 2;
const ACCESS_FAULT: i32 = 3;

/** "Causes" of translate(): 0 cannot happen as a fault of an access that was translated. */
export const NO_FAULT: i32 = 0;

const PTE_VALID: u64 = 1;
const PTE_R: u64 = 2;
const PTE_W: u64 = 4;
const PTE_X: u64 = 8;
const PTE_U: u64 = 16;
const PTE_A: u64 = 64;
const PTE_D: u64 = 128;
/** N, PBMT and the reserved bits: neither Svnapot nor Svpbmt is offered, so all must be 0. */
const PTE_RESERVED: u64 = 0xffc0_0000_0000_0000;

/** mtinst, htinst for 64-bit reads and writes of VS-stage tables. */
const PSEUDO_READ: u64 = 0x3000;
const PSEUDO_WRITE: u64 = 0x3020;

/** Stage of a PTE in the trace. */
const STAGE_VS: i32 = 0;
const STAGE_G: i32 = 1;

/** Physical address after a successful translation. */
export let trPa: u64 = 0;
/** After a guest-page fault: the guest-physical address that failed. */
export let trGpa: u64 = 0;
/** After a guest-page fault on the walker's own access to a VS-stage table: its pseudo-instruction (8.6.3); else 0. */
export let trInstruction: u64 = 0;

let gPa: u64 = 0;
/** log2 of the smaller leaf's page, 64 = nothing was translated. */
let smallest: i32 = 0;

/** The result of an earlier translation, remembered by the caller. */
export function setTranslated(pa: u64): void {
  trPa = pa;
}

/** Causes of one access type, by family. */
function causeOf(access: i32, family: i32): i32 {
  switch (family) {
    case OK:
      return NO_FAULT;
    case PAGE_FAULT:
      return access == ACCESS_FETCH ? CAUSE_FETCH_PAGE : access == ACCESS_LOAD ? CAUSE_LOAD_PAGE : CAUSE_STORE_PAGE;
    case GUEST_FAULT:
      return access == ACCESS_FETCH
        ? CAUSE_FETCH_GUEST_PAGE
        : access == ACCESS_LOAD
          ? CAUSE_LOAD_GUEST_PAGE
          : CAUSE_STORE_GUEST_PAGE;
    default:
      return access == ACCESS_FETCH
        ? CAUSE_FETCH_ACCESS
        : access == ACCESS_LOAD
          ? CAUSE_LOAD_ACCESS
          : CAUSE_STORE_ACCESS;
  }
}

/**
 * Translates and checks `size` bytes at `va` (not crossing a page) for an access with effective mode `prv`, `virt`.
 * `hlvx`: a load that needs execute permission instead of read. Returns the exception cause or NO_FAULT; sets trPa, trGpa, trInstruction.
 */
export function translate(h: usize, va: u64, size: u64, access: i32, prv: i32, virt: bool, hlvx: bool): i32 {
  store<i32>(h, 0, PTE_TRACE);
  trGpa = 0;
  trInstruction = 0;
  smallest = 64;
  let family = OK;
  const status = csr(h, CSR_MSTATUS);
  if (virt) {
    const guestStatus = csr(h, CSR_VSSTATUS);
    const mxr = ((guestStatus | status) & STATUS_MXR) != 0;
    const vsatp = csr(h, CSR_VSATP);
    if (i32(vsatp >> ATP_MODE_SHIFT) == MODE_BARE) {
      trPa = va;
    } else {
      family = walk(h, vsatp, va, access, prv, true, hlvx, (guestStatus & STATUS_SUM) != 0, mxr);
    }
    if (family == OK) {
      // 8.5.1: the second stage applies to the outcome of the first.
      family = gStage(h, trPa, access, hlvx, (status & STATUS_MXR) != 0);
      trPa = gPa;
    }
  } else {
    const satp = csr(h, CSR_SATP);
    trPa = va;
    if (prv != PRV_M && i32(satp >> ATP_MODE_SHIFT) != MODE_BARE) {
      family = walk(h, satp, va, access, prv, false, hlvx, (status & STATUS_SUM) != 0, (status & STATUS_MXR) != 0);
    }
  }
  if (family == OK) {
    if (!mayAccess(h, trPa, size, access, prv, virt, hlvx)) family = ACCESS_FAULT;
  }
  store<i32>(h, smallest, TR_LEVEL);
  return causeOf(access, family);
}

/** Does what is left after translation permit the access: is there such an address, and does PMP allow it? */
@inline
export function mayAccess(h: usize, pa: u64, size: u64, access: i32, prv: i32, virt: bool, hlvx: bool): bool {
  const need = access == ACCESS_FETCH ? PMP_X : access == ACCESS_STORE ? PMP_W : hlvx ? PMP_R | PMP_X : PMP_R;
  return pa < load<u64>(M_PHYS_LIMIT) && pmpAllows(h, pa, size, need, prv, virt);
}

/** The single stage (4.3.2) or the VS-stage (8.5: its table addresses are guest-physical). Sets trPa. */
function walk(h: usize, atp: u64, va: u64, access: i32, prv: i32, virt: bool, hlvx: bool, sum: bool, mxr: bool): i32 {
  const levels: i32 = i32(atp >> ATP_MODE_SHIFT) == MODE_48 ? 4 : 3;
  // 4.4.1: bits above the virtual address must equal its highest bit.
  const unused: u64 = 64 - (12 + 9 * u64(levels));
  if (u64(i64(va << unused) >> unused) != va) return PAGE_FAULT;

  // Step 1.
  let table: u64 = (atp & ATP_PPN) << 12;
  for (let i = levels - 1; i >= 0; i--) {
    const shift = u64(12 + 9 * i);
    // Step 2.
    const address = table + ((va >> shift) & 511) * 8;
    let physical = address;
    if (virt) {
      const family = gStageOfTable(h, address, ACCESS_LOAD);
      if (family != OK) return family;
      physical = gPa;
    }
    trace(h, physical, STAGE_VS, i);
    if (!mayWalk(h, physical, PMP_R, virt)) return ACCESS_FAULT;
    const pte = load<u64>(linearOf(physical));
    // Step 3.
    if (!isValid(pte)) return PAGE_FAULT;
    // Step 4.
    if ((pte & (PTE_R | PTE_X)) == 0) {
      if (pte & (PTE_U | PTE_A | PTE_D)) return PAGE_FAULT;
      table = ((pte >> 10) & ATP_PPN) << 12;
      continue;
    }
    // Step 5: permissions.
    if (!permits(pte, access, hlvx, mxr)) return PAGE_FAULT;
    if (pte & PTE_U) {
      if (prv == PRV_S && (access == ACCESS_FETCH || !sum)) return PAGE_FAULT;
    } else if (prv == PRV_U) {
      return PAGE_FAULT;
    }
    // Step 6: misaligned superpage.
    const ppn = (pte >> 10) & ATP_PPN;
    const inner: u64 = (u64(1) << (shift - 12)) - 1;
    if (ppn & inner) return PAGE_FAULT;
    // Step 7: accessed and dirty.
    const update: u64 = PTE_A | (access == ACCESS_STORE ? PTE_D : 0);
    if ((pte & update) != update) {
      if (!updatesEntries(h, virt)) return PAGE_FAULT;
      if (virt) {
        const family = gStageOfTable(h, address, ACCESS_STORE);
        if (family != OK) return family;
      }
      if (!mayWalk(h, physical, PMP_W, virt)) return ACCESS_FAULT;
      setEntry(physical, pte | update);
    }
    // Step 8.
    const offset: u64 = (u64(1) << shift) - 1;
    trPa = ((ppn << 12) & ~offset) | (va & offset);
    // Overwrites what translating the addresses of tables left.
    smallest = i32(shift);
    return OK;
  }
  return PAGE_FAULT;
}

/** G-stage translation of the address of a VS-stage table entry: a fault is the original access's guest-page fault (8.5.1). */
function gStageOfTable(h: usize, gpa: u64, access: i32): i32 {
  const family = gStage(h, gpa, access, false, false);
  if (family == GUEST_FAULT) trInstruction = access == ACCESS_STORE ? PSEUDO_WRITE : PSEUDO_READ;
  return family;
}

/**
 * Second stage (8.5.1): as 4.3.2 with a 16 KiB root and two more address bits, every access as if from U-mode. Sets gPa,
 * and trGpa when it fails. `mxr`: that of mstatus; it does not make tables readable.
 */
function gStage(h: usize, gpa: u64, access: i32, hlvx: bool, mxr: bool): i32 {
  const root = guestRoot(h);
  const mode = i32(root >> ATP_MODE_SHIFT);
  gPa = gpa;
  if (mode == MODE_BARE) return OK;
  trGpa = gpa;
  const levels: i32 = mode == MODE_48 ? 4 : 3;
  const bits: u64 = 12 + 9 * u64(levels) + 2;
  if (gpa >> bits) return GUEST_FAULT;

  let table: u64 = (root & ATP_PPN & ~3) << 12;
  for (let i = levels - 1; i >= 0; i--) {
    const shift = u64(12 + 9 * i);
    const mask: u64 = i == levels - 1 ? 2047 : 511;
    const address = table + ((gpa >> shift) & mask) * 8;
    trace(h, address, STAGE_G, i);
    if (!mayWalk(h, address, PMP_R, true)) return ACCESS_FAULT;
    const pte = load<u64>(linearOf(address));
    if (!isValid(pte)) return GUEST_FAULT;
    if ((pte & (PTE_R | PTE_X)) == 0) {
      if (pte & (PTE_U | PTE_A | PTE_D)) return GUEST_FAULT;
      table = ((pte >> 10) & ATP_PPN) << 12;
      continue;
    }
    if (!permits(pte, access, hlvx, mxr) || (pte & PTE_U) == 0) return GUEST_FAULT;
    const ppn = (pte >> 10) & ATP_PPN;
    const inner: u64 = (u64(1) << (shift - 12)) - 1;
    if (ppn & inner) return GUEST_FAULT;
    const update: u64 = PTE_A | (access == ACCESS_STORE ? PTE_D : 0);
    if ((pte & update) != update) {
      if (!updatesEntries(h, false)) return GUEST_FAULT;
      if (!mayWalk(h, address, PMP_W, true)) return ACCESS_FAULT;
      setEntry(address, pte | update);
    }
    const offset: u64 = (u64(1) << shift) - 1;
    gPa = ((ppn << 12) & ~offset) | (gpa & offset);
    smallest = min<i32>(smallest, i32(shift));
    trGpa = 0;
    return OK;
  }
  return GUEST_FAULT;
}

/** Step 3: V=0, W without R, or reserved bits set. */
function isValid(pte: u64): bool {
  return (pte & PTE_VALID) != 0 && (pte & (PTE_R | PTE_W)) != PTE_W && (pte & PTE_RESERVED) == 0;
}

function permits(pte: u64, access: i32, hlvx: bool, mxr: bool): bool {
  if (access == ACCESS_FETCH || hlvx) return (pte & PTE_X) != 0;
  if (access == ACCESS_STORE) return (pte & PTE_W) != 0;
  return (pte & PTE_R) != 0 || (mxr && (pte & PTE_X) != 0);
}

/** A walker's access is an S-mode access to RAM; its V requirement exists in profile strict only (dv-ext.md 5.3). */
function mayWalk(h: usize, pa: u64, need: i32, virt: bool): bool {
  return isRam(pa, 8) && pmpAllows(h, pa, 8, need, PRV_S, virt && dvext() == DVEXT_STRICT);
}

function setEntry(pa: u64, pte: u64): void {
  store<u64>(linearOf(pa), pte);
  // Tables may lie in a page that is executed.
  codeStored(pa, 8);
}

function trace(h: usize, pa: u64, stage: i32, level: i32): void {
  const count = load<i32>(h, PTE_TRACE);
  if (count >= PTE_TRACE_MAX) return;
  const entry = h + PTE_TRACE_ENTRIES + count * 16;
  store<u64>(entry, pa, 0);
  store<i32>(entry, stage, 8);
  store<i32>(entry, level, 12);
  store<i32>(h, count + 1, PTE_TRACE);
}

/** Is `mode` an offered translation mode of satp, vsatp, hgatp? */
export function isPagingMode(mode: i32): bool {
  return mode == MODE_BARE || mode == MODE_39 || (mode == MODE_48 && load<i32>(M_PAGING_LEVELS) >= 4);
}
