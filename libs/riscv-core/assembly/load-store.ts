/** One load or store of RAM, CLINT or a device, aligned or not, in the mode that data-access.ts holds. */
import { ACCESS_LOAD, ACCESS_STORE, M_HTIF_TOHOST, M_MISALIGNED_OK, M_MMIO_STATUS } from '../src/hart/layout';
import {
  CAUSE_LOAD_ACCESS,
  CAUSE_LOAD_MISALIGNED,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_MISALIGNED,
} from '../src/isa/causes';
import { DATA_LOAD, DATA_STORE } from '../src/timing/events';
import { CLINT_FOREIGN_IDENTITY, CLINT_REFUSED, clintLoad, clintStore, isClint } from './clint';
import { DONE, DROPPED, TRAPPED, YIELDED, fillFilter, plainTrap, resolve } from './data-access';
import { refusedIdentity } from './dvirq';
import { mmio_load, mmio_store, tohost } from './env';
import { trPa } from './mmu';
import { isRam, linearOf, loadLinear, storeLinear } from './ram';
import { codeStored } from './stale-code';
import { timeData, timeMmio } from './timing-calls';
import { raise } from './trap';

/** Value of the last load, zero-extended. */
export let loaded: u64 = 0;

@inline
export function loadRam(pa: u64, size: i32): u64 {
  return loadLinear(linearOf(pa), size);
}

/** Stores inside one page; DROPPED when code was dropped, YIELDED when the HTIF word was hit. */
export function storeRam(h: usize, pa: u64, size: i32, value: u64): i32 {
  storeLinear(linearOf(pa), size, value);
  return afterStore(h, pa, size);
}

function afterStore(h: usize, pa: u64, size: i32): i32 {
  let outcome = codeStored(pa, size) ? DROPPED : DONE;
  const word = load<u64>(M_HTIF_TOHOST);
  const at: u64 = linearOf(pa);
  if (word != 0 && at + size > word && at < word + 8) {
    tohost(h);
    outcome |= YIELDED;
  }
  return outcome;
}

/** Loads from CLINT or a device into `loaded`; false = nothing answers. */
@inline
function loadDevice(h: usize, pa: u64, size: i32): bool {
  if (isClint(pa)) {
    loaded = clintLoad(h, pa, size);
    return true;
  }
  store<i32>(M_MMIO_STATUS, 0);
  loaded = mmio_load(pa, size);
  return load<i32>(M_MMIO_STATUS) == 0;
}

/** One load. Leaves the value in `loaded`. */
export function loadAt(h: usize, va: u64, size: i32): i32 {
  if (va & (size - 1)) return loadMisaligned(h, va, size);
  const outcome = resolve(h, va, size, ACCESS_LOAD);
  if (outcome != DONE) return outcome;
  const pa = trPa;
  if (isRam(pa, size)) {
    // Before the model's work, during which the simulation host fetches what it has not in its own caches.
    loaded = loadRam(pa, size);
    timeData(h, pa, size, DATA_LOAD);
    fillFilter(h, va, pa, false);
    return DONE;
  }
  timeMmio(h, false);
  return loadDevice(h, pa, size) ? YIELDED : plainTrap(h, CAUSE_LOAD_ACCESS, va);
}

/** Bytes of the access that lie in the page of its first byte. */
function firstPart(va: u64, size: i32): i32 {
  return min<i32>(size, 4096 - (i32(va) & 4095));
}

/** Misaligned: a trap, or (M_MISALIGNED_OK) byte by byte; RAM only. */
function loadMisaligned(h: usize, va: u64, size: i32): i32 {
  if (!load<i32>(M_MISALIGNED_OK)) return plainTrap(h, CAUSE_LOAD_MISALIGNED, va);
  const head = firstPart(va, size);
  let outcome = resolve(h, va, head, ACCESS_LOAD);
  if (outcome != DONE) return outcome;
  const low = trPa;
  if (!isRam(low, head)) return plainTrap(h, CAUSE_LOAD_MISALIGNED, va);
  let high: u64 = 0;
  if (head < size) {
    outcome = resolve(h, va + head, size - head, ACCESS_LOAD);
    if (outcome != DONE) return outcome;
    high = trPa;
    if (!isRam(high, size - head)) return plainTrap(h, CAUSE_LOAD_MISALIGNED, va);
  }
  timeData(h, low, head, DATA_LOAD);
  if (head < size) timeData(h, high, size - head, DATA_LOAD);
  loaded = 0;
  for (let i: i32 = 0; i < size; i++) {
    const pa = i < head ? low + i : high + (i - head);
    loaded |= u64(load<u8>(linearOf(pa))) << (8 * i);
  }
  return DONE;
}

export function storeAt(h: usize, va: u64, size: i32, value: u64): i32 {
  if (va & (size - 1)) return storeMisaligned(h, va, size, value);
  const outcome = resolve(h, va, size, ACCESS_STORE);
  if (outcome != DONE) return outcome;
  const pa = trPa;
  if (isRam(pa, size)) {
    timeData(h, pa, size, DATA_STORE);
    const stored = storeRam(h, pa, size, value);
    fillFilter(h, va, pa, true);
    return stored;
  }
  return storeDevice(h, va, pa, size, value);
}

function storeDevice(h: usize, va: u64, pa: u64, size: i32, value: u64): i32 {
  timeMmio(h, true);
  if (isClint(pa)) {
    const outcome = clintStore(h, pa, size, value);
    if (outcome == CLINT_REFUSED) return plainTrap(h, CAUSE_STORE_ACCESS, va);
    if (outcome == CLINT_FOREIGN_IDENTITY) {
      // dv-ext.md 9: tval = identity, no address.
      raise(h, CAUSE_STORE_ACCESS, refusedIdentity, false, 0);
      return TRAPPED;
    }
  } else {
    store<i32>(M_MMIO_STATUS, 0);
    mmio_store(pa, size, size == 8 ? value : value & ((u64(1) << (8 * size)) - 1));
    if (load<i32>(M_MMIO_STATUS)) return plainTrap(h, CAUSE_STORE_ACCESS, va);
  }
  return YIELDED;
}

function storeMisaligned(h: usize, va: u64, size: i32, value: u64): i32 {
  if (!load<i32>(M_MISALIGNED_OK)) return plainTrap(h, CAUSE_STORE_MISALIGNED, va);
  const head = firstPart(va, size);
  let outcome = resolve(h, va, head, ACCESS_STORE);
  if (outcome != DONE) return outcome;
  const low = trPa;
  if (!isRam(low, head)) return plainTrap(h, CAUSE_STORE_MISALIGNED, va);
  let high: u64 = 0;
  if (head < size) {
    outcome = resolve(h, va + head, size - head, ACCESS_STORE);
    if (outcome != DONE) return outcome;
    high = trPa;
    if (!isRam(high, size - head)) return plainTrap(h, CAUSE_STORE_MISALIGNED, va);
  }
  timeData(h, low, head, DATA_STORE);
  if (head < size) timeData(h, high, size - head, DATA_STORE);
  for (let i: i32 = 0; i < size; i++) {
    const pa = i < head ? low + i : high + (i - head);
    store<u8>(linearOf(pa), u8(value >> (8 * i)));
  }
  outcome = afterStore(h, low, head);
  if (head < size) outcome |= afterStore(h, high, size - head);
  return outcome;
}
