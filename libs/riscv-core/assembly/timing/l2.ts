/**
 * The shared inclusive L2 with its directory (rocket-timing.md 6). "Cycles" are what the requesting L1 waits beyond a hit, from its
 * hart's clock on. Harts get into each other's way in two places: one transaction at a time works on a set, and lines go back
 * to the L1s over one path.
 */
import { CYCLE, M_HARTS, STOPAT, TURN_END, TURN_END_SHARED } from '../../src/hart/layout';
import { COUNT_L2_MISS, COUNT_L2_PROBE, COUNT_L2_UPGRADE, COUNT_L2_WAIT, COUNT_L2_WRITEBACK } from '../../src/timing/counted-events';
import {
  P_L2_BEATS,
  P_L2_HIT,
  P_L2_MISS,
  P_L2_PROBE,
  P_L2_PROBE_DATA,
  P_L2_SETS,
  P_L2_UPGRADE,
  P_L2_UPGRADE_PROBE,
  P_L2_WAYS,
} from '../../src/timing/parameter-slots';
import { reserve } from './calendar';
import { add, count } from './counters';
import { dcacheInvalidate, dcacheShare } from './dcache-lines';
import {
  DEVICE,
  L2,
  L2_CALENDAR,
  L2_LFSR,
  L2_OWNED,
  L2_SETS_BUSY,
  LINE_EXCLUSIVE,
  LINE_SHARED,
  SETS_BUSY,
  SET_BUSY_CYCLES,
  SET_BUSY_SET,
  SET_BUSY_SIZE,
  hartArea,
  hartIndex,
} from './layout';
import { memoryRead, memoryWrite } from './memory';
import { findTag, parameter, random } from './parts';

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

/** A device counts nothing. */
@inline
function countOfHart(h: i32, event: i32): void {
  if (h != DEVICE) count(h, event);
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

/** Of the record of the last transaction on the set of `line`. */
@inline
function busyRecord(set: i32): i32 {
  return L2_SETS_BUSY + (set & (SETS_BUSY - 1)) * SET_BUSY_SIZE;
}

/** Cycles until the set of `line` is free of another hart's transaction. One that begins later is not waited for. */
@inline
function waitForSet(h: i32, line: i32): i32 {
  if (load<i32>(M_HARTS) == 1) return 0;
  const set = line & (parameter(P_L2_SETS) - 1);
  const record = busyRecord(set);
  if (load<i32>(record, SET_BUSY_SET) != set) return 0;
  const now = load<u64>(h, CYCLE);
  const begin = load<u64>(record);
  const end = begin + load<u32>(record, SET_BUSY_CYCLES);
  if (begin > now || end <= now) return 0;
  add(h, COUNT_L2_WAIT, i32(end - now));
  return i32(end - now);
}

/** So that harts ask in the order of their clocks, nearly. */
@inline
function endTurnSoon(h: i32): void {
  const end = load<u64>(h, TURN_END_SHARED);
  store<u64>(h, min<u64>(load<u64>(h, TURN_END), end), TURN_END);
  store<u64>(h, min<u64>(load<u64>(h, STOPAT), end), STOPAT);
}

/** A transaction takes `cycles`, the last of them the line's way to the L1 if `data`. Returns its cycles, waiting for that way included. */
@inline
function finish(h: i32, line: i32, cycles: i32, data: bool): i32 {
  if (load<i32>(M_HARTS) == 1) return cycles;
  endTurnSoon(h);
  const now = load<u64>(h, CYCLE);
  let total = cycles;
  if (data) {
    const beats = parameter(P_L2_BEATS);
    const wait = reserve(L2_CALENDAR, now + max(0, cycles - beats), beats);
    add(h, COUNT_L2_WAIT, wait);
    total += wait;
  }
  const set = line & (parameter(P_L2_SETS) - 1);
  const record = busyRecord(set);
  store<u64>(record, now);
  store<i32>(record, total, SET_BUSY_CYCLES);
  store<i32>(record, set, SET_BUSY_SET);
  return total;
}

let fillCycles: i32 = 0;
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

/** Brings `line` in from memory, `delay` cycles after the hart's clock; returns its entry, the cycles go to `fillCycles`. */
function fill(h: i32, delay: i32, line: i32): i32 {
  countOfHart(h, COUNT_L2_MISS);
  const entry = allocate(line);
  fillCycles = memoryRead(h, delay, line);
  writeBack(h, delay);
  return entry;
}

/** Behind the read, which goes first (rocket-timing.md 7). */
@inline
function writeBack(h: i32, delay: i32): void {
  if (evicted < 0) return;
  countOfHart(h, COUNT_L2_WRITEBACK);
  memoryWrite(h, delay, evicted);
}

/** Asks the owner of the line, if any of `harts`, to keep a shared copy. Returns cycles. */
function shareFrom(h: i32, entry: i32, harts: i32, line: i32): i32 {
  countOfHart(h, COUNT_L2_PROBE);
  const owner = ctz(harts & HOLDERS);
  const holders = load<u32>(entry + holdersOffset());
  store<u32>(entry + holdersOffset(), holders & ~L2_OWNED);
  if (!dcacheShare(hartArea(owner), line)) return parameter(P_L2_PROBE);
  markDirty(entry);
  return parameter(P_L2_PROBE) + parameter(P_L2_PROBE_DATA);
}

/** An L1D miss. `exclusive` = for writing. Returns cycles; l2Granted() says with what permission the line came. */
@inline
export function l2Acquire(h: i32, line: i32, exclusive: i32): i32 {
  const me = 1 << hartIndex(h);
  let cycles = parameter(P_L2_HIT) + waitForSet(h, line);
  let entry = find(line);
  if (entry == 0) {
    entry = fill(h, cycles, line);
    cycles += fillCycles;
  }
  grantedPlace = entry - L2;
  const holders = load<u32>(entry + holdersOffset());
  const others = holders & HOLDERS & ~me;
  if (others == 0 || exclusive) {
    if (others != 0) {
      count(h, COUNT_L2_PROBE);
      cycles += parameter(P_L2_PROBE);
      if (invalidateIn(others, line)) {
        markDirty(entry);
        cycles += parameter(P_L2_PROBE_DATA);
      }
    }
    store<u32>(entry + holdersOffset(), me | L2_OWNED);
    granted = LINE_EXCLUSIVE;
    return finish(h, line, cycles, true);
  }
  if (holders & L2_OWNED) cycles += shareFrom(h, entry, others, line);
  store<u32>(entry + holdersOffset(), load<u32>(entry + holdersOffset()) | me);
  granted = LINE_SHARED;
  return finish(h, line, cycles, true);
}

/** A hart that shares the line wants to write it. Returns cycles. */
export function l2Upgrade(h: i32, line: i32): i32 {
  count(h, COUNT_L2_UPGRADE);
  const me = 1 << hartIndex(h);
  const entry = find(line);
  const others = load<u32>(entry + holdersOffset()) & HOLDERS & ~me;
  invalidateIn(others, line);
  store<u32>(entry + holdersOffset(), me | L2_OWNED);
  const cycles = parameter(P_L2_UPGRADE) + (others != 0 ? parameter(P_L2_UPGRADE_PROBE) : 0);
  return finish(h, line, cycles + waitForSet(h, line), false);
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
  let cycles = parameter(P_L2_HIT) + waitForSet(h, line);
  const entry = find(line);
  if (entry == 0) {
    fill(h, cycles, line);
    return finish(h, line, cycles + fillCycles, true);
  }
  const holders = load<u32>(entry + holdersOffset());
  if (holders & L2_OWNED) cycles += shareFrom(h, entry, holders, line);
  return finish(h, line, cycles, true);
}

/** A device reads the line: who modified it shares it from now on. */
export function l2Read(line: i32): void {
  let entry = find(line);
  if (entry == 0) entry = fill(DEVICE, 0, line);
  const holders = load<u32>(entry + holdersOffset());
  if (holders & L2_OWNED) shareFrom(DEVICE, entry, holders, line);
}

/** A device writes the line, wholly or in part: no L1D keeps it. What is overwritten wholly is not fetched first. */
export function l2Write(line: i32, whole: bool): void {
  let entry = find(line);
  if (entry == 0 && whole) {
    entry = allocate(line);
    writeBack(DEVICE, 0);
  } else if (entry == 0) {
    entry = fill(DEVICE, 0, line);
  }
  invalidateIn(load<u32>(entry + holdersOffset()) & HOLDERS, line);
  store<u32>(entry + holdersOffset(), 0);
  markDirty(entry);
}
