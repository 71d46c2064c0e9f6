/** What reading a CSR gives. */
import {
  CSRD_KIND,
  CSRD_RMASK,
  CSRD_SLOT,
  DVEXT_QEMU,
  DVEXT_ROCKET,
  HART_ID,
  M_MISA,
  M_PMP_ENTRIES,
  M_PMP_GRAIN,
  M_VCPUID,
  M_VIPI,
  M_VTIMECMP,
  M_VTIMECTL,
} from '../src/hart/layout';
import {
  CSR_FCSR,
  CSR_HCOUNTEREN,
  CSR_HGATP,
  CSR_HIDELEG,
  CSR_HSTATUS,
  CSR_HENVCFG,
  CSR_HTVAL,
  CSR_HUCOUNTEREN,
  CSR_HUGATP,
  CSR_HUSTATUS,
  CSR_HUTVAL,
  CSR_MCYCLE_OFFSET,
  CSR_MENVCFG,
  CSR_MIDELEG,
  CSR_MIE,
  CSR_MINSTRET_OFFSET,
  CSR_MIP_SW,
  CSR_MSTATUS,
  CSR_PMPADDR,
} from '../src/hart/csr-slots';
import * as K from '../src/isa/csr-kinds';
import { mtime } from './clock';
import { readCounter } from './counters';
import { descriptor } from './csr-access';
import { guestTime } from './envcfg';
import {
  BITS_U,
  BITS_VS,
  ENVCFG_SWITCHES,
  HSTATUS_HU,
  HSTATUS_UIE,
  HSTATUS_UPIE,
  HSTATUS_SPV,
  HSTATUS_VSXL_64,
  STATUS_FS,
  STATUS_SD,
  STATUS_SXL_64,
  STATUS_UXL_64,
  STATUS_XS,
} from './fields';
import { mideleg, pending } from './irq';
import { pmpConfig, pmpMatching } from './pmp';
import { csr, dvext, virt } from './state';

const MHARTID: i32 = 0xf14;
/** hustatus bits with storage of their own in [R] (dv-ext.md 2.4). */
export const HUSTATUS_OWN: u64 = HSTATUS_UIE | HSTATUS_UPIE | HSTATUS_SPV;

/** sd (bit 63) of mstatus and its views: FS or XS dirty. */
function withSd(status: u64): u64 {
  return (status & STATUS_FS) == STATUS_FS || (status & STATUS_XS) == STATUS_XS ? status | STATUS_SD : status;
}

/** Index of a vipi word from either of its numbers: 0x8DC - 0x8DF, 0x483 - 0x486. */
export function vipiIndex(number: i32): i32 {
  return (number >= 0x8dc ? number - 0x8dc : number - 0x483) & 3;
}

/** `number` after effectiveNumber(); access was checked. */
export function readCsr(h: usize, number: i32): u64 {
  const at = descriptor(number);
  const slot: usize = load<i32>(at, CSRD_SLOT);
  const readable = load<u64>(at, CSRD_RMASK);
  const id = load<i32>(h, HART_ID);
  switch (load<i32>(at, CSRD_KIND)) {
    case K.CSRK_CONSTANT:
      return number == MHARTID ? id : slot ? csr(h, slot) & readable : 0;
    case K.CSRK_MSTATUS:
      return withSd(csr(h, CSR_MSTATUS) | STATUS_UXL_64 | STATUS_SXL_64) & readable;
    case K.CSRK_SSTATUS:
      return withSd(csr(h, CSR_MSTATUS) | STATUS_UXL_64) & readable;
    case K.CSRK_VSSTATUS:
      return withSd(csr(h, slot) | STATUS_UXL_64) & readable;
    case K.CSRK_MISA:
      return load<u64>(M_MISA);
    case K.CSRK_MIDELEG:
      return mideleg(h);
    case K.CSRK_MIP:
      return pending(h) & readable;
    case K.CSRK_SIE:
      return csr(h, CSR_MIE) & csr(h, CSR_MIDELEG) & ~BITS_VS;
    case K.CSRK_SIP:
      return pending(h) & csr(h, CSR_MIDELEG) & ~BITS_VS;
    case K.CSRK_HIE:
      return csr(h, CSR_MIE) & BITS_VS;
    case K.CSRK_HIP:
      return pending(h) & BITS_VS;
    case K.CSRK_HVIP:
    case K.CSRK_HUVIP:
      return csr(h, CSR_MIP_SW) & readable;
    case K.CSRK_VSIE:
      return (csr(h, CSR_MIE) & csr(h, CSR_HIDELEG) & BITS_VS) >> 1;
    case K.CSRK_VSIP:
      return (pending(h) & csr(h, CSR_HIDELEG) & BITS_VS) >> 1;
    case K.CSRK_HSTATUS:
      return (
        csr(h, CSR_HSTATUS) |
        HSTATUS_VSXL_64 |
        (dvext() != DVEXT_QEMU ? csr(h, CSR_HUSTATUS) & (HSTATUS_UIE | HSTATUS_UPIE) : 0)
      );
    case K.CSRK_HUSTATUS:
      return readHustatus(h);
    case K.CSRK_HUIE:
      return csr(h, CSR_MIE) & readable;
    case K.CSRK_HUIP:
      return pending(h) & readable;
    case K.CSRK_UIE_RO:
      return csr(h, CSR_MIE) & BITS_U;
    case K.CSRK_UIP_RO:
      return pending(h) & BITS_U;
    case K.CSRK_HUCOUNTEREN:
      return csr(h, dvext() == DVEXT_QEMU ? CSR_HUCOUNTEREN : CSR_HCOUNTEREN);
    case K.CSRK_HUTVAL:
      return csr(h, dvext() == DVEXT_QEMU ? CSR_HUTVAL : CSR_HTVAL);
    case K.CSRK_HUGATP:
      return csr(h, dvext() == DVEXT_QEMU ? CSR_HUGATP : CSR_HGATP);
    case K.CSRK_PMPCFG:
      return load<i32>(M_PMP_ENTRIES) ? csr(h, slot) : 0;
    case K.CSRK_PMPADDR:
      return readPmpaddr(h, i32(slot - CSR_PMPADDR) >> 3);
    case K.CSRK_MCYCLE:
    case K.CSRK_CYCLE_RO:
      return readCounter(h, CSR_MCYCLE_OFFSET);
    case K.CSRK_MINSTRET:
    case K.CSRK_INSTRET_RO:
      return readCounter(h, CSR_MINSTRET_OFFSET);
    case K.CSRK_TIME_RO:
      return readTime(h);
    case K.CSRK_MHPMCOUNTER:
    case K.CSRK_HPMCOUNTER_RO:
      return readCounter(h, slot);
    case K.CSRK_HGEIP:
      return 0;
    case K.CSRK_HENVCFG:
      return csr(h, CSR_HENVCFG) & (csr(h, CSR_MENVCFG) | ~ENVCFG_SWITCHES);
    case K.CSRK_VTIMECMP:
      return load<u64>(M_VTIMECMP + id * 8);
    case K.CSRK_VTIMECTL:
      return load<u64>(M_VTIMECTL + id * 8);
    case K.CSRK_VCPUID:
      return load<u64>(M_VCPUID + id * 8);
    case K.CSRK_VIPI:
      return load<u64>(M_VIPI + vipiIndex(number) * 8);
    case K.CSRK_FFLAGS:
      return csr(h, CSR_FCSR) & 31;
    case K.CSRK_FRM:
      return (csr(h, CSR_FCSR) >> 5) & 7;
    case K.CSRK_FCSR:
      return csr(h, CSR_FCSR) & 255;
    default:
      return slot ? csr(h, slot) & readable : 0;
  }
}

/** The bits that csrrs and csrrc start from: for mip and its views only the software bits (3.1.9). */
export function readForModify(h: usize, number: i32, value: u64): u64 {
  switch (load<i32>(descriptor(number), CSRD_KIND)) {
    case K.CSRK_MIP:
    case K.CSRK_SIP:
    case K.CSRK_HIP:
      return csr(h, CSR_MIP_SW);
    case K.CSRK_VSIP:
      return (csr(h, CSR_MIP_SW) & csr(h, CSR_HIDELEG) & BITS_VS) >> 1;
    case K.CSRK_HUIP:
      // dv-ext.md 2.1, hazard: [R] starts from the lines too.
      return dvext() == DVEXT_ROCKET ? value : csr(h, CSR_MIP_SW);
    default:
      return value;
  }
}

/** dv-ext.md 2.4: bits 0, 4, 7 of its own and hstatus for the rest; profile qemu: all its own, HU from hstatus. */
function readHustatus(h: usize): u64 {
  if (dvext() == DVEXT_QEMU) {
    return (csr(h, CSR_HUSTATUS) & ~HSTATUS_HU) | (csr(h, CSR_HSTATUS) & HSTATUS_HU) | HSTATUS_VSXL_64;
  }
  return (csr(h, CSR_HSTATUS) & ~HUSTATUS_OWN) | (csr(h, CSR_HUSTATUS) & HUSTATUS_OWN) | HSTATUS_VSXL_64;
}

/** A guest sees htimedelta and hutimedelta added. */
function readTime(h: usize): u64 {
  return virt(h) ? guestTime(h) : mtime(h);
}

/** 3.7.1: with granularity 2^(G+2) NAPOT shows G-1 ones, OFF and TOR show G zeros. */
function readPmpaddr(h: usize, entry: i32): u64 {
  if (entry >= load<i32>(M_PMP_ENTRIES)) return 0;
  const g = load<i32>(M_PMP_GRAIN) - 2;
  const low: u64 = (u64(1) << g) - 1;
  const address = csr(h, CSR_PMPADDR + 8 * entry);
  return pmpMatching(pmpConfig(h, entry)) >= 2 ? address | (low >> 1) : address & ~low;
}
