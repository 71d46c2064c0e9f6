/**
 * `load` and `store` of the protocol, and the guest-memory accesses: how an access ends for its instruction. EVENT 0 = the caller
 * finishes the instruction, 1 = trap taken, 2 = finished here.
 */
import {
  ACCESS_FLOAT,
  ACCESS_LOAD,
  ACCESS_STORE,
  ACCESS_UNSIGNED,
  CORE_SKIP_POLL,
  EVENT,
  EVENT_DONE,
  PC,
  REC_RD,
  X,
} from '../src/hart/layout';
import { DROPPED, TRAPPED, YIELDED, isPlain, onBehalf, ordinary } from './data-access';
import { box } from './float/operands';
import { loadAt, storeAt, loaded } from './load-store';
import { linearOf } from './ram';
import { loadShort, shortAddress, storeShort } from './short-access';
import { codeWaits } from './stale-code';
import { retire } from './state';

/** Extends a loaded value as `kind` says; a binary32 number is NaN-boxed. */
@inline
export function extend(value: u64, kind: i32): u64 {
  if (kind & ACCESS_FLOAT) return (kind & 3) == 2 ? box(u32(value)) : value;
  switch (kind & (3 | ACCESS_UNSIGNED)) {
    case 0:
      return u64(i64(i8(value)));
    case 1:
      return u64(i64(i16(value)));
    case 2:
      return u64(i64(i32(value)));
    default:
      return value;
  }
}

export function setRd(h: usize, rec: usize, value: u64): void {
  store<u64>(h + X + i32(load<u8>(rec, REC_RD)) * 8, value);
}

/**
 * The core finishes the access itself. Dropped code alone is not a yield point of the architecture: then the poll that the
 * caller makes must not count, unless the instruction left its page.
 */
export function finish(h: usize, rec: usize, outcome: i32): void {
  const pc = load<u64>(h, PC);
  retire(h, rec);
  store<i32>(h, EVENT_DONE, EVENT);
  if ((outcome & YIELDED) == 0 && (pc ^ load<u64>(h, PC)) >> 12 == 0) store<i32>(h, 1, CORE_SKIP_POLL);
}

/** `load` of the protocol. */
export function slowLoad(h: usize, va: u64, kind: i32, rec: usize): u64 {
  const size = i32(1) << (kind & 3);
  if (!codeWaits()) {
    const pa = shortAddress(h, va, size, ACCESS_LOAD);
    if (pa != 0) return extend(loadShort(h, va, pa, size), kind);
  }
  ordinary(h);
  const outcome = loadAt(h, va, size);
  if (outcome == TRAPPED) return 0;
  const value = extend(loaded, kind);
  if (outcome == YIELDED || codeWaits()) {
    setRd(h, rec, value);
    finish(h, rec, outcome);
  }
  return value;
}

/** `store` of the protocol. */
export function slowStore(h: usize, va: u64, value: u64, kind: i32, rec: usize): void {
  const size = i32(1) << (kind & 3);
  if (!codeWaits()) {
    const pa = shortAddress(h, va, size, ACCESS_STORE);
    if (pa != 0 && isPlain(pa, linearOf(pa))) return storeShort(h, va, pa, size, value);
  }
  ordinary(h);
  const outcome = storeAt(h, va, size, value);
  if (outcome == TRAPPED) return;
  if ((outcome & (YIELDED | DROPPED)) != 0 || codeWaits()) finish(h, rec, outcome);
}

/** HLV, HLVX, HSV and their DV-ext spellings for privilege `prv`; false = trap taken. The caller retires. */
export function guestLoad(h: usize, va: u64, kind: i32, prv: i32, execute: bool, rec: usize): bool {
  onBehalf(h, prv, execute);
  if (loadAt(h, va, i32(1) << (kind & 3)) == TRAPPED) return false;
  setRd(h, rec, extend(loaded, kind));
  return true;
}

export function guestStore(h: usize, va: u64, value: u64, kind: i32, prv: i32): bool {
  onBehalf(h, prv, false);
  return storeAt(h, va, i32(1) << (kind & 3), value) != TRAPPED;
}
