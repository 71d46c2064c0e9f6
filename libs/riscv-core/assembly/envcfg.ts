/** What menvcfg and henvcfg switch (Privileged ISA 3.1.18, 8.2.5), and the timers of Sstc. */
import { DVEXT_NONE, DVEXT_ROCKET, M_EXTENSIONS, M_SVADU, MEXT_SSTC, SVADU_SWITCHED } from '../src/hart/layout';
import {
  CSR_HENVCFG,
  CSR_HTIMEDELTA,
  CSR_HUTIMEDELTA,
  CSR_MENVCFG,
  CSR_MIP_SW,
  CSR_STIMECMP,
  CSR_VSTIMECMP,
} from '../src/hart/csr-slots';
import { IRQ_STI, IRQ_VSTI } from '../src/isa/causes';
import { cycleOf, mtime } from './clock';
import { ENVCFG_ADUE, ENVCFG_STCE } from './fields';
import { csr, dvext, hasH } from './state';

/** Does a walk set accessed and dirty bits? `guest`: those of VS-stage tables. Otherwise a clear bit is a fault (Svade). */
export function updatesEntries(h: usize, guest: bool): bool {
  const option = load<i32>(M_SVADU);
  if (option != SVADU_SWITCHED) return option != 0;
  if ((csr(h, CSR_MENVCFG) & ENVCFG_ADUE) == 0) return false;
  return !guest || (csr(h, CSR_HENVCFG) & ENVCFG_ADUE) != 0;
}

/** stimecmp drives STIP. */
export function hasSupervisorTimer(h: usize): bool {
  return (load<i32>(M_EXTENSIONS) & MEXT_SSTC) != 0 && (csr(h, CSR_MENVCFG) & ENVCFG_STCE) != 0;
}

/** vstimecmp drives VSTIP. */
export function hasGuestTimer(h: usize): bool {
  return hasSupervisorTimer(h) && hasH() && (csr(h, CSR_HENVCFG) & ENVCFG_STCE) != 0;
}

/** time as a guest reads it. dv-ext.md 11: [R] shows physical time in every mode. */
export function guestTime(h: usize): u64 {
  const now = mtime(h);
  if (!hasH() || dvext() == DVEXT_ROCKET) return now;
  return now + csr(h, CSR_HTIMEDELTA) + (dvext() == DVEXT_NONE ? 0 : csr(h, CSR_HUTIMEDELTA));
}

/** mip bits that software has set; a bit that a timer drives is not software's. */
export function softwareInterrupts(h: usize): u64 {
  return csr(h, CSR_MIP_SW) & ~(hasSupervisorTimer(h) ? 1 << IRQ_STI : 0);
}

/** mip bits that stimecmp and vstimecmp drive now. */
export function comparedTimers(h: usize): u64 {
  if (!hasSupervisorTimer(h)) return 0;
  let lines: u64 = mtime(h) >= csr(h, CSR_STIMECMP) ? 1 << IRQ_STI : 0;
  if (hasGuestTimer(h) && guestTime(h) >= csr(h, CSR_VSTIMECMP)) lines |= 1 << IRQ_VSTI;
  return lines;
}

/** Cycle at which stimecmp or vstimecmp raises a line of `enabled` that is not up yet; all ones = none. */
export function nextComparedTimer(h: usize, enabled: u64): u64 {
  let next = u64.MAX_VALUE;
  if (!hasSupervisorTimer(h)) return next;
  if (enabled & (1 << IRQ_STI)) next = firesAt(h, mtime(h), csr(h, CSR_STIMECMP));
  if ((enabled & (1 << IRQ_VSTI)) != 0 && hasGuestTimer(h))
    next = min<u64>(next, firesAt(h, guestTime(h), csr(h, CSR_VSTIMECMP)));
  return next;
}

function firesAt(h: usize, now: u64, deadline: u64): u64 {
  return now < deadline ? cycleOf(h, now, deadline) : u64.MAX_VALUE;
}
