/** Values of the control and status registers: what a read gives and what a write changes (rows of isa/csrs.ts). */
import * as S from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import * as K from '../isa/csr-kinds.js';
import type { Csr } from '../isa/csrs.js';
import { CYCLES, INSTRUCTIONS, readCounter, writeCounter, writeEvent, writeInhibit } from './counters.js';
import { field, insert } from './bits.js';
import {
  comparesTime,
  guestTime,
  interruptLines,
  machineDelegation,
  pendingInterrupts,
  S_BITS,
  U_BITS,
  VS_BITS,
} from './interrupts.js';
import * as F from './mstatus.js';
import { hasVirtualBit, PMP_NA4, PMP_TOR, pmpConfig, pmpMatching } from './pmp.js';
import type { HartState, MachineState } from './state.js';
import { VCPUID_MASK, VTIMECTL_MASK } from './virtual-interrupts.js';

const MHARTID = 0xf14;

/** A read gives this value to rd. */
export function readCsr(machine: MachineState, hart: HartState, row: Csr): bigint {
  const stored = row.slot === 0 ? 0n : hart.csr(row.slot);
  switch (row.kind) {
    case K.CSRK_CONSTANT:
      return row.number === MHARTID ? BigInt(hart.index) : row.reset;
    case K.CSRK_MSTATUS:
      return withDirty(stored | F.UXL_64 | F.SXL_64);
    case K.CSRK_SSTATUS:
    case K.CSRK_VSSTATUS:
      return withDirty(stored | F.UXL_64) & row.readMask;
    case K.CSRK_MISA:
      return machine.get64(L.M_MISA);
    case K.CSRK_MIDELEG:
      return machineDelegation(machine, hart);
    case K.CSRK_MIP:
      return pendingInterrupts(machine, hart);
    case K.CSRK_SIE:
      return stored & supervisorView(machine, hart);
    case K.CSRK_SIP:
      return pendingInterrupts(machine, hart) & supervisorView(machine, hart);
    case K.CSRK_HIP:
    case K.CSRK_HUIP:
      return pendingInterrupts(machine, hart) & row.readMask;
    case K.CSRK_VSIE:
      return (stored & hart.csr(S.CSR_HIDELEG) & VS_BITS) >> 1n;
    case K.CSRK_VSIP:
      return (pendingInterrupts(machine, hart) & hart.csr(S.CSR_HIDELEG) & VS_BITS) >> 1n;
    case K.CSRK_HSTATUS: {
      // The user-level interrupt enables are former reserved bits of hstatus (dv-ext.md 2.4).
      const shown =
        machine.hasDvext && machine.dvext !== L.DVEXT_QEMU ? hart.csr(S.CSR_HUSTATUS) & (F.UIE | F.UPIE) : 0n;
      return stored | shown | F.VSXL_64;
    }
    case K.CSRK_HUSTATUS: {
      const own = F.UIE | F.UPIE | F.UPV;
      if (machine.dvext === L.DVEXT_QEMU) return insert(stored, F.HU, hart.csr(S.CSR_HSTATUS)) | F.VSXL_64;
      return (hart.csr(S.CSR_HSTATUS) & ~own) | (stored & own) | F.VSXL_64;
    }
    case K.CSRK_PMPADDR:
      return readPmpAddress(machine, hart, row);
    case K.CSRK_MCYCLE:
    case K.CSRK_CYCLE_RO:
      return readCounter(hart, CYCLES);
    case K.CSRK_MINSTRET:
    case K.CSRK_INSTRET_RO:
      return readCounter(hart, INSTRUCTIONS);
    case K.CSRK_TIME_RO:
      return readTime(machine, hart);
    case K.CSRK_MHPMCOUNTER:
    case K.CSRK_HPMCOUNTER_RO:
      return readCounter(hart, row.index);
    case K.CSRK_HGEIP:
      return 0n;
    case K.CSRK_HENVCFG:
      return stored & openedByMachine(hart);
    case K.CSRK_UIE_RO:
      return hart.csr(S.CSR_MIE) & U_BITS;
    case K.CSRK_UIP_RO:
      return pendingInterrupts(machine, hart) & U_BITS;
    case K.CSRK_VTIMECMP:
      return machine.get64(L.M_VTIMECMP + 8 * hart.index);
    case K.CSRK_VTIMECTL:
      return machine.get64(L.M_VTIMECTL + 8 * hart.index);
    case K.CSRK_VCPUID:
      return machine.get64(L.M_VCPUID + 8 * hart.index);
    case K.CSRK_VIPI:
      return machine.get64(L.M_VIPI + 8 * row.index);
    case K.CSRK_FFLAGS:
      return stored & 0x1fn;
    case K.CSRK_FRM:
      return (stored >> 5n) & 7n;
    case K.CSRK_FCSR:
      return stored & 0xffn;
    case K.CSRK_HUCOUNTEREN:
      return hart.csr(ownOrShared(machine, S.CSR_HUCOUNTEREN, S.CSR_HCOUNTEREN));
    case K.CSRK_HUTVAL:
      return hart.csr(ownOrShared(machine, S.CSR_HUTVAL, S.CSR_HTVAL));
    case K.CSRK_HUGATP:
      return hart.csr(ownOrShared(machine, S.CSR_HUGATP, S.CSR_HGATP));
    default:
      return stored & row.readMask;
  }
}

/**
 * The value that CSRRS and CSRRC change and write back. For interrupt-pending registers these are the software bits: a line
 * that happens to be high must not be latched (3.1.9, on mip.SEIP). huip of profile rocket does latch it (dv-ext.md 2.1).
 */
export function readForModify(machine: MachineState, hart: HartState, row: Csr): bigint {
  const software = hart.csr(S.CSR_MIP_SW);
  switch (row.kind) {
    case K.CSRK_MIP:
      return software;
    case K.CSRK_SIP:
      return software & supervisorView(machine, hart);
    case K.CSRK_HIP:
      return software & row.readMask;
    case K.CSRK_VSIP:
      return (software & hart.csr(S.CSR_HIDELEG) & VS_BITS) >> 1n;
    case K.CSRK_HUIP:
      return (machine.dvext === L.DVEXT_ROCKET ? software | interruptLines(machine, hart) : software) & row.readMask;
    default:
      return readCsr(machine, hart, row);
  }
}

/** Writes `value`; fields that are not writable keep what they have. */
export function writeCsr(machine: MachineState, hart: HartState, row: Csr, value: bigint): void {
  const update = (slot: number, mask: bigint, bits = value): void =>
    hart.setCsr(slot, insert(hart.csr(slot), mask, bits));
  switch (row.kind) {
    case K.CSRK_CONSTANT:
    case K.CSRK_MISA:
    case K.CSRK_UIE_RO:
    case K.CSRK_UIP_RO:
      return;
    case K.CSRK_MSTATUS:
      // MPP is WARL: 2 is no mode, the field keeps its value.
      return update(row.slot, (value & F.MPP) >> BigInt(F.MPP_SHIFT) === 2n ? row.writeMask & ~F.MPP : row.writeMask);
    case K.CSRK_MIP:
      // Sstc: STIP is read-only while stimecmp drives it.
      return update(row.slot, comparesTime(machine, hart) ? row.writeMask & ~0x20n : row.writeMask);
    case K.CSRK_HENVCFG:
      return update(row.slot, row.writeMask & openedByMachine(hart));
    case K.CSRK_SIE:
      return update(row.slot, supervisorView(machine, hart));
    case K.CSRK_SIP:
      return update(row.slot, row.writeMask & supervisorView(machine, hart));
    case K.CSRK_HVIP:
      // hvip.VSEIP is not writable in profile rocket: it comes from the PLIC (dv-ext.md 10).
      return update(row.slot, machine.dvext === L.DVEXT_ROCKET ? row.writeMask & ~0x400n : row.writeMask);
    case K.CSRK_VSIE:
      return update(row.slot, hart.csr(S.CSR_HIDELEG) & VS_BITS, value << 1n);
    case K.CSRK_VSIP:
      return update(row.slot, (row.writeMask << 1n) & hart.csr(S.CSR_HIDELEG), value << 1n);
    case K.CSRK_SATP:
    case K.CSRK_VSATP:
      // 4.1.11: a write with an unsupported MODE has no effect at all.
      if (supportedMode(machine, value)) hart.setCsr(row.slot, value & addressSpaceMask(machine.option(L.M_ASID_BITS)));
      return;
    case K.CSRK_HGATP:
      return writeGuestRoot(machine, hart, S.CSR_HGATP, value);
    case K.CSRK_HUGATP:
      return writeGuestRoot(machine, hart, ownOrShared(machine, S.CSR_HUGATP, S.CSR_HGATP), value);
    case K.CSRK_TVEC:
      // MODE is WARL: only 0 and 1 exist, bit 1 reads 0.
      return update(row.slot, ~2n);
    case K.CSRK_HUSTATUS: {
      if (machine.dvext === L.DVEXT_QEMU) return update(row.slot, row.writeMask);
      const own = F.UIE | F.UPIE | F.UPV;
      update(row.slot, row.writeMask & own);
      return update(S.CSR_HSTATUS, row.writeMask & ~own);
    }
    case K.CSRK_PMPCFG:
      return writePmpConfig(machine, hart, row, value);
    case K.CSRK_PMPADDR:
      return writePmpAddress(hart, row, value);
    case K.CSRK_MCYCLE:
      return writeCounter(hart, CYCLES, value);
    case K.CSRK_MHPMCOUNTER:
      return writeCounter(hart, row.index, value);
    case K.CSRK_MHPMEVENT:
      return writeEvent(hart, row.index, value & row.writeMask);
    case K.CSRK_MINSTRET:
      return writeCounter(hart, INSTRUCTIONS, value);
    case K.CSRK_MCOUNTINHIBIT:
      return writeInhibit(hart, row.writeMask, value);
    case K.CSRK_VTIMECMP:
      return machine.set64(L.M_VTIMECMP + 8 * hart.index, value);
    case K.CSRK_VTIMECTL:
      return machine.set64(L.M_VTIMECTL + 8 * hart.index, value & VTIMECTL_MASK);
    case K.CSRK_VCPUID:
      return machine.set64(L.M_VCPUID + 8 * hart.index, value & VCPUID_MASK);
    case K.CSRK_VIPI:
      return machine.set64(L.M_VIPI + 8 * row.index, value);
    case K.CSRK_FFLAGS:
      touchFloat(hart);
      return update(row.slot, 0x1fn);
    case K.CSRK_FRM:
      touchFloat(hart);
      return update(row.slot, 0xe0n, value << 5n);
    case K.CSRK_FCSR:
      touchFloat(hart);
      return update(row.slot, 0xffn);
    case K.CSRK_HUCOUNTEREN:
      return update(ownOrShared(machine, S.CSR_HUCOUNTEREN, S.CSR_HCOUNTEREN), row.writeMask);
    case K.CSRK_HUTVAL:
      return update(ownOrShared(machine, S.CSR_HUTVAL, S.CSR_HTVAL), row.writeMask);
    default:
      if (row.slot !== 0) update(row.slot, row.writeMask);
  }
}

/** SD summarizes FS. */
function withDirty(status: bigint): bigint {
  return (status & F.FS) === F.FS ? status | F.SD : status & ~F.SD;
}

/** Floating-point state becomes dirty, for the guest and for its host. */
function touchFloat(hart: HartState): void {
  hart.setCsr(S.CSR_MSTATUS, hart.csr(S.CSR_MSTATUS) | F.FS);
  if (hart.v) hart.setCsr(S.CSR_VSSTATUS, hart.csr(S.CSR_VSSTATUS) | F.FS);
}

/** 8.2.5: STCE and ADUE of henvcfg are read-only zero while they are clear in menvcfg. */
function openedByMachine(hart: HartState): bigint {
  return hart.csr(S.CSR_MENVCFG) | ~(F.STCE | F.ADUE);
}

/** Bits of mip and mie that sip and sie show: the delegated ones that are not VS-level (4.1.3, 8.2.3). */
function supervisorView(machine: MachineState, hart: HartState): bigint {
  return machineDelegation(machine, hart) & (S_BITS | U_BITS);
}

function readTime(machine: MachineState, hart: HartState): bigint {
  return hart.v ? guestTime(machine, hart) : machine.mtime(hart);
}

/** Profile qemu keeps registers of its own where the others give an H register a second name. */
function ownOrShared(machine: MachineState, own: number, shared: number): number {
  return machine.dvext === L.DVEXT_QEMU ? own : shared;
}

/** MODE of satp, vsatp, hgatp: Bare, Sv39(x4), and Sv48(x4) where offered. */
function supportedMode(machine: MachineState, value: bigint): boolean {
  const mode = field(value, 63, 60);
  return mode === 0n || mode === 8n || (mode === 9n && machine.option(L.M_PAGING_LEVELS) >= 4);
}

/** MODE, `bits` bits of ASID or VMID, PPN. */
function addressSpaceMask(bits: number): bigint {
  return (0xfn << 60n) | (((1n << BigInt(bits)) - 1n) << 44n) | ((1n << 44n) - 1n);
}

/** 8.2.10: an unsupported MODE leaves MODE alone; the root is 16 KiB aligned. */
function writeGuestRoot(machine: MachineState, hart: HartState, slot: number, value: bigint): void {
  const old = hart.csr(slot);
  const mode = supportedMode(machine, value) ? value : old;
  const written = insert(value, 0xfn << 60n, mode) & addressSpaceMask(machine.option(L.M_VMID_BITS)) & ~3n;
  hart.setCsr(slot, written);
}

/** 3.7.1: locked bytes keep their value; W without R is reserved; NA4 cannot be selected with a coarser granularity. */
function writePmpConfig(machine: MachineState, hart: HartState, row: Csr, value: bigint): void {
  let result = hart.csr(row.slot);
  for (let i = 0; i < 8; i++) {
    const old = pmpConfig(hart, row.index + i);
    if ((old & 0x80) !== 0) continue;
    let config = Number((value >> BigInt(8 * i)) & 0x9fn);
    if (hasVirtualBit(machine)) config |= Number((value >> BigInt(8 * i)) & 0x20n);
    if ((config & 3) === 2) config &= ~2;
    if (machine.option(L.M_PMP_GRAIN) > 2 && pmpMatching(config) === PMP_NA4) config |= 0x18;
    result = insert(result, 0xffn << BigInt(8 * i), BigInt(config) << BigInt(8 * i));
  }
  hart.setCsr(row.slot, result);
}

/** 3.7.1: with granularity 2^(G+2), low bits read as ones in NAPOT and as zeros otherwise; what is stored stays. */
function readPmpAddress(machine: MachineState, hart: HartState, row: Csr): bigint {
  const stored = hart.csr(row.slot);
  const g = BigInt(machine.option(L.M_PMP_GRAIN) - 2);
  const napot = (pmpConfig(hart, row.index) & 0x10) !== 0;
  if (napot) return g >= 2n ? stored | ((1n << (g - 1n)) - 1n) : stored;
  return stored & ~((1n << g) - 1n);
}

/** 3.7.1: the address of a locked entry, and the one below a locked TOR entry, cannot change. */
function writePmpAddress(hart: HartState, row: Csr, value: bigint): void {
  if ((pmpConfig(hart, row.index) & 0x80) !== 0) return;
  if (row.index < 15) {
    const next = pmpConfig(hart, row.index + 1);
    if ((next & 0x80) !== 0 && pmpMatching(next) === PMP_TOR) return;
  }
  hart.setCsr(row.slot, value & row.writeMask);
}
