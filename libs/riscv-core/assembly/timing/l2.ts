/**
 * The shared inclusive L2 with its directory (rocket-timing.md 6): what is present, and who holds it. "Cycles" are what the requesting L1
 * waits beyond a hit, from its hart's clock on, as far as that is known at once; when a request is served, and where harts get into each
 * other's way, is in requests.ts.
 */
import { COUNT_L2_MISS, COUNT_L2_PROBE, COUNT_L2_UPGRADE, COUNT_L2_WRITEBACK } from '../../src/timing/counted-events';
import {
  P_L2_HIT,
  P_L2_PROBE,
  P_L2_PROBE_DATA,
  P_L2_SETS,
  P_L2_UPGRADE,
  P_L2_UPGRADE_PROBE,
  P_L2_WAYS,
} from '../../src/timing/parameter-slots';
import { count } from './counters';
import { dcacheInvalidate, dcacheShare } from './dcache-lines';
import {
  DEVICE,
  L2,
  L2_LFSR,
  L2_OWNED,
  LINE_EXCLUSIVE,
  LINE_SHARED,
  hartArea,
  hartIndex,
} from './layout';
import { llcTouch } from './llc';
import { findTag, parameter, random } from './parts';
import { REQUEST_DATA, REQUEST_FETCH, REQUEST_MEMORY, ask, meet } from './requests';

const HOLDERS = 0xff;

/** Of the word of a line, to that of its holders. */
@inline
function holdersOffset(): i32 {
  return parameter(P_L2_WAYS) * 4;
}

/** Of the last l2Acquire: the state that was granted, LINE_SHARED or LINE_EXCLUSIVE, and the offset of the line's entry from L2. */
let granted: i32 = 0;
let grantedPlace: i32 = 0;

@inline
export function l2Granted(): i32 {
  return granted;
}

@inline
export function l2GrantedPlace(): i32 {
  return grantedPlace;
}

@inline
function setAddress(line: i32): i32 {
  return L2 + (line & (parameter(P_L2_SETS) - 1)) * parameter(P_L2_WAYS) * 8;
}

/** Entry of `line`, 0 = not present. */
@inline
function find(line: i32): i32 {
  return findTag(setAddress(line), parameter(P_L2_WAYS), 1, line);
}

/** Takes the line from every hart of the set `harts`; true = one of them had modified it. */
@inline
function invalidateIn(harts: i32, line: i32): bool {
  let dirty = false;
  for (let rest = harts; rest != 0; rest &= rest - 1) {
    if (dcacheInvalidate(hartArea(ctz(rest)), line)) dirty = true;
  }
  return dirty;
}

@inline
function markDirty(entry: i32): void {
  store<u32>(entry, load<u32>(entry) | 1);
}

/** What `allocate` had to write back: a line, or -1. */
let evicted: i32 = -1;

/** Gives `line` an entry in place of a random victim. */
@inline
function allocate(line: i32): i32 {
  const entry = setAddress(line) + random(L2_LFSR, parameter(P_L2_WAYS)) * 4;
  const victim = load<u32>(entry);
  evicted = -1;
  if (victim != 0) {
    const dirty = invalidateIn(load<u32>(entry + holdersOffset()) & HOLDERS, victim >> 1);
    if (dirty || victim & 1) evicted = victim >> 1;
  }
  store<u32>(entry, u32(line) << 1);
  store<u32>(entry + holdersOffset(), 0);
  return entry;
}

/** Brings `line` in from memory for a hart; returns its entry. What it evicted is left in `evicted`, for the request. */
@inline
function fill(h: i32, line: i32): i32 {
  count(h, COUNT_L2_MISS);
  const entry = allocate(line);
  if (evicted >= 0) count(h, COUNT_L2_WRITEBACK);
  return entry;
}

/** The same for a device, whose requests take no time. `fetches`: not if it writes all of the line. */
function fillForDevice(line: i32, fetches: bool): i32 {
  const entry = allocate(line);
  if (fetches) llcTouch(line, false);
  if (evicted >= 0) llcTouch(evicted, true);
  return entry;
}

/** What a probe costs; `dirty`: a hart gave its changes up. */
function probed(entry: i32, dirty: bool): i32 {
  if (!dirty) return parameter(P_L2_PROBE);
  markDirty(entry);
  return parameter(P_L2_PROBE) + parameter(P_L2_PROBE_DATA);
}

/** Asks the owner of the line, if it has one, to keep a shared copy; `harts`: those that have it. Returns cycles. */
function shareFrom(h: i32, entry: i32, harts: i32, line: i32): i32 {
  const holders = load<u32>(entry + holdersOffset());
  if ((holders & L2_OWNED) == 0) return 0;
  store<u32>(entry + holdersOffset(), holders & ~L2_OWNED);
  const owner = hartArea(ctz(harts & HOLDERS));
  if (h != DEVICE) {
    if (h != owner) meet(h);
    count(h, COUNT_L2_PROBE);
  }
  return probed(entry, dcacheShare(owner, line));
}

/** Takes the line from `harts`, which have it. Returns cycles. */
function takeFrom(h: i32, entry: i32, harts: i32, line: i32): i32 {
  meet(h);
  count(h, COUNT_L2_PROBE);
  return probed(entry, invalidateIn(harts, line));
}

/** An L1D miss. `exclusive` = for writing. Returns cycles; l2Granted() says with what permission the line came. */
@inline
export function l2Acquire(h: i32, line: i32, exclusive: i32): i32 {
  const me = 1 << hartIndex(h);
  let cycles = parameter(P_L2_HIT);
  let flags = REQUEST_DATA;
  let entry = find(line);
  evicted = -1;
  if (entry == 0) {
    entry = fill(h, line);
    flags |= REQUEST_MEMORY;
  }
  grantedPlace = entry - L2;
  const others = load<u32>(entry + holdersOffset()) & HOLDERS & ~me;
  if (others != 0) cycles += exclusive ? takeFrom(h, entry, others, line) : shareFrom(h, entry, others, line);
  if (others == 0 || exclusive) {
    store<u32>(entry + holdersOffset(), me | L2_OWNED);
    granted = LINE_EXCLUSIVE;
  } else {
    store<u32>(entry + holdersOffset(), load<u32>(entry + holdersOffset()) | me);
    granted = LINE_SHARED;
  }
  return ask(h, line, flags, evicted, cycles);
}

/** A hart that shares the line wants to write it. Returns cycles. */
export function l2Upgrade(h: i32, line: i32): i32 {
  count(h, COUNT_L2_UPGRADE);
  const me = 1 << hartIndex(h);
  const entry = find(line);
  const others = load<u32>(entry + holdersOffset()) & HOLDERS & ~me;
  invalidateIn(others, line);
  store<u32>(entry + holdersOffset(), me | L2_OWNED);
  let cycles = parameter(P_L2_UPGRADE);
  if (others != 0) {
    meet(h);
    cycles += parameter(P_L2_UPGRADE_PROBE);
  }
  return ask(h, line, 0, -1, cycles);
}

/** An L1D gives a line up; inclusion says that the L2 has it, most likely still at `place`, where l2Acquire found it. */
@inline
export function l2Release(h: i32, line: i32, place: i32, dirty: i32): void {
  const entry = load<u32>(L2 + place) >> 1 == u32(line) ? L2 + place : find(line);
  store<u32>(entry, load<u32>(entry) | dirty);
  store<u32>(entry + holdersOffset(), load<u32>(entry + holdersOffset()) & ~(L2_OWNED | (1 << hartIndex(h))));
}

/** An L1I refill: a read that leaves no trace in the directory. Returns cycles. */
export function l2Fetch(h: i32, line: i32): i32 {
  let flags = REQUEST_DATA | REQUEST_FETCH;
  let entry = find(line);
  evicted = -1;
  if (entry == 0) {
    entry = fill(h, line);
    flags |= REQUEST_MEMORY;
  }
  const cycles = parameter(P_L2_HIT) + shareFrom(h, entry, load<u32>(entry + holdersOffset()), line);
  return ask(h, line, flags, evicted, cycles);
}

/** A device reads the line: who modified it shares it from now on. */
export function l2Read(line: i32): void {
  let entry = find(line);
  if (entry == 0) entry = fillForDevice(line, true);
  shareFrom(DEVICE, entry, load<u32>(entry + holdersOffset()), line);
}

/** A device writes the line, wholly or in part: no L1D keeps it. What is overwritten wholly is not fetched first. */
export function l2Write(line: i32, whole: bool): void {
  let entry = find(line);
  if (entry == 0) entry = fillForDevice(line, !whole);
  invalidateIn(load<u32>(entry + holdersOffset()) & HOLDERS, line);
  store<u32>(entry + holdersOffset(), 0);
  markDirty(entry);
}
