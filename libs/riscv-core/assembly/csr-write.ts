/** What writing a CSR does: WARL fields, views, side effects. */
import {
  CSRD_KIND,
  CSRD_SLOT,
  CSRD_WMASK,
  DVEXT_QEMU,
  DVEXT_ROCKET,
  HART_ID,
  M_ASID_BITS,
  M_PMP_ENTRIES,
  M_PMP_GRAIN,
  M_VCPUID,
  M_VIPI,
  M_VMID_BITS,
  M_VTIMECMP,
  M_VTIMECTL,
} from '../src/hart/layout';
import {
  CSR_FCSR,
  CSR_HCOUNTEREN,
  CSR_HENVCFG,
  CSR_HGATP,
  CSR_HIDELEG,
  CSR_HSTATUS,
  CSR_HTVAL,
  CSR_HUCOUNTEREN,
  CSR_HUGATP,
  CSR_HUSTATUS,
  CSR_HUTVAL,
  CSR_MENVCFG,
  CSR_MIDELEG,
  CSR_MIE,
  CSR_MIP_SW,
  CSR_MSTATUS,
  CSR_PMPADDR,
  CSR_PMPCFG2,
  CSR_SATP,
  CSR_VSATP,
  CSR_VSSTATUS,
} from '../src/hart/csr-slots';
import { IRQ_SSI, IRQ_STI, IRQ_VSEI, IRQ_VSSI } from '../src/isa/causes';
import * as K from '../src/isa/csr-kinds';
import { VCPUID_MASK, VTIMECTL_MASK } from './clint';
import { writeCounter, writeEvent, writeInhibit } from './counters';
import { dropContexts, selectContext } from './context';
import { descriptor } from './csr-access';
import { HUSTATUS_OWN, vipiIndex } from './csr-read';
import { hasSupervisorTimer } from './envcfg';
import { ATP_MODE_SHIFT, ATP_PPN, BITS_VS, ENVCFG_SWITCHES, STATUS_MPP, STATUS_MPP_SHIFT } from './fields';
import { markFloatDirty } from './float/state';
import { isPagingMode } from './mmu';
import { PMP_A_SHIFT, PMP_L, PMP_R, PMP_V, PMP_W, hasVpmp, pmpConfig, pmpMatching, refreshPmp } from './pmp';
import { csr, dvext, setCsr, virt } from './state';

/** Changes the bits of `mask`. */
function put(h: usize, slot: usize, mask: u64, value: u64): void {
  setCsr(h, slot, (csr(h, slot) & ~mask) | (value & mask));
}

/** `number` after effectiveNumber(); access was checked. Called before the instruction retires. */
export function writeCsr(h: usize, number: i32, value: u64): void {
  const at = descriptor(number);
  const slot: usize = load<i32>(at, CSRD_SLOT);
  const writable = load<u64>(at, CSRD_WMASK);
  const id = load<i32>(h, HART_ID);
  switch (load<i32>(at, CSRD_KIND)) {
    case K.CSRK_CONSTANT:
    case K.CSRK_MISA:
    case K.CSRK_HGEIP:
      return;
    case K.CSRK_MSTATUS: {
      // MPP = 2 is no privilege level: the field keeps its value.
      const mpp = i32((value & STATUS_MPP) >> STATUS_MPP_SHIFT);
      put(h, CSR_MSTATUS, mpp == 2 ? writable & ~STATUS_MPP : writable, value);
      return selectContext(h);
    }
    case K.CSRK_SSTATUS:
    case K.CSRK_VSSTATUS:
      put(h, slot, writable, value);
      return selectContext(h);
    case K.CSRK_MIP:
      return put(h, CSR_MIP_SW, hasSupervisorTimer(h) ? writable & ~(1 << IRQ_STI) : writable, value);
    case K.CSRK_HENVCFG:
      return put(h, CSR_HENVCFG, writable & (csr(h, CSR_MENVCFG) | ~ENVCFG_SWITCHES), value);
    case K.CSRK_SIE:
      return put(h, CSR_MIE, csr(h, CSR_MIDELEG) & ~BITS_VS, value);
    case K.CSRK_HIE:
      return put(h, CSR_MIE, BITS_VS, value);
    case K.CSRK_VSIE:
      return put(h, CSR_MIE, csr(h, CSR_HIDELEG) & BITS_VS, value << 1);
    case K.CSRK_SIP:
      return put(h, CSR_MIP_SW, csr(h, CSR_MIDELEG) & (1 << IRQ_SSI), value);
    case K.CSRK_VSIP:
      return put(h, CSR_MIP_SW, csr(h, CSR_HIDELEG) & (1 << IRQ_VSSI), value << 1);
    case K.CSRK_HVIP:
      // dv-ext.md 10: VSEIP comes from the PLIC alone in [R].
      return put(h, CSR_MIP_SW, dvext() == DVEXT_ROCKET ? writable & ~(1 << IRQ_VSEI) : writable, value);
    case K.CSRK_SATP:
      return writeAtp(h, CSR_SATP, value);
    case K.CSRK_VSATP:
      return writeAtp(h, CSR_VSATP, value);
    case K.CSRK_HGATP:
      return writeHgatp(h, CSR_HGATP, value);
    case K.CSRK_HUGATP:
      return writeHgatp(h, dvext() == DVEXT_QEMU ? CSR_HUGATP : CSR_HGATP, value);
    case K.CSRK_TVEC:
      // MODE is WARL: 0 direct, 1 vectored; bit 1 reads 0.
      return setCsr(h, slot, value & ~2);
    case K.CSRK_HUSTATUS:
      if (dvext() == DVEXT_QEMU) return put(h, CSR_HUSTATUS, writable, value);
      put(h, CSR_HUSTATUS, writable & HUSTATUS_OWN, value);
      return put(h, CSR_HSTATUS, writable & ~HUSTATUS_OWN, value);
    case K.CSRK_HUCOUNTEREN:
      return put(h, dvext() == DVEXT_QEMU ? CSR_HUCOUNTEREN : CSR_HCOUNTEREN, writable, value);
    case K.CSRK_HUTVAL:
      return setCsr(h, dvext() == DVEXT_QEMU ? CSR_HUTVAL : CSR_HTVAL, value);
    case K.CSRK_PMPCFG:
      return writePmpcfg(h, slot, slot == CSR_PMPCFG2 ? 8 : 0, value);
    case K.CSRK_PMPADDR:
      return writePmpaddr(h, i32(slot - CSR_PMPADDR) >> 3, value & writable);
    case K.CSRK_MCYCLE:
    case K.CSRK_MINSTRET:
    case K.CSRK_MHPMCOUNTER:
      return writeCounter(h, slot, value);
    case K.CSRK_MCOUNTINHIBIT:
      return writeInhibit(h, writable, value);
    case K.CSRK_MHPMEVENT:
      return writeEvent(h, slot, value & writable);
    case K.CSRK_VTIMECMP:
      return store<u64>(M_VTIMECMP + id * 8, value);
    case K.CSRK_VTIMECTL:
      return store<u64>(M_VTIMECTL + id * 8, value & VTIMECTL_MASK);
    case K.CSRK_VCPUID:
      return store<u64>(M_VCPUID + id * 8, value & VCPUID_MASK);
    case K.CSRK_VIPI:
      return store<u64>(M_VIPI + vipiIndex(number) * 8, value);
    case K.CSRK_FFLAGS:
      return writeFcsr(h, 31, value);
    case K.CSRK_FRM:
      return writeFcsr(h, 7 << 5, value << 5);
    case K.CSRK_FCSR:
      return writeFcsr(h, 255, value);
    default:
      if (slot) put(h, slot, writable, value);
  }
}

/** satp, vsatp: a write with an unsupported MODE is ignored (4.1.11, 8.2.18). */
function writeAtp(h: usize, slot: usize, value: u64): void {
  if (!isPagingMode(i32(value >> ATP_MODE_SHIFT))) return;
  const asid: u64 = ((u64(1) << load<i32>(M_ASID_BITS)) - 1) << 44;
  setCsr(h, slot, value & ((u64(15) << ATP_MODE_SHIFT) | asid | ATP_PPN));
  selectContext(h);
}

/** hgatp, hugatp: an unsupported MODE keeps MODE only; 16 KiB root (8.2.10, dv-ext.md 5.1). */
function writeHgatp(h: usize, slot: usize, value: u64): void {
  const vmid: u64 = ((u64(1) << load<i32>(M_VMID_BITS)) - 1) << 44;
  const mode = isPagingMode(i32(value >> ATP_MODE_SHIFT)) ? value : csr(h, slot);
  setCsr(h, slot, (mode & (u64(15) << ATP_MODE_SHIFT)) | (value & (vmid | (ATP_PPN & ~3))));
  selectContext(h);
}

/** 3.7.1: locked entries keep their value; W without R is reserved; NA4 cannot be chosen with a coarser grain. */
function writePmpcfg(h: usize, slot: usize, first: i32, value: u64): void {
  let word = csr(h, slot);
  for (let i: i32 = 0; i < 8; i++) {
    const old = i32(word >> (8 * i)) & 0xff;
    if (first + i >= load<i32>(M_PMP_ENTRIES) || (old & PMP_L) != 0) continue;
    let config = i32(value >> (8 * i)) & (hasVpmp() ? 0x9f | PMP_V : 0x9f);
    if ((config & PMP_R) == 0) config &= ~PMP_W;
    if (load<i32>(M_PMP_GRAIN) > 2 && pmpMatching(config) == 2) config |= 1 << PMP_A_SHIFT;
    word = (word & ~(u64(0xff) << (8 * i))) | (u64(config) << (8 * i));
  }
  setCsr(h, slot, word);
  refreshPmp(h);
  dropContexts(h, true, true);
}

/** Ignored when the entry, or a TOR entry that it is the lower bound of, is locked. */
function writePmpaddr(h: usize, entry: i32, value: u64): void {
  const entries = load<i32>(M_PMP_ENTRIES);
  if (entry >= entries || (pmpConfig(h, entry) & PMP_L) != 0) return;
  if (entry + 1 < entries) {
    const next = pmpConfig(h, entry + 1);
    if ((next & PMP_L) != 0 && pmpMatching(next) == 1) return;
  }
  setCsr(h, CSR_PMPADDR + 8 * entry, value);
  refreshPmp(h);
  dropContexts(h, true, true);
}

/** Floating-point state becomes dirty (3.1.6.6, 8.2.11). */
function writeFcsr(h: usize, mask: u64, value: u64): void {
  put(h, CSR_FCSR, mask, value);
  markFloatDirty(h);
}
