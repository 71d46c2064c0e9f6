/**
 * Context slots: one pair of filter tables, one code look-up table and one jump table per address space and mode, so that a trap or a world
 * switch flushes nothing. A slot is keyed by everything that decides what an access means: modes of fetch and data, SUM, MXR,
 * satp (V=0), vsatp and hgatp (V=1).
 */
import {
  CODE_LOOKUP,
  CODE_LOOKUP_CONTEXT_SIZE,
  CONTEXT,
  CONTEXTS,
  CORE_CONTEXT_KEYS,
  CORE_CONTEXT_KEY_SIZE,
  CORE_NEXT_CONTEXT,
  CORE_PMP_ACTIVE,
  COUNTS_ACTIVE,
  DATA_DIRECT,
  DATA_SPACE,
  DVEXT_QEMU,
  EMPTY_TAG,
  EVENT_BANK_SIZE,
  EVENT_COUNTS,
  FETCH_LINE,
  FILTERS,
  FILTER_CONTEXT_SIZE,
  FILTER_ENTRY_SIZE,
  FILTER_TABLE_SIZE,
  JUMPS,
  JUMP_TABLES,
  JUMP_TABLE_SIZE,
  M_PMP_ENTRIES,
  PRV_M,
  RFILTER,
  WFILTER,
} from '../src/hart/layout';
import { CSR_HGATP, CSR_HUGATP, CSR_MSTATUS, CSR_SATP, CSR_VSATP, CSR_VSSTATUS } from '../src/hart/csr-slots';
import { SPACE_BARE, SPACE_GUEST, SPACE_HOST } from '../src/timing/events';
import { ATP_MODE_SHIFT, STATUS_MPP, STATUS_MPP_SHIFT, STATUS_MPRV, STATUS_MPV, STATUS_MXR, STATUS_SUM } from './fields';
import { refreshFloat } from './float/state';
import { dropTranslations } from './soft-tlb';
import { csr, dvext, isHost, prv, virt } from './state';

const UNUSED: u64 = u64.MAX_VALUE;
/** Key bits: data mode. */
const KEY_DATA_V: u64 = 1 << 6;

/** Effective privilege of loads and stores (MPRV, Privileged ISA 3.1.6.3): prv | V << 2. */
@inline
export function dataMode(h: usize): i32 {
  const status = csr(h, CSR_MSTATUS);
  if ((status & STATUS_MPRV) != 0 && prv(h) == PRV_M) {
    const mpp = i32((status & STATUS_MPP) >> STATUS_MPP_SHIFT);
    return mpp | (i32(mpp != PRV_M && (status & STATUS_MPV) != 0) << 2);
  }
  return prv(h) | (i32(virt(h)) << 2);
}

/**
 * G-stage root. Profile qemu has two registers (dv-ext.md 5.1): hgatp for what HS and M do on behalf of a guest, hugatp for the guest
 * itself and for HU.
 */
export function guestRoot(h: usize): u64 {
  return csr(h, dvext() == DVEXT_QEMU && !isHost(h) ? CSR_HUGATP : CSR_HGATP);
}

/** Does PMP permit every access of this privilege? */
function isUnprotected(h: usize, prv: i32): bool {
  return load<i32>(M_PMP_ENTRIES) == 0 || (prv == PRV_M && load<i32>(h, CORE_PMP_ACTIVE) == 0);
}

/** Which TLB entries an access with this effective mode uses. */
export function spaceOf(h: usize, prv: i32, virt: bool): i32 {
  if (virt) return (csr(h, CSR_VSATP) | guestRoot(h)) >> ATP_MODE_SHIFT ? SPACE_GUEST : SPACE_BARE;
  return prv != PRV_M && csr(h, CSR_SATP) >> ATP_MODE_SHIFT ? SPACE_HOST : SPACE_BARE;
}

/** Selects the slot of the hart's present mode and address space. Call after every change of what the key is made of. */
export function selectContext(h: usize): void {
  store<u64>(h, u64.MAX_VALUE, FETCH_LINE);
  refreshFloat(h);
  store<i32>(h, i32(h) + EVENT_COUNTS + (prv(h) | (i32(virt(h)) << 2)) * EVENT_BANK_SIZE, COUNTS_ACTIVE);
  const fetch: i32 = prv(h) | (i32(virt(h)) << 2);
  const data = dataMode(h);
  const space = spaceOf(h, data & 3, data >> 2 != 0);
  store<i32>(h, space, DATA_SPACE);
  store<i32>(h, i32(space == SPACE_BARE && isUnprotected(h, data & 3)), DATA_DIRECT);
  let modes: u64 = fetch | (data << 4);
  const anyVirtual = ((fetch | data) & 4) != 0;
  const status = csr(h, CSR_MSTATUS);
  modes |= (status & (STATUS_SUM | STATUS_MXR)) << 8;
  let satp: u64 = 0;
  let vsatp: u64 = 0;
  let hgatp: u64 = 0;
  if (anyVirtual) {
    modes |= (csr(h, CSR_VSSTATUS) & (STATUS_SUM | STATUS_MXR)) << 10;
    vsatp = csr(h, CSR_VSATP);
    hgatp = guestRoot(h);
  }
  if (((fetch & 4) == 0 && fetch != PRV_M) || ((data & 4) == 0 && data != PRV_M)) satp = csr(h, CSR_SATP);

  const keys = h + CORE_CONTEXT_KEYS;
  const active = load<i32>(h, CONTEXT);
  if (matches(keys + active * CORE_CONTEXT_KEY_SIZE, modes, satp, vsatp, hgatp)) {
    activate(h, active);
    return;
  }
  for (let slot: i32 = 0; slot < CONTEXTS; slot++) {
    if (matches(keys + slot * CORE_CONTEXT_KEY_SIZE, modes, satp, vsatp, hgatp)) {
      activate(h, slot);
      return;
    }
  }
  const slot = load<i32>(h, CORE_NEXT_CONTEXT) % CONTEXTS;
  store<i32>(h, slot + 1, CORE_NEXT_CONTEXT);
  const key = keys + slot * CORE_CONTEXT_KEY_SIZE;
  store<u64>(key, modes, 0);
  store<u64>(key, satp, 8);
  store<u64>(key, vsatp, 16);
  store<u64>(key, hgatp, 24);
  emptyFilters(h + FILTERS + slot * FILTER_CONTEXT_SIZE);
  memory.fill(h + CODE_LOOKUP + slot * CODE_LOOKUP_CONTEXT_SIZE, 0xff, CODE_LOOKUP_CONTEXT_SIZE);
  memory.fill(h + JUMP_TABLES + slot * JUMP_TABLE_SIZE, 0xff, JUMP_TABLE_SIZE);
  dropTranslations(h, slot);
  activate(h, slot);
}

/** Only the tags: the last word of an entry belongs to the timing model's lists. */
function emptyFilters(tables: usize): void {
  const end = tables + FILTER_CONTEXT_SIZE;
  for (let entry = tables; entry < end; entry += FILTER_ENTRY_SIZE) store<u64>(entry, EMPTY_TAG);
}

function matches(key: usize, modes: u64, satp: u64, vsatp: u64, hgatp: u64): bool {
  return (
    load<u64>(key, 0) == modes &&
    load<u64>(key, 8) == satp &&
    load<u64>(key, 16) == vsatp &&
    load<u64>(key, 24) == hgatp
  );
}

function activate(h: usize, slot: i32): void {
  store<i32>(h, slot, CONTEXT);
  const tables: i32 = i32(h) + FILTERS + slot * FILTER_CONTEXT_SIZE;
  store<i32>(h, i32(h) + JUMP_TABLES + slot * JUMP_TABLE_SIZE, JUMPS);
  store<i32>(h, tables, RFILTER);
  store<i32>(h, tables + FILTER_TABLE_SIZE, WFILTER);
}

/** A fence: forgets the slots that hold translations through vsatp or hgatp (`guest`) or those through satp (`host`). */
export function dropContexts(h: usize, host: bool, guest: bool): void {
  for (let slot: i32 = 0; slot < CONTEXTS; slot++) {
    const key = h + CORE_CONTEXT_KEYS + slot * CORE_CONTEXT_KEY_SIZE;
    const modes = load<u64>(key);
    // Fetch and data modes can differ under MPRV: a slot may be of both kinds.
    const isGuest = (modes & (4 | KEY_DATA_V)) != 0;
    const isHost = (modes & 4) == 0 || (modes & KEY_DATA_V) == 0;
    if ((host && isHost) || (guest && isGuest)) store<u64>(key, UNUSED);
  }
  selectContext(h);
}
