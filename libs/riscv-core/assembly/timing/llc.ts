/**
 * Last-level cache of the memory model (rocket-timing.md 7): memory-side, blocks of 128 bytes, random replacement with empty ways
 * first, one array that reads, refills and write-backs share, a few misses at a time. Times are memory cycles.
 */
import { COUNT_LLC_MISS } from '../../src/timing/counted-events';
import { MAX_LLC_MSHRS } from '../../src/timing/limits';
import {
  P_LLC_BEATS,
  P_LLC_BLOCK_BYTES,
  P_LLC_HIT,
  P_LLC_MSHRS,
  P_LLC_OCCUPANCY,
  P_LLC_SETS,
  P_LLC_WAYS,
} from '../../src/timing/parameter-slots';
import { reserve } from './calendar';
import { count } from './counters';
import { dramRead, dramWrite } from './dram';
import {
  LLC,
  LLC_CALENDAR,
  LLC_LFSR,
  LLC_PENDING_CAME,
  LLC_PENDING_READY,
  LLC_PENDING_SET,
  LLC_PENDING_UNTIL,
} from './layout';
import { findTag, parameter, random } from './parts';

const BEAT_BYTES = 8;

@inline
function blockOf(line: i32): u32 {
  return u32(line) >> (ctz(parameter(P_LLC_BLOCK_BYTES)) - 6);
}

@inline
function setOf(block: u32): u32 {
  return block & (parameter(P_LLC_SETS) - 1);
}

@inline
function waysOf(set: u32): i32 {
  return LLC + set * parameter(P_LLC_WAYS) * 4;
}

/** Address of the word of `block`, 0 = not present. */
@inline
function find(block: u32): i32 {
  return findTag(waysOf(setOf(block)), parameter(P_LLC_WAYS), 1, block);
}

/** The way that the next new block of the set takes. */
@inline
function victimIn(set: u32): i32 {
  const first = waysOf(set);
  const ways = parameter(P_LLC_WAYS);
  const empty = findTag(first, ways, 0, 0);
  return empty != 0 ? empty : first + random(LLC_LFSR, ways) * 4;
}

/** When a request of `time` may enter: one to a set with a pending miss, or a miss when all are taken, waits for it. */
@inline
function admitted(time: u64, set: u32, misses: bool): u64 {
  return time >= load<u64>(LLC_PENDING_UNTIL) ? time : admittedLater(time, set, misses);
}

/** Two at a time: which are under way at `time` is as good as random. */
function admittedLater(time: u64, set: u32, misses: bool): u64 {
  const now = i64x2.splat(time);
  const wanted = i64x2.splat(set);
  const never = i64x2.splat(i64.MAX_VALUE);
  let sameSet = now;
  let first = never;
  let taken = 0;
  const end = parameter(P_LLC_MSHRS) * 8;
  // An entry behind the last has never been ready.
  for (let i = 0; i < end; i += 16) {
    const ready = v128.load(LLC_PENDING_READY + i);
    const pending = v128.andnot(i64x2.gt_s(ready, now), i64x2.gt_s(v128.load(LLC_PENDING_CAME + i), now));
    const blocking = v128.and(pending, i64x2.eq(v128.load(LLC_PENDING_SET + i), wanted));
    const until = v128.bitselect(ready, now, blocking);
    sameSet = v128.bitselect(until, sameSet, i64x2.gt_s(until, sameSet));
    const next = v128.bitselect(ready, never, pending);
    first = v128.bitselect(next, first, i64x2.lt_s(next, first));
    taken += popcnt(i64x2.bitmask(pending));
  }
  const at = max(i64x2.extract_lane(sameSet, 0), i64x2.extract_lane(sameSet, 1));
  if (!misses || taken != parameter(P_LLC_MSHRS)) return at;
  return max(at, min(i64x2.extract_lane(first, 0), i64x2.extract_lane(first, 1)));
}

/** Notes a miss that came at `time` and is refilled at `ready`, in place of the one that is ready first. */
@inline
function pend(time: u64, ready: u64, set: u32): void {
  const end = parameter(P_LLC_MSHRS) * 8;
  let oldest = 0;
  let earliest = load<u64>(LLC_PENDING_READY);
  for (let i = 8; i < end; i += 8) {
    const at = load<u64>(LLC_PENDING_READY + i);
    oldest = select<i32>(i, oldest, at < earliest);
    earliest = select<u64>(at, earliest, at < earliest);
  }
  store<u64>(LLC_PENDING_READY + oldest, ready);
  store<u64>(LLC_PENDING_CAME + oldest, time);
  store<u64>(LLC_PENDING_SET + oldest, set);
  if (ready > load<u64>(LLC_PENDING_UNTIL)) store<u64>(LLC_PENDING_UNTIL, ready);
}

/** Brings a block in for a request of `time`. Returns the cycle at which its data begin to come. */
function miss(h: i32, time: u64, block: u32, dirty: u32): u64 {
  count(h, COUNT_LLC_MISS);
  const set = setOf(block);
  const bytes = u64(parameter(P_LLC_BLOCK_BYTES));
  const beats = i32(bytes) / BEAT_BYTES;
  const looked = admitted(time, set, true) + parameter(P_LLC_HIT);
  const data = dramRead(h, looked, u64(block) * bytes);
  const entry = victimIn(set);
  const victim = load<u32>(entry);
  if (victim & 1) {
    const out = looked + reserve(LLC_CALENDAR, looked, beats);
    dramWrite(h, out + beats, u64(victim >> 1) * bytes);
  }
  store<u32>(entry, (block << 1) | dirty);
  pend(time, data + reserve(LLC_CALENDAR, data, beats) + beats, set);
  return data;
}

/** Reads a 64-byte line; the request comes at `time`. Returns the cycle behind its last beat. */
@inline
export function llcRead(h: i32, time: u64, line: i32): u64 {
  const block = blockOf(line);
  if (!find(block)) return miss(h, time, block, 0) + parameter(P_LLC_BEATS);
  const at = admitted(time, setOf(block), false);
  return at + reserve(LLC_CALENDAR, at, parameter(P_LLC_OCCUPANCY)) + parameter(P_LLC_HIT) + parameter(P_LLC_BEATS);
}

/** Writes a 64-byte line whose data are there at `time`: shorter than a block, so a block that is not here is fetched. */
export function llcWrite(h: i32, time: u64, line: i32): void {
  const block = blockOf(line);
  const entry = find(block);
  if (entry == 0) {
    miss(h, time, block, 1);
    return;
  }
  reserve(LLC_CALENDAR, admitted(time, setOf(block), false), parameter(P_LLC_OCCUPANCY));
  store<u32>(entry, load<u32>(entry) | 1);
}

/** A device's access: it has no place in the time of the harts, so only what is present changes. */
export function llcTouch(line: i32, write: bool): void {
  const block = blockOf(line);
  let entry = find(block);
  if (entry == 0) {
    entry = victimIn(setOf(block));
    store<u32>(entry, block << 1);
  }
  if (write) store<u32>(entry, load<u32>(entry) | 1);
}
