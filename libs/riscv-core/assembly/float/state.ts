/** mstatus.FS and vsstatus.FS: is floating point on, is its state dirty (Privileged ISA 3.1.6.6, 8.2.11). */
import { CSR_MSTATUS, CSR_VSSTATUS } from '../../src/hart/csr-slots';
import { FLOAT_CLEAN, FLOAT_DIRTY, FLOAT_OFF, FLOAT_STATE } from '../../src/hart/layout';
import { STATUS_FS } from '../fields';
import { csr, setCsr, virt } from '../state';

/** Recomputes FLOAT_STATE, by which engines decide at once: after any change of V or of the status registers. */
export function refreshFloat(h: usize): void {
  const host = csr(h, CSR_MSTATUS) & STATUS_FS;
  const guest: u64 = virt(h) ? csr(h, CSR_VSSTATUS) & STATUS_FS : STATUS_FS;
  let state = FLOAT_CLEAN;
  if (host == 0 || guest == 0) state = FLOAT_OFF;
  else if (host == STATUS_FS && guest == STATUS_FS) state = FLOAT_DIRTY;
  store<i32>(h, state, FLOAT_STATE);
}

export function floatOn(h: usize): bool {
  return load<i32>(h, FLOAT_STATE) != FLOAT_OFF;
}

/** A register or fcsr was written. */
export function markFloatDirty(h: usize): void {
  if (load<i32>(h, FLOAT_STATE) == FLOAT_DIRTY) return;
  setCsr(h, CSR_MSTATUS, csr(h, CSR_MSTATUS) | STATUS_FS);
  if (virt(h)) setCsr(h, CSR_VSSTATUS, csr(h, CSR_VSSTATUS) | STATUS_FS);
  store<i32>(h, FLOAT_DIRTY, FLOAT_STATE);
}
