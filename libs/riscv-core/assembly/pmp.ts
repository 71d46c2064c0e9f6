/** Physical memory protection (Privileged ISA 3.7) with the V bit of DV-ext (dv-ext.md 5.3). */
import {
  CORE_PMP_ACTIVE,
  CORE_PMP_RANGES,
  CORE_PMP_RANGE_SIZE,
  DVEXT_ROCKET,
  DVEXT_STRICT,
  M_PMP_ENTRIES,
  M_PMP_GRAIN,
  M_VPMP_ABSENT,
  PRV_M,
} from '../src/hart/layout';
import { CSR_PMPADDR, CSR_PMPCFG0, CSR_PMPCFG2 } from '../src/hart/csr-slots';
import { csr, dvext } from './state';

export const PMP_R: i32 = 1;
export const PMP_W: i32 = 2;
export const PMP_X: i32 = 4;
export const PMP_A_SHIFT: i32 = 3;
export const PMP_V: i32 = 0x20;
export const PMP_L: i32 = 0x80;

const PMP_TOR: i32 = 1;
const PMP_NA4: i32 = 2;

/** No entry matches / an entry matches some bytes only. */
const NO_MATCH: i32 = -1;
const PARTIAL: i32 = -2;

/** Does pmpcfg have the V bit? */
export function hasVpmp(): bool {
  const profile = dvext();
  return (profile == DVEXT_ROCKET || profile == DVEXT_STRICT) && load<i32>(M_VPMP_ABSENT) == 0;
}

/** Configuration byte of entry `i`. */
export function pmpConfig(h: usize, i: i32): i32 {
  return i32(csr(h, i < 8 ? CSR_PMPCFG0 : CSR_PMPCFG2) >> (8 * (i & 7))) & 0xff;
}

/** A-field: 0 off, 1 TOR, 2 NA4, 3 NAPOT. */
export function pmpMatching(config: i32): i32 {
  return (config >> PMP_A_SHIFT) & 3;
}

/** Recomputes the ranges from pmpcfg and pmpaddr: after every write of either. */
export function refreshPmp(h: usize): void {
  const entries = load<i32>(M_PMP_ENTRIES);
  const g = load<i32>(M_PMP_GRAIN) - 2;
  const low: u64 = (u64(1) << g) - 1;
  let active: i32 = 0;
  for (let i: i32 = 0; i < entries; i++) {
    const config = pmpConfig(h, i);
    const address = csr(h, CSR_PMPADDR + 8 * i);
    let first: u64 = 0;
    let last: u64 = 0;
    let matches = true;
    switch (pmpMatching(config)) {
      case 0:
        matches = false;
        break;
      case PMP_TOR: {
        // 3.7.1: the low G bits do not take part.
        first = i == 0 ? 0 : (csr(h, CSR_PMPADDR + 8 * (i - 1)) & ~low) << 2;
        const end = (address & ~low) << 2;
        matches = first < end;
        last = end - 1;
        break;
      }
      case PMP_NA4:
        first = address << 2;
        last = first + 3;
        break;
      default: {
        // yyyy...y011 covers 2^5 bytes; with granularity 2^(G+2) the low G-1 bits count as ones.
        const pattern = address | (low >> 1);
        const size = u64(8) << ctz(~pattern);
        first = (pattern << 2) & ~(size - 1);
        last = first + (size - 1);
      }
    }
    const range = h + CORE_PMP_RANGES + i * CORE_PMP_RANGE_SIZE;
    store<u64>(range, first, 0);
    store<u64>(range, last, 8);
    store<i32>(range, config, 16);
    store<i32>(range, i32(matches), 20);
    if (matches) active = i + 1;
  }
  store<i32>(h, active, CORE_PMP_ACTIVE);
}

/** Configuration byte of the lowest-numbered entry that matches any byte of the access, NO_MATCH or PARTIAL. */
@inline
function pmpFind(h: usize, pa: u64, size: u64): i32 {
  const active = load<i32>(h, CORE_PMP_ACTIVE);
  return active == 0 ? NO_MATCH : findAmong(h, active, pa, size);
}

function findAmong(h: usize, active: i32, pa: u64, size: u64): i32 {
  const end = pa + (size - 1);
  for (let i: i32 = 0; i < active; i++) {
    const range = h + CORE_PMP_RANGES + i * CORE_PMP_RANGE_SIZE;
    if (!load<i32>(range, 20)) continue;
    const first = load<u64>(range, 0);
    const last = load<u64>(range, 8);
    if (end < first || pa > last) continue;
    return pa >= first && end <= last ? load<i32>(range, 16) : PARTIAL;
  }
  return NO_MATCH;
}

/** May an access with effective privilege `prv` go ahead? `need`: PMP_R|W|X, all must be granted. `virt`: it belongs to a guest. */
export function pmpAllows(h: usize, pa: u64, size: u64, need: i32, prv: i32, virt: bool): bool {
  if (load<i32>(M_PMP_ENTRIES) == 0) return true;
  const config = pmpFind(h, pa, size);
  if (config == PARTIAL) return false;
  if (config == NO_MATCH) return prv == PRV_M;
  if (prv == PRV_M && (config & PMP_L) == 0) return true;
  if ((config & need) != need) return false;
  return !virt || (config & PMP_V) != 0 || !hasVpmp();
}

/** Do all bytes of the naturally aligned block get the same answer? Only such blocks may enter a filter. */
@inline
export function pmpUniform(h: usize, block: u64, size: u64): bool {
  return pmpFind(h, block, size) != PARTIAL;
}
