/** DV-ext virtual timer (dv-ext.md 8) and vIPI (dv-ext.md 9): their interrupt lines and the range check of profile strict. */
import {
  DVEXT_QEMU,
  DVEXT_ROCKET,
  DVEXT_STRICT,
  HART_ID,
  M_VCPUID,
  M_VIPI,
  M_VTIMECMP,
  M_VTIMECTL,
} from '../src/hart/layout';
import { CSR_HUTIMEDELTA, CSR_H_VMID } from '../src/hart/csr-slots';
import { IRQ_USI, IRQ_UTI, IRQ_VSSI, IRQ_VSTI } from '../src/isa/causes';
import { mtime } from './clock';
import { csr, dvext, hasDvext, isHost } from './state';

/** The identity a refused vIPI access named: tval of its store access fault. */
export let refusedIdentity: u64 = 0;

/** The clock that vtimecmp is compared with: physical in [R], the guest's in the other profiles. */
export function virtualClock(h: usize): u64 {
  return mtime(h) + (dvext() == DVEXT_ROCKET ? 0 : csr(h, CSR_HUTIMEDELTA));
}

export function vtimecmp(h: usize): u64 {
  return load<u64>(M_VTIMECMP + load<i32>(h, HART_ID) * 8);
}

/** mip bit that the virtual timer drives when it is enabled, 0 = none: vtimectl bits 6:1 choose. */
export function virtualTimerBit(h: usize): u64 {
  const control = load<u64>(M_VTIMECTL + load<i32>(h, HART_ID) * 8);
  if (!hasDvext() || (control & 1) == 0) return 0;
  const number = i32(control >> 1) & 63;
  if (number == IRQ_VSTI) return 1 << IRQ_VSTI;
  return number == 0 || number == IRQ_UTI ? 1 << IRQ_UTI : 0;
}

/** mip bits held up by the virtual timer and by the vIPI bitmap now. */
export function virtualLines(h: usize): u64 {
  if (!hasDvext()) return 0;
  let lines: u64 = 0;
  const timer = virtualTimerBit(h);
  if (timer != 0 && virtualClock(h) >= vtimecmp(h)) lines |= timer;
  const identity = load<u64>(M_VCPUID + load<i32>(h, HART_ID) * 8) & 255;
  if (identity != 0 || dvext() != DVEXT_STRICT) {
    const word = load<u64>(M_VIPI + i32(identity >> 6) * 8);
    if ((word >> (identity & 63)) & 1) lines |= dvext() == DVEXT_QEMU ? 1 << IRQ_USI : 1 << IRQ_VSSI;
  }
  return lines;
}

/**
 * Profile strict: from HU or V=1 a set or clear of word `index` may name (in `bits`) only identities of the writer's VM,
 * [h_vmid*8+1, h_vmid*8+8]. Leaves the first foreign one in refusedIdentity.
 */
export function vipiRefuses(h: usize, index: i32, bits: u64): bool {
  if (dvext() != DVEXT_STRICT || isHost(h)) return false;
  const first = csr(h, CSR_H_VMID) * 8 + 1;
  for (let rest = bits; rest != 0; rest &= rest - 1) {
    const identity = u64(index) * 64 + ctz(rest);
    if (identity - first > 7) {
      refusedIdentity = identity;
      return true;
    }
  }
  return false;
}
