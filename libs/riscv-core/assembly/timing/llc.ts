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
  LLC_PENDING_FIRST,
  LLC_PENDING_OLDEST,
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
  if (time >= load<u64>(LLC_PENDING_UNTIL)) return time;
  if (!hasSet(set) && (!misses || time >= load<u64>(LLC_PENDING_FIRST))) return time;
  return admittedLater(time, set, misses);
}

/** Is there an entry, pending or not, of this set? */
@inline
function hasSet(set: u32): bool {
  const wanted = i32x4.splat(set);
  // MAX_LLC_MSHRS of them, four at a time: a loop would stay one.
  const low = v128.or(areOf(wanted, 0), areOf(wanted, 4));
  return v128.any_true(v128.or(low, v128.or(areOf(wanted, 8), areOf(wanted, MAX_LLC_MSHRS - 4))));
}

@inline
function areOf(wanted: v128, first: i32): v128 {
  return i32x4.eq(v128.load(LLC_PENDING_SET + first * 4), wanted);
}

function admittedLater(time: u64, set: u32, misses: bool): u64 {
  const entries = parameter(P_LLC_MSHRS);
  let sameSet = time;
  let first = u64.MAX_VALUE;
  let taken = 0;
  for (let i = 0; i < entries; i++) {
    const ready = load<u64>(LLC_PENDING_READY + i * 8);
    if (ready <= time || load<u64>(LLC_PENDING_CAME + i * 8) > time) continue;
    taken++;
    first = min(first, ready);
    if (load<u32>(LLC_PENDING_SET + i * 4) == set) sameSet = max(sameSet, ready);
  }
  return misses && taken == entries ? max(sameSet, first) : sameSet;
}

@inline
function nextPlace(place: i32, entries: i32): i32 {
  return place + 1 == entries ? 0 : place + 1;
}

/**
 * Notes a miss that came at `time` and is refilled at `ready`, in place of the one that is ready first. The entries are a ring in the order
 * of their refills, beginning at LLC_PENDING_OLDEST.
 */
@inline
function pend(time: u64, ready: u64, set: u32): void {
  const entries = parameter(P_LLC_MSHRS);
  const oldest = nextPlace(load<i32>(LLC_PENDING_OLDEST), entries);
  let place = load<i32>(LLC_PENDING_OLDEST);
  const until = load<u64>(LLC_PENDING_UNTIL);
  if (ready < until) place = makeRoom(place, ready, entries);
  store<i32>(LLC_PENDING_OLDEST, oldest);
  store<u64>(LLC_PENDING_READY + place * 8, ready);
  store<u64>(LLC_PENDING_CAME + place * 8, time);
  store<u32>(LLC_PENDING_SET + place * 4, set);
  store<u64>(LLC_PENDING_FIRST, load<u64>(LLC_PENDING_READY + oldest * 8));
  store<u64>(LLC_PENDING_UNTIL, max(until, ready));
}

/** Moves the entries that are refilled behind `ready` on by one, into `free`; returns the place that this leaves. */
function makeRoom(free: i32, ready: u64, entries: i32): i32 {
  let place = free;
  for (let i = 1; i < entries; i++) {
    const before = place == 0 ? entries - 1 : place - 1;
    if (load<u64>(LLC_PENDING_READY + before * 8) <= ready) break;
    store<u64>(LLC_PENDING_READY + place * 8, load<u64>(LLC_PENDING_READY + before * 8));
    store<u64>(LLC_PENDING_CAME + place * 8, load<u64>(LLC_PENDING_CAME + before * 8));
    store<u32>(LLC_PENDING_SET + place * 4, load<u32>(LLC_PENDING_SET + before * 4));
    place = before;
  }
  return place;
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
