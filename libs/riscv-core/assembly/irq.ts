/** Interrupt pending bits and the choice of the interrupt to take (Privileged ISA 3.1.9, 8.2.4; dv-ext.md 3.2). */
import { HART_ID, LINES, M_MSIP, M_MTIMECMP, PRV_M, PRV_S, PRV_U } from '../src/hart/layout';
import {
  CSR_HIDELEG,
  CSR_HUSTATUS,
  CSR_MIDELEG,
  CSR_MIE,
  CSR_MSTATUS,
  CSR_SIDELEG,
  CSR_VSSTATUS,
} from '../src/hart/csr-slots';
import { IRQ_MSI, IRQ_MTI } from '../src/isa/causes';
import { mtime } from './clock';
import { virtualLines } from './dvirq';
import { comparedTimers, softwareInterrupts } from './envcfg';
import { BITS_U, BITS_VS, HSTATUS_UIE, STATUS_MIE, STATUS_SIE } from './fields';
import { csr, hasDvext, hasH, prv, virt } from './state';

/** Where a trap goes: index of TRAP_COUNTS. */
export const TO_HU: i32 = 0;
export const TO_HS: i32 = 1;
export const TO_VS: i32 = 2;
export const TO_M: i32 = 3;

/** Destination chosen by pickInterrupt. */
export let pickedMode: i32 = 0;

/** mip bits driven by lines: CLINT, PLIC (LINES), stimecmp, vstimecmp, virtual timer, vIPI. */
export function interruptLines(h: usize): u64 {
  const id = load<i32>(h, HART_ID);
  let lines = load<u64>(h, LINES) | virtualLines(h) | comparedTimers(h);
  if (load<i32>(M_MSIP + id * 4) & 1) lines |= 1 << IRQ_MSI;
  if (mtime(h) >= load<u64>(M_MTIMECMP + id * 8)) lines |= 1 << IRQ_MTI;
  return lines;
}

/** mip. */
export function pending(h: usize): u64 {
  return softwareInterrupts(h) | interruptLines(h);
}

/** mideleg with the VS bits that H hardwires to one (8.4.3). */
export function mideleg(h: usize): u64 {
  return csr(h, CSR_MIDELEG) | (hasH() ? BITS_VS : 0);
}

/** sideleg as it acts. */
export function sideleg(h: usize): u64 {
  return hasDvext() ? csr(h, CSR_SIDELEG) & BITS_U : 0;
}

/** Number of the interrupt that must be taken now (its destination in pickedMode), or -1. */
export function pickInterrupt(h: usize): i32 {
  const enabled = csr(h, CSR_MIE);
  if (enabled == 0) return -1;
  const ready = pending(h) & enabled;
  if (ready == 0) return -1;
  const mode = prv(h);
  const v = virt(h);
  const status = csr(h, CSR_MSTATUS);
  const toM = ready & ~mideleg(h);
  if (toM != 0 && (mode < PRV_M || (status & STATUS_MIE) != 0)) return pick(toM, TO_M);
  if (mode == PRV_M) return -1;

  const hideleg = csr(h, CSR_HIDELEG);
  const delegated = ready & mideleg(h);
  const toHs = delegated & ~hideleg & ~sideleg(h);
  if (toHs != 0 && (v || mode < PRV_S || (status & STATUS_SIE) != 0)) return pick(toHs, TO_HS);

  const toVs = delegated & hideleg;
  if (toVs != 0 && v && (mode < PRV_S || (csr(h, CSR_VSSTATUS) & STATUS_SIE) != 0)) return pick(toVs, TO_VS);

  const toHu = delegated & ~hideleg & sideleg(h);
  if (toHu != 0 && (v || (mode == PRV_U && (csr(h, CSR_HUSTATUS) & HSTATUS_UIE) != 0))) return pick(toHu, TO_HU);
  return -1;
}

/** Highest of one destination: MEI MSI MTI SEI SSI STI VSEI VSSI VSTI UEI USI UTI. */
function pick(set: u64, mode: i32): i32 {
  pickedMode = mode;
  // External, software, timer of M, S, VS, U: bits 11 3 7, 9 1 5, 10 2 6, 8 0 4.
  for (let level: i32 = 0; level < 4; level++) {
    const base = level == 0 ? 3 : level == 1 ? 1 : level == 2 ? 2 : 0;
    if ((set >> (base + 8)) & 1) return base + 8;
    if ((set >> base) & 1) return base;
    if ((set >> (base + 4)) & 1) return base + 4;
  }
  return ctz(set) as i32;
}
