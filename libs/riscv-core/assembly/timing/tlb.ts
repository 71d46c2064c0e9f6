/**
 * L1 TLBs, L2 TLB and their refill (rocket-timing.md 5). Entries carry the space (V=0 or V=1) but no ASID or VMID.
 * Fast mode: replacement is touched by refills only, so that a hit changes nothing. Exact mode (tlb.exact): by hits too; then no
 * filter may hide one.
 */
import { ACCESS_FETCH, CYCLE, FETCH_LINE, ITLB_GENERATION, TR_LEVEL } from '../../src/hart/layout';
import { COUNT_DTLB_MISS, COUNT_ITLB_MISS, COUNT_L2TLB_MISS, COUNT_TLB_STALL } from '../../src/timing/counted-events';
import { FLUSH_GSTAGE, FLUSH_HOST, SPACE_BARE, SPACE_GUEST, SPACE_HOST } from '../../src/timing/events';
import { P_L2TLB_ENTRIES, P_L2TLB_HIT, P_TLB_EXACT, P_TLB_SECTORS, P_TLB_SUPERPAGES } from '../../src/timing/parameter-slots';
import { add, count } from './counters';
import { filterDropTlb, rememberTlb } from './filter';
import { MAX_TLB_SECTORS } from '../../src/timing/limits';
import { DTLB, ITLB, L2TLB, TLB_ENTRIES, TLB_HASH, TLB_HEADS, TLB_PLRU, TLB_SUPERPAGES, TLB_SUPER_PLRU, stateOf } from './layout';
import { addCycles, parameter, plruTouch, plruVictim } from './parts';
import { noteWalk, settled } from './requests';
import { walk, walkCachesFlush } from './walk';

const PAGE_SHIFT = 12;
/** A sectored entry covers four consecutive pages. */
const SECTOR_SHIFT = 14;
const SECTOR_VALID = 8;
const SECTOR_NEXT = 12;
const SUPER_SHIFT = 8;

@inline
function sectorKey(va: i64, space: i32): u64 {
  return (u64(va) >> SECTOR_SHIFT) | (u64(space) << 60);
}

@inline
function superKey(va: i64, shift: u32, space: i32): u64 {
  return (u64(va) >> u64(shift)) | (u64(space) << 60);
}

@inline
function headAddress(tlb: i32, key: u64): i32 {
  return tlb + TLB_HEADS + (i32(key ^ (key >> 6) ^ (key >> 60)) & (TLB_HASH - 1));
}

/** Sectored entry with this key, -1 = none. */
function findSector(tlb: i32, key: u64): i32 {
  let next: i32 = load<u8>(headAddress(tlb, key));
  while (next != 0) {
    const address = tlb + TLB_ENTRIES + (next - 1) * 16;
    if (load<u64>(address) == key) return next - 1;
    next = load<u8>(address, SECTOR_NEXT);
  }
  return -1;
}

function findSuperpage(tlb: i32, va: i64, space: i32): i32 {
  const count = parameter(P_TLB_SUPERPAGES);
  for (let entry = 0; entry < count; entry++) {
    const address = tlb + TLB_SUPERPAGES + entry * 16;
    const shift = load<u32>(address, SUPER_SHIFT);
    if (load<u64>(address) != 0 && load<u64>(address) == superKey(va, shift, space)) return entry;
  }
  return -1;
}

/** Number of the entry that translates `va` (superpages follow the sectored ones), -1 = miss. */
function lookUp(tlb: i32, va: i64, space: i32): i32 {
  const sector = findSector(tlb, sectorKey(va, space));
  if (sector >= 0 && (load<u32>(tlb + TLB_ENTRIES + sector * 16 + SECTOR_VALID) >> u32((va >> PAGE_SHIFT) & 3)) & 1) {
    return sector;
  }
  const superpage = findSuperpage(tlb, va, space);
  return superpage < 0 ? -1 : MAX_TLB_SECTORS + superpage;
}

/** Exact mode: a hit counts for the replacement. */
function touch(tlb: i32, entry: i32): void {
  if (entry < MAX_TLB_SECTORS) plruTouch(tlb + TLB_PLRU, parameter(P_TLB_SECTORS), entry);
  else plruTouch(tlb + TLB_SUPER_PLRU, parameter(P_TLB_SUPERPAGES), entry - MAX_TLB_SECTORS);
}

/** What relies on an entry that goes: filters on one of the data TLB, jump tables on one of the instruction TLB. */
function dropUsers(h: i32, tlb: i32, entry: i32): void {
  if (tlb == stateOf(h) + DTLB) filterDropTlb(h, entry);
  else store<u32>(h, load<u32>(h, ITLB_GENERATION) + 1, ITLB_GENERATION);
}

/** Empties a sectored entry. */
function dropSector(h: i32, tlb: i32, entry: i32): void {
  const address = tlb + TLB_ENTRIES + entry * 16;
  const key = load<u64>(address);
  if (key == 0) return;
  const head = headAddress(tlb, key);
  if (load<u8>(head) == entry + 1) {
    store<u8>(head, load<u8>(address, SECTOR_NEXT));
  } else {
    let previous = tlb + TLB_ENTRIES + (i32(load<u8>(head)) - 1) * 16;
    while (load<u8>(previous, SECTOR_NEXT) != entry + 1) {
      previous = tlb + TLB_ENTRIES + (i32(load<u8>(previous, SECTOR_NEXT)) - 1) * 16;
    }
    store<u8>(previous, load<u8>(address, SECTOR_NEXT), SECTOR_NEXT);
  }
  store<u64>(address, 0);
  store<u64>(address, 0, SECTOR_VALID);
  dropUsers(h, tlb, entry);
}

function dropSuperpage(h: i32, tlb: i32, entry: i32): void {
  const address = tlb + TLB_SUPERPAGES + entry * 16;
  if (load<u64>(address) == 0) return;
  store<u64>(address, 0);
  store<u64>(address, 0, SUPER_SHIFT);
  dropUsers(h, tlb, MAX_TLB_SECTORS + entry);
}

function refillSector(h: i32, tlb: i32, va: i64, space: i32): i32 {
  const count = parameter(P_TLB_SECTORS);
  const key = sectorKey(va, space);
  let entry = findSector(tlb, key);
  if (entry < 0) {
    entry = 0;
    while (entry < count && load<u64>(tlb + TLB_ENTRIES + entry * 16) != 0) entry++;
    if (entry == count) entry = plruVictim(tlb + TLB_PLRU, count);
    dropSector(h, tlb, entry);
    const head = headAddress(tlb, key);
    store<u64>(tlb + TLB_ENTRIES + entry * 16, key);
    store<u32>(tlb + TLB_ENTRIES + entry * 16 + SECTOR_NEXT, load<u8>(head));
    store<u8>(head, entry + 1);
  }
  const valid = tlb + TLB_ENTRIES + entry * 16 + SECTOR_VALID;
  store<u32>(valid, load<u32>(valid) | (1 << u32((va >> PAGE_SHIFT) & 3)));
  plruTouch(tlb + TLB_PLRU, count, entry);
  return entry;
}

function refillSuperpage(h: i32, tlb: i32, va: i64, space: i32, shift: u32): i32 {
  const count = parameter(P_TLB_SUPERPAGES);
  let entry = 0;
  while (entry < count && load<u64>(tlb + TLB_SUPERPAGES + entry * 16) != 0) entry++;
  if (entry == count) entry = plruVictim(tlb + TLB_SUPER_PLRU, count);
  dropSuperpage(h, tlb, entry);
  const address = tlb + TLB_SUPERPAGES + entry * 16;
  store<u64>(address, superKey(va, shift, space));
  store<u32>(address, shift, SUPER_SHIFT);
  plruTouch(tlb + TLB_SUPER_PLRU, count, entry);
  return MAX_TLB_SECTORS + entry;
}

@inline
function l2Entry(state: i32, va: i64): i32 {
  return state + L2TLB + (i32(va >> PAGE_SHIFT) & (parameter(P_L2TLB_ENTRIES) - 1)) * 8;
}

@inline
function l2Key(va: i64, space: i32): u64 {
  return (u64(va) >> PAGE_SHIFT) | (u64(space) << 58) | (u64(1) << 63);
}

@inline
function tlbOf(state: i32, access: i32): i32 {
  return state + (access == ACCESS_FETCH ? ITLB : DTLB);
}

export function tlbMisses(h: i32, va: i64, access: i32, space: i32): bool {
  return space != SPACE_BARE && lookUp(tlbOf(stateOf(h), access), va, space) < 0;
}

/** What tlbAccess does for a hit; false = it is none, and nothing was done. */
export function tlbHit(h: i32, va: i64, access: i32, space: i32): bool {
  let entry = -1;
  if (space != SPACE_BARE) {
    const tlb = tlbOf(stateOf(h), access);
    entry = lookUp(tlb, va, space);
    if (entry < 0) return false;
    if (parameter(P_TLB_EXACT)) touch(tlb, entry);
  }
  if (access != ACCESS_FETCH) rememberTlb(entry);
  return true;
}

/** `faulted`: the walk ended in a fault, which is charged and leaves nothing in the TLBs. */
export function tlbAccess(h: i32, va: i64, access: i32, space: i32, faulted: bool): void {
  if (tlbHit(h, va, access, space)) return;
  const isData = access != ACCESS_FETCH;
  const state = stateOf(h);
  const tlb = tlbOf(state, access);
  count(h, isData ? COUNT_DTLB_MISS : COUNT_ITLB_MISS);
  const second = l2Entry(state, va);
  let shift: u32 = PAGE_SHIFT;
  if (load<u64>(second) == l2Key(va, space)) {
    add(h, COUNT_TLB_STALL, parameter(P_L2TLB_HIT));
    addCycles(h, parameter(P_L2TLB_HIT));
  } else {
    const begin = load<u64>(h, CYCLE) - settled;
    noteWalk(true);
    walk(h, state);
    noteWalk(false);
    count(h, COUNT_L2TLB_MISS);
    add(h, COUNT_TLB_STALL, i32(load<u64>(h, CYCLE) - settled - begin));
    if (faulted) return;
    shift = load<u32>(h, TR_LEVEL);
    if (shift == PAGE_SHIFT) store<u64>(second, l2Key(va, space));
  }
  if (faulted) return;
  const entry = shift == PAGE_SHIFT ? refillSector(h, tlb, va, space) : refillSuperpage(h, tlb, va, space, shift);
  if (isData) rememberTlb(entry);
}

function flushOne(h: i32, tlb: i32, space: i32, hasVa: bool, va: i64): void {
  if (hasVa) {
    const superpage = findSuperpage(tlb, va, space);
    if (superpage >= 0) dropSuperpage(h, tlb, superpage);
    const sector = findSector(tlb, sectorKey(va, space));
    if (sector < 0) return;
    const address = tlb + TLB_ENTRIES + sector * 16 + SECTOR_VALID;
    const valid = load<u32>(address) & ~(1 << u32((va >> PAGE_SHIFT) & 3));
    store<u32>(address, valid);
    if (valid == 0) dropSector(h, tlb, sector);
    else dropUsers(h, tlb, sector);
    return;
  }
  const sectors = parameter(P_TLB_SECTORS);
  for (let entry = 0; entry < sectors; entry++) {
    if (i32(load<u64>(tlb + TLB_ENTRIES + entry * 16) >> 60) == space) dropSector(h, tlb, entry);
  }
  const superpages = parameter(P_TLB_SUPERPAGES);
  for (let entry = 0; entry < superpages; entry++) {
    if (i32(load<u64>(tlb + TLB_SUPERPAGES + entry * 16) >> 60) == space) dropSuperpage(h, tlb, entry);
  }
}

export function tlbFlush(h: i32, scope: i32, hasVa: bool, va: i64): void {
  const state = stateOf(h);
  const space = scope == FLUSH_HOST ? SPACE_HOST : SPACE_GUEST;
  const selective = hasVa && scope != FLUSH_GSTAGE;
  flushOne(h, state + ITLB, space, selective, va);
  flushOne(h, state + DTLB, space, selective, va);
  if (selective) store<u64>(l2Entry(state, va), 0);
  else memory.fill(state + L2TLB, 0, parameter(P_L2TLB_ENTRIES) * 8);
  if (!selective) walkCachesFlush(state);
  store<i64>(h, -1, FETCH_LINE);
}
