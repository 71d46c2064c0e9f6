/**
 * Translations of 4 KiB pages that data accesses of a context have made, so that the slow path need not walk each time. It is
 * no TLB of the target: that one is priced by the cycle model. Emptied with its context slot (context.ts), hence by fences.
 * Entry: u64 virtual page, u32 RAM page, u32 bit per access type (1 << ACCESS_*) that was found to be permitted.
 */
import { CONTEXT, CORE_TLB, CORE_TLB_CONTEXT_SIZE, CORE_TLB_ENTRIES, M_RAM_BASE } from '../src/hart/layout';
import { pmpUniform } from './pmp';
import { isRam } from './ram';

function entryOf(h: usize, va: u64): usize {
  return h + CORE_TLB + load<i32>(h, CONTEXT) * CORE_TLB_CONTEXT_SIZE + (usize(va >> 12) & (CORE_TLB_ENTRIES - 1)) * 16;
}

/** Physical address of `va` for the access type, 0 = not known (RAM does not begin at 0). */
export function knownTranslation(h: usize, va: u64, access: i32): u64 {
  const entry = entryOf(h, va);
  if (load<u64>(entry, 0) != va >> 12 || ((load<i32>(entry, 12) >> access) & 1) == 0) return 0;
  return load<u64>(M_RAM_BASE) + (u64(load<u32>(entry, 8)) << 12) + (va & 4095);
}

/** An access of this type to `va` = `pa` succeeded. Pages that PMP splits, or outside RAM, are not kept. */
export function keepTranslation(h: usize, va: u64, pa: u64, access: i32): void {
  const page = pa & ~4095;
  if (!isRam(page, 4096) || !pmpUniform(h, page, 4096)) return;
  const entry = entryOf(h, va);
  const frame = u32((page - load<u64>(M_RAM_BASE)) >> 12);
  const same = load<u64>(entry, 0) == va >> 12 && load<u32>(entry, 8) == frame;
  store<u64>(entry, va >> 12, 0);
  store<u32>(entry, frame, 8);
  store<i32>(entry, (same ? load<i32>(entry, 12) : 0) | (1 << access), 12);
}

/** Empties the entries of a context slot. */
export function dropTranslations(h: usize, slot: i32): void {
  memory.fill(h + CORE_TLB + slot * CORE_TLB_CONTEXT_SIZE, 0xff, CORE_TLB_CONTEXT_SIZE);
}
