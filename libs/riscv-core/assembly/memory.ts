/**
 * Data accesses that the filters did not answer: translation, RAM, CLINT and devices, atomics. Every entry point follows the
 * protocol of ENGINE: EVENT 0 = the caller finishes the instruction, 1 = trap taken, 2 = finished here (a yielding access).
 */
import {
  ACCESS_FLOAT, ACCESS_LOAD, ACCESS_STORE, ACCESS_UNSIGNED, CORE_SKIP_POLL, EVENT, EVENT_DONE, EVENT_TRAP, F, FILTER_ENTRIES,
  FILTER_ENTRY_SIZE, M_FILTER_SHIFT, M_HTIF_TOHOST, M_MISALIGNED_OK, M_MMIO_HART, M_MMIO_STATUS, PC, REC_RD, RES_ADDR, RES_SIZE,
  RES_VALID, RES_VALUE, RFILTER, WFILTER, X,
} from "../src/hart/layout";
import {
  CAUSE_LOAD_ACCESS, CAUSE_LOAD_MISALIGNED, CAUSE_LOAD_PAGE, CAUSE_STORE_ACCESS, CAUSE_STORE_MISALIGNED,
} from "../src/isa/causes";
import * as A from "../src/isa/sysops";
import { DATA_LOAD, DATA_RESERVE, DATA_STORE } from "../src/timing/events";
import { clintLoad, clintStore, isClint } from "./clint";
import { codeStored, hasCode } from "./code";
import { dataMode } from "./context";
import { refusedIdentity } from "./dvirq";
import { mmioLoad, mmioStore, tohost } from "./env";
import { NO_FAULT, isRam, linearOf, setTranslated, spaceOf, trGpa, trInstruction, trPa, translate } from "./mmu";
import { pmpUniform } from "./pmp";
import { keepTranslation, knownTranslation } from "./soft-tlb";
import { retire } from "./state";
import { enterFilter, timeData, timeMmio, timeTlb, timeTlbFault, timed, tlbNeedsWalk } from "./timing-calls";
import { raise, raiseWalk } from "./trap";

/** How an access ended. */
const DONE: i32 = 0;
const TRAPPED: i32 = EVENT_TRAP;
const YIELDED: i32 = EVENT_DONE;
/** Done, but records of code were dropped: the interpreter must look its code up again. May be set beside YIELDED. */
const DROPPED: i32 = 4;

// Effective mode of the access in progress.
let dataPrv: i32 = 0;
let dataVirt: bool = false;
let dataSpace: i32 = 0;
/** The load needs execute permission instead of read (HLVX). */
let dataExecute: bool = false;
/** The active filters belong to this mode (not so for HLV, HSV). */
let dataFilters: bool = false;
/** Value of the last load, zero-extended. */
let loaded: u64 = 0;

/** An ordinary access: mode by MPRV. */
function ordinary(h: usize): void {
  const mode = dataMode(h);
  dataPrv = mode & 3;
  dataVirt = mode >> 2 != 0;
  dataSpace = spaceOf(h, dataPrv, dataVirt);
  dataExecute = false;
  dataFilters = true;
}

/** A guest-memory access from the host (HLV, HSV): V=1 with privilege `prv`. */
function onBehalf(h: usize, prv: i32, execute: bool): void {
  dataPrv = prv;
  dataVirt = true;
  dataSpace = spaceOf(h, prv, true);
  dataExecute = execute;
  dataFilters = false;
}

function trap(h: usize, cause: i32, va: u64): i32 {
  raiseWalk(h, cause, va, dataVirt, trGpa, trInstruction);
  return TRAPPED;
}

/** A fault that is not a translation's. */
function plainTrap(h: usize, cause: i32, va: u64): i32 {
  raise(h, cause, va, dataVirt, 0);
  return TRAPPED;
}

/** Translates [va, va + size), inside one page; trPa holds the result. */
function resolve(h: usize, va: u64, size: u64, access: i32): i32 {
  if (dataFilters) {
    const known = knownTranslation(h, va, access);
    // A walk that the cycle model prices is made in full, for its trace.
    if (known != 0 && !tlbNeedsWalk(h, va, access, dataSpace)) {
      setTranslated(known);
      timeTlb(h, va, access, dataSpace);
      return DONE;
    }
  }
  const cause = translate(h, va, size, access, dataPrv, dataVirt, dataExecute);
  if (cause == NO_FAULT) {
    timeTlb(h, va, access, dataSpace);
    if (dataFilters) keepTranslation(h, va, trPa, access);
    return DONE;
  }
  const isPageFault = cause >= CAUSE_LOAD_PAGE;
  if (isPageFault) timeTlbFault(h, va, access, dataSpace);
  return trap(h, cause, va);
}

/** Lets following accesses to the block of `va` bypass this module. */
function fillFilter(h: usize, va: u64, pa: u64, isStore: bool): void {
  if (!dataFilters) return;
  const shift: u64 = load<i32>(M_FILTER_SHIFT);
  const size = u64(1) << shift;
  const block = pa & ~(size - 1);
  if (!isRam(block, size) || !pmpUniform(h, block, size)) return;
  const linear = linearOf(pa);
  const writable = isStore && !hasCode(pa) && linear >> 12 != usize(load<u64>(M_HTIF_TOHOST)) >> 12;
  if (timed()) {
    if (!isStore || writable) enterFilter(h, va, linear, writable);
    return;
  }
  if (isStore && !writable) return;
  const table: usize = isStore ? load<u32>(h, WFILTER) : load<u32>(h, RFILTER);
  const entry = table + (usize(va >> shift) & (FILTER_ENTRIES - 1)) * FILTER_ENTRY_SIZE;
  store<u64>(entry, va & ~(size - 1), 0);
  store<i32>(entry, i32(linear) - i32(va), 8);
}

function loadRam(pa: u64, size: i32): u64 {
  const at = linearOf(pa);
  switch (size) {
    case 1: return load<u8>(at);
    case 2: return load<u16>(at);
    case 4: return load<u32>(at);
    default: return load<u64>(at);
  }
}

/** Stores inside one page; DROPPED when code was dropped, YIELDED when the HTIF word was hit. */
function storeRam(h: usize, pa: u64, size: i32, value: u64): i32 {
  const at = linearOf(pa);
  switch (size) {
    case 1: store<u8>(at, u8(value)); break;
    case 2: store<u16>(at, u16(value)); break;
    case 4: store<i32>(at, i32(value)); break;
    default: store<u64>(at, value);
  }
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
function loadDevice(h: usize, pa: u64, size: i32): bool {
  if (isClint(pa)) {
    loaded = clintLoad(h, pa, size);
    return true;
  }
  store<i32>(M_MMIO_STATUS, 0);
  store<i32>(M_MMIO_HART, i32(h));
  loaded = mmioLoad(pa, size);
  return load<i32>(M_MMIO_STATUS) == 0;
}

/** One load. Leaves the value in `loaded`. */
function loadAt(h: usize, va: u64, size: i32): i32 {
  if (va & (size - 1)) return loadMisaligned(h, va, size);
  const outcome = resolve(h, va, size, ACCESS_LOAD);
  if (outcome != DONE) return outcome;
  const pa = trPa;
  if (isRam(pa, size)) {
    timeData(h, pa, size, DATA_LOAD);
    loaded = loadRam(pa, size);
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

function storeAt(h: usize, va: u64, size: i32, value: u64): i32 {
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
    if (!clintStore(h, pa, size, value)) {
      // dv-ext.md 9: tval = identity, no address.
      raise(h, CAUSE_STORE_ACCESS, refusedIdentity, false, 0);
      return TRAPPED;
    }
  } else {
    store<i32>(M_MMIO_STATUS, 0);
    store<i32>(M_MMIO_HART, i32(h));
    mmioStore(pa, size, size == 8 ? value : value & ((u64(1) << (8 * size)) - 1));
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

/** Extends a loaded value as `kind` says. */
function extend(value: u64, kind: i32): u64 {
  switch (kind & (3 | ACCESS_UNSIGNED)) {
    case 0: return u64(i64(i8(value)));
    case 1: return u64(i64(i16(value)));
    case 2: return u64(i64(i32(value)));
    default: return value;
  }
}

function setRd(h: usize, rec: usize, kind: i32, value: u64): void {
  const rd = i32(load<u8>(rec, REC_RD)) * 8;
  if (kind & ACCESS_FLOAT) store<u64>(h + F + rd, (kind & 3) == 2 ? value | 0xffff_ffff_0000_0000 : value);
  else store<u64>(h + X + rd, value);
}

/**
 * The core finishes the access itself. Dropped code alone is not a yield point of the architecture: then the poll that the
 * caller makes must not count, unless the instruction left its page.
 */
function finish(h: usize, rec: usize, outcome: i32): void {
  const pc = load<u64>(h, PC);
  retire(h, rec);
  store<i32>(h, EVENT_DONE, EVENT);
  if ((outcome & YIELDED) == 0 && (pc ^ load<u64>(h, PC)) >> 12 == 0) store<i32>(h, 1, CORE_SKIP_POLL);
}

/** `load` of the protocol. */
export function slowLoad(h: usize, va: u64, kind: i32, rec: usize): u64 {
  ordinary(h);
  const outcome = loadAt(h, va, i32(1) << (kind & 3));
  if (outcome == TRAPPED) return 0;
  const value = kind & ACCESS_FLOAT ? loaded : extend(loaded, kind);
  if (outcome == YIELDED) {
    setRd(h, rec, kind, value);
    finish(h, rec, outcome);
  }
  return value;
}

/** `store` of the protocol. */
export function slowStore(h: usize, va: u64, value: u64, kind: i32, rec: usize): void {
  ordinary(h);
  const outcome = storeAt(h, va, i32(1) << (kind & 3), value);
  if (outcome & (YIELDED | DROPPED)) finish(h, rec, outcome);
}

/** HLV, HLVX, HSV and their DV-ext spellings for privilege `prv`; false = trap taken. The caller retires. */
export function guestLoad(h: usize, va: u64, kind: i32, prv: i32, execute: bool, rec: usize): bool {
  onBehalf(h, prv, execute);
  if (loadAt(h, va, i32(1) << (kind & 3)) == TRAPPED) return false;
  setRd(h, rec, kind, extend(loaded, kind));
  return true;
}

export function guestStore(h: usize, va: u64, value: u64, kind: i32, prv: i32): bool {
  onBehalf(h, prv, false);
  return storeAt(h, va, i32(1) << (kind & 3), value) != TRAPPED;
}

function combine(operation: i32, old: u64, operand: u64): u64 {
  switch (operation) {
    case A.AMO_SWAP: return operand;
    case A.AMO_ADD: return old + operand;
    case A.AMO_XOR: return old ^ operand;
    case A.AMO_AND: return old & operand;
    case A.AMO_OR: return old | operand;
    case A.AMO_MIN: return i64(old) < i64(operand) ? old : operand;
    case A.AMO_MAX: return i64(old) > i64(operand) ? old : operand;
    case A.AMO_MINU: return old < operand ? old : operand;
    default: return old > operand ? old : operand;
  }
}

/** `amo` of the protocol: `kindAndOp` = log2(size) | AMO_* << 4. RAM only. */
export function amo(h: usize, va: u64, operand: u64, kindAndOp: i32, rec: usize): u64 {
  ordinary(h);
  const kind = kindAndOp & 3;
  const size = i32(1) << kind;
  if (va & (size - 1)) {
    plainTrap(h, CAUSE_STORE_MISALIGNED, va);
    return 0;
  }
  if (resolve(h, va, size, ACCESS_STORE) != DONE) return 0;
  const pa = trPa;
  if (!isRam(pa, size)) {
    plainTrap(h, CAUSE_STORE_ACCESS, va);
    return 0;
  }
  timeData(h, pa, size, DATA_STORE);
  // Sign extension keeps the order of unsigned 32-bit values, so one comparison serves both widths.
  const old = extend(loadRam(pa, size), kind);
  const outcome = storeRam(h, pa, size, combine(kindAndOp >> 4, old, extend(operand, kind)));
  fillFilter(h, va, pa, true);
  if (outcome != DONE) {
    setRd(h, rec, kind, old);
    finish(h, rec, outcome);
  }
  return old;
}

/** `lr` of the protocol. RAM only. */
export function loadReserved(h: usize, va: u64, kind: i32, rec: usize): u64 {
  ordinary(h);
  const size = i32(1) << (kind & 3);
  if (va & (size - 1)) {
    plainTrap(h, CAUSE_LOAD_MISALIGNED, va);
    return 0;
  }
  if (resolve(h, va, size, ACCESS_LOAD) != DONE) return 0;
  const pa = trPa;
  if (!isRam(pa, size)) {
    plainTrap(h, CAUSE_LOAD_ACCESS, va);
    return 0;
  }
  timeData(h, pa, size, DATA_RESERVE);
  const value = extend(loadRam(pa, size), kind & 3);
  store<i32>(h, 1, RES_VALID);
  store<i32>(h, size, RES_SIZE);
  store<u64>(h, pa, RES_ADDR);
  store<u64>(h, value, RES_VALUE);
  return value;
}

/**
 * `sc` of the protocol: 0 = stored. Harts run in turns, so the reservation holds iff it is for these bytes and they still
 * have the value that LR read. Faults are raised whether or not it holds; it is gone afterwards unless the SC trapped.
 */
export function storeConditional(h: usize, va: u64, value: u64, kind: i32, rec: usize): u64 {
  ordinary(h);
  const size = i32(1) << (kind & 3);
  if (va & (size - 1)) {
    plainTrap(h, CAUSE_STORE_MISALIGNED, va);
    return 0;
  }
  if (resolve(h, va, size, ACCESS_STORE) != DONE) return 0;
  const pa = trPa;
  if (!isRam(pa, size)) {
    plainTrap(h, CAUSE_STORE_ACCESS, va);
    return 0;
  }
  const holds = load<i32>(h, RES_VALID) != 0 && load<i32>(h, RES_SIZE) == size && load<u64>(h, RES_ADDR) == pa
    && extend(loadRam(pa, size), kind & 3) == load<u64>(h, RES_VALUE);
  store<i32>(h, 0, RES_VALID);
  if (!holds) return 1;
  timeData(h, pa, size, DATA_STORE);
  const outcome = storeRam(h, pa, size, value);
  fillFilter(h, va, pa, true);
  if (outcome != DONE) {
    setRd(h, rec, kind & 3, 0);
    finish(h, rec, outcome);
  }
  return 0;
}
