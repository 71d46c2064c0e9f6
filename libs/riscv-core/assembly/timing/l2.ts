/**
 * The shared inclusive L2 with its directory (rocket-timing.md 6). Requests are served one at a time in the order of the
 * calls; latencies are fixed, tags, owners and replacement are real. "Cycles" are what the requesting L1 waits beyond a hit.
 */
import {
  P_L2_HIT,
  P_L2_MISS,
  P_L2_PROBE,
  P_L2_PROBE_DATA,
  P_L2_SETS,
  P_L2_UPGRADE,
  P_L2_UPGRADE_PROBE,
  P_L2_WAYS,
} from '../../src/timing/parameter-slots';
import { dcacheInvalidate, dcacheShare } from './dcache-lines';
import { L2, L2_LFSR, L2_OWNED, LINE_EXCLUSIVE, LINE_SHARED, hartArea } from './layout';
import { memoryRead, memoryWrite } from './memory';
import { parameter, random } from './parts';

const HOLDERS = 0xff;
const HOLDERS_OFFSET = 4;

/** State granted by the last l2Acquire: LINE_SHARED or LINE_EXCLUSIVE. */
let granted: i32 = 0;

@inline
export function l2Granted(): i32 {
  return granted;
}

@inline
function setAddress(line: i32): i32 {
  return L2 + (line & (parameter(P_L2_SETS) - 1)) * parameter(P_L2_WAYS) * 8;
}

/** Entry of `line`, 0 = not present. */
function find(line: i32): i32 {
  const set = setAddress(line);
  const end = set + parameter(P_L2_WAYS) * 8;
  for (let entry = set; entry < end; entry += 8) {
    if (load<u32>(entry) >> 1 == u32(line)) return entry;
  }
  return 0;
}

/** Takes the line from every hart of the set `harts`; true = one of them had modified it. */
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

let fillCycles: i32 = 0;

/** Gives `line` an entry in place of a random victim. */
function allocate(line: i32): i32 {
  const entry = setAddress(line) + random(L2_LFSR, parameter(P_L2_WAYS)) * 8;
  const victim = load<u32>(entry);
  if (victim != 0) {
    const dirty = invalidateIn(load<u32>(entry + HOLDERS_OFFSET) & HOLDERS, victim >> 1);
    if (dirty || victim & 1) memoryWrite(victim >> 1);
  }
  store<u32>(entry, u32(line) << 1);
  store<u32>(entry + HOLDERS_OFFSET, 0);
  return entry;
}

/** Brings `line` in from memory; returns its entry, the cycles go to `fillCycles`. */
function fill(line: i32): i32 {
  const entry = allocate(line);
  fillCycles = parameter(P_L2_MISS) + memoryRead(line);
  return entry;
}

/** Asks the owner of the line, if any of `harts`, to keep a shared copy. Returns cycles. */
function shareFrom(entry: i32, harts: i32, line: i32): i32 {
  const owner = ctz(harts & HOLDERS);
  const holders = load<u32>(entry + HOLDERS_OFFSET);
  store<u32>(entry + HOLDERS_OFFSET, holders & ~L2_OWNED);
  if (!dcacheShare(hartArea(owner), line)) return parameter(P_L2_PROBE);
  markDirty(entry);
  return parameter(P_L2_PROBE) + parameter(P_L2_PROBE_DATA);
}

/** An L1D miss. `exclusive` = for writing. Returns cycles; l2Granted() says with what permission the line came. */
export function l2Acquire(hart: i32, line: i32, exclusive: i32): i32 {
  const me = 1 << hart;
  let cycles = parameter(P_L2_HIT);
  let entry = find(line);
  if (entry == 0) {
    entry = fill(line);
    cycles += fillCycles;
  }
  const holders = load<u32>(entry + HOLDERS_OFFSET);
  const others = holders & HOLDERS & ~me;
  if (others == 0 || exclusive) {
    if (others != 0) {
      cycles += parameter(P_L2_PROBE);
      if (invalidateIn(others, line)) {
        markDirty(entry);
        cycles += parameter(P_L2_PROBE_DATA);
      }
    }
    store<u32>(entry + HOLDERS_OFFSET, me | L2_OWNED);
    granted = LINE_EXCLUSIVE;
    return cycles;
  }
  if (holders & L2_OWNED) cycles += shareFrom(entry, others, line);
  store<u32>(entry + HOLDERS_OFFSET, load<u32>(entry + HOLDERS_OFFSET) | me);
  granted = LINE_SHARED;
  return cycles;
}

/** A hart that shares the line wants to write it. Returns cycles. */
export function l2Upgrade(hart: i32, line: i32): i32 {
  const me = 1 << hart;
  const entry = find(line);
  const others = load<u32>(entry + HOLDERS_OFFSET) & HOLDERS & ~me;
  invalidateIn(others, line);
  store<u32>(entry + HOLDERS_OFFSET, me | L2_OWNED);
  return parameter(P_L2_UPGRADE) + (others != 0 ? parameter(P_L2_UPGRADE_PROBE) : 0);
}

/** An L1D gives a line up; inclusion says that the L2 has it. */
export function l2Release(hart: i32, line: i32, dirty: bool): void {
  const entry = find(line);
  if (dirty) markDirty(entry);
  store<u32>(entry + HOLDERS_OFFSET, load<u32>(entry + HOLDERS_OFFSET) & ~(L2_OWNED | (1 << hart)));
}

/** An L1I refill: a read that leaves no trace in the directory. Returns cycles. */
export function l2Fetch(line: i32): i32 {
  const entry = find(line);
  if (entry == 0) {
    fill(line);
    return parameter(P_L2_HIT) + fillCycles;
  }
  const holders = load<u32>(entry + HOLDERS_OFFSET);
  const probe = holders & L2_OWNED ? shareFrom(entry, holders, line) : 0;
  return parameter(P_L2_HIT) + probe;
}

/** A device reads the line: who modified it shares it from now on. */
export function l2Read(line: i32): void {
  let entry = find(line);
  if (entry == 0) entry = fill(line);
  const holders = load<u32>(entry + HOLDERS_OFFSET);
  if (holders & L2_OWNED) shareFrom(entry, holders, line);
}

/** A device writes the line, wholly or in part: no L1D keeps it. What is overwritten wholly is not fetched first. */
export function l2Write(line: i32, whole: bool): void {
  let entry = find(line);
  if (entry == 0) entry = whole ? allocate(line) : fill(line);
  invalidateIn(load<u32>(entry + HOLDERS_OFFSET) & HOLDERS, line);
  store<u32>(entry + HOLDERS_OFFSET, 0);
  markDirty(entry);
}
