/** Short names for hart state, and the questions about modes that every subject asks. `h` = linear address of the hart area. */
import {
  CYCLE,
  DVEXT_NONE,
  EV_HOLE,
  HARTS,
  HART_ID,
  HART_STRIDE,
  INSTRET,
  M_DVEXT,
  M_EVENTS,
  M_EXTENSIONS,
  M_HOLES,
  MEXT_H,
  PC,
  PRV,
  PRV_S,
  PRV_U,
  REC_COST,
  REC_LEN,
  V,
} from '../src/hart/layout';
import { CSR_HSTATUS, CSR_HUSTATUS } from '../src/hart/csr-slots';
import { DVEXT_QEMU } from '../src/hart/layout';
import { event } from './env';
import { HSTATUS_HU } from './fields';

/** Reads the u64 storage of a CSR (hart/csr-slots.ts). */
@inline
export function csr(h: usize, slot: usize): u64 {
  return load<u64>(h + slot);
}

@inline
export function setCsr(h: usize, slot: usize, value: u64): void {
  store<u64>(h + slot, value);
}

@inline
export function prv(h: usize): i32 {
  return load<i32>(h, PRV);
}

@inline
export function virt(h: usize): bool {
  return load<i32>(h, V) != 0;
}

@inline
export function dvext(): i32 {
  return load<i32>(M_DVEXT);
}

export function hasDvext(): bool {
  return load<i32>(M_DVEXT) != DVEXT_NONE;
}

export function hasH(): bool {
  return (load<i32>(M_EXTENSIONS) & MEXT_H) != 0;
}

export function hartArea(id: i32): usize {
  return HARTS + id * HART_STRIDE;
}

/** HU: user mode of a hypervisor thread (dv-ext.md 1). */
export function isHu(h: usize): bool {
  return !virt(h) && prv(h) == PRV_U && (csr(h, CSR_HSTATUS) & HSTATUS_HU) != 0;
}

/** HS or M. */
export function isHost(h: usize): bool {
  return !virt(h) && prv(h) >= PRV_S;
}

/** The register whose VTVM, VTW, VTSR govern the guest: hustatus in profile qemu (dv-ext.md 2.4). */
export function guestControl(h: usize): u64 {
  return csr(h, dvext() == DVEXT_QEMU ? CSR_HUSTATUS : CSR_HSTATUS);
}

/** Notes that an access was permitted by a hole of the profile only (dv-ext.md 2.7); reported once per hart and number. */
export function noteHole(h: usize, number: i32): void {
  const at: usize = M_HOLES + load<i32>(h, HART_ID) * 512 + (number >> 3);
  const bit: i32 = 1 << (number & 7);
  const seen: i32 = load<u8>(at);
  if (seen & bit) return;
  store<u8>(at, seen | bit);
  if (load<i32>(M_EVENTS)) event(h, EV_HOLE, number, prv(h) | (i32(virt(h)) << 4));
}

/** Retires the instruction of record `rec`: next pc, instret, static cost. */
export function retire(h: usize, rec: usize): void {
  store<u64>(h, load<u64>(h, PC) + load<u8>(rec, REC_LEN), PC);
  retireAt(h, rec);
}

/** The same for an instruction that has set the pc itself. */
export function retireAt(h: usize, rec: usize): void {
  store<u64>(h, load<u64>(h, INSTRET) + 1, INSTRET);
  store<u64>(h, load<u64>(h, CYCLE) + load<u16>(rec, REC_COST), CYCLE);
}
