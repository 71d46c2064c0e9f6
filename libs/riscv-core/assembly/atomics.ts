/** `amo`, `lr`, `sc` of the protocol. RAM only. */
import { ACCESS_LOAD, ACCESS_STORE, RES_ADDR, RES_SIZE, RES_VALID, RES_VALUE } from '../src/hart/layout';
import {
  CAUSE_LOAD_ACCESS,
  CAUSE_LOAD_MISALIGNED,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_MISALIGNED,
} from '../src/isa/causes';
import * as A from '../src/isa/sysops';
import { DATA_RESERVE, DATA_STORE } from '../src/timing/events';
import { DONE, fillFilter, ordinary, plainTrap, resolve } from './data-access';
import { loadRam, storeRam } from './load-store';
import { trPa } from './mmu';
import { isRam } from './ram';
import { extend, finish, setRd } from './slow-paths';
import { codeWaits } from './stale-code';
import { reservationOver, timeData, timeReserve, timeSettle } from './timing-calls';

function combine(operation: i32, old: u64, operand: u64): u64 {
  switch (operation) {
    case A.AMO_SWAP:
      return operand;
    case A.AMO_ADD:
      return old + operand;
    case A.AMO_XOR:
      return old ^ operand;
    case A.AMO_AND:
      return old & operand;
    case A.AMO_OR:
      return old | operand;
    case A.AMO_MIN:
      return i64(old) < i64(operand) ? old : operand;
    case A.AMO_MAX:
      return i64(old) > i64(operand) ? old : operand;
    case A.AMO_MINU:
      return old < operand ? old : operand;
    default:
      return old > operand ? old : operand;
  }
}

/** Of LR, SC and AMO: is it an aligned access to RAM that is allowed? Then trPa is where. False: a trap was taken. */
function inRam(h: usize, va: u64, size: i32, access: i32): bool {
  const store = access == ACCESS_STORE;
  if (va & (size - 1)) {
    plainTrap(h, store ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED, va);
    return false;
  }
  if (resolve(h, va, size, access) != DONE) return false;
  if (isRam(trPa, size)) return true;
  plainTrap(h, store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, va);
  return false;
}

/** `amo` of the protocol: `kindAndOp` = log2(size) | AMO_* << 4. RAM only. */
export function amo(h: usize, va: u64, operand: u64, kindAndOp: i32, rec: usize): u64 {
  ordinary(h);
  const kind = kindAndOp & 3;
  const size = i32(1) << kind;
  if (!inRam(h, va, size, ACCESS_STORE)) return 0;
  const pa = trPa;
  timeData(h, pa, size, DATA_STORE);
  // Sign extension keeps the order of unsigned 32-bit values, so one comparison serves both widths.
  const old = extend(loadRam(pa, size), kind);
  const outcome = storeRam(h, pa, size, combine(kindAndOp >> 4, old, extend(operand, kind)));
  fillFilter(h, va, pa, true);
  if (outcome != DONE || codeWaits()) {
    setRd(h, rec, old);
    finish(h, rec, outcome);
  }
  return old;
}

/** `lr` of the protocol. RAM only. */
export function loadReserved(h: usize, va: u64, kind: i32, rec: usize): u64 {
  ordinary(h);
  const size = i32(1) << (kind & 3);
  if (!inRam(h, va, size, ACCESS_LOAD)) return 0;
  const pa = trPa;
  timeData(h, pa, size, DATA_RESERVE);
  const value = extend(loadRam(pa, size), kind & 3);
  store<i32>(h, 1, RES_VALID);
  store<i32>(h, size, RES_SIZE);
  store<u64>(h, pa, RES_ADDR);
  store<u64>(h, value, RES_VALUE);
  timeReserve(h);
  if (codeWaits()) {
    setRd(h, rec, value);
    finish(h, rec, DONE);
  }
  return value;
}

/**
 * `sc` of the protocol: 0 = stored. Harts run in turns, so the reservation holds iff it is for these bytes and they still
 * have the value that LR read; with the cycle model, not for long. Faults are raised whether or not it holds; it is gone afterwards unless the SC trapped.
 */
export function storeConditional(h: usize, va: u64, value: u64, kind: i32, rec: usize): u64 {
  ordinary(h);
  const size = i32(1) << (kind & 3);
  if (!inRam(h, va, size, ACCESS_STORE)) return 0;
  const pa = trPa;
  timeSettle(h);
  const holds =
    load<i32>(h, RES_VALID) != 0 &&
    !reservationOver(h) &&
    load<i32>(h, RES_SIZE) == size &&
    load<u64>(h, RES_ADDR) == pa &&
    extend(loadRam(pa, size), kind & 3) == load<u64>(h, RES_VALUE);
  store<i32>(h, 0, RES_VALID);
  if (!holds) return notStored(h, rec);
  timeData(h, pa, size, DATA_STORE);
  const outcome = storeRam(h, pa, size, value);
  fillFilter(h, va, pa, true);
  if (outcome != DONE || codeWaits()) {
    setRd(h, rec, 0);
    finish(h, rec, outcome);
  }
  return 0;
}

function notStored(h: usize, rec: usize): u64 {
  if (codeWaits()) {
    setRd(h, rec, 1);
    finish(h, rec, DONE);
  }
  return 1;
}
