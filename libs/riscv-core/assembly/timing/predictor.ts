/**
 * Branch target buffer, branch history table and return-address stack (rocket-timing.md 3). The buffer is asked by fetch
 * word (4 bytes), holds one transfer per word, and its upper address bits live in a few page registers.
 */
import { COUNT_BRANCH_MISPREDICT, COUNT_PREDECODE, COUNT_TARGET_MISPREDICT } from '../../src/timing/counted-events';
import {
  P_BHT_ENTRIES,
  P_BHT_HISTORY,
  P_BHT_HISTORY_FOLD,
  P_BTB_ENTRIES,
  P_BTB_PAGES,
  P_MISPREDICT,
  P_PREDECODE,
  P_RAS_ENTRIES,
} from '../../src/timing/parameter-slots';
import {
  BHT,
  BHT_HISTORY,
  BTB,
  BTB_HEADS,
  BTB_NEXT_PAGE,
  BTB_PAGES,
  BTB_PLRU,
  RAS,
  RAS_COUNT,
  RAS_POSITION,
  stateOf,
} from './layout';
import { BTB_ENTRY_SIZE, BTB_HASH, BTB_TARGET, ROOT_3_HALF } from '../../src/timing/hart-state';
import { count } from './counters';
import { parameter, plruTouch, plruVictim } from './parts';
import { forgetSite, noteSite } from './sites';

/** Kinds of transfer. */
const BRANCH = 0;
const JUMP = 1;
const CALL = 2;
const RETURN = 3;

/** Entry of the buffer; key and target: src/timing/hart-state.ts. */
const ENTRY_SIZE = BTB_ENTRY_SIZE;
const KEY = 0; // u64; 0 = empty
const TARGET = BTB_TARGET; // u64
const TYPE = 16; // u8
const NEXT = 17; // u8: next in the hash chain + 1
const PAGE = 18; // u8: page register of the key
const TARGET_PAGE = 19; // u8: page register of the target
const HASH = BTB_HASH;
/** A page register holds the address bits above these: the match tag. */
const PAGE_SHIFT = 14;
const WORD: u64 = 3;

const X1 = 1;
const X5 = 5;

@inline
function isLink(register: i32): bool {
  return register == X1 || register == X5;
}

@inline
function head(state: i32, key: u64): i32 {
  return state + BTB_HEADS + (i32((key >> 2) ^ (key >> 8)) & (HASH - 1));
}

/** Entry for the fetch word of `key`, -1 = none. */
function find(state: i32, key: u64): i32 {
  let next: i32 = load<u8>(head(state, key));
  while (next != 0) {
    const entry = state + BTB + (next - 1) * ENTRY_SIZE;
    if ((load<u64>(entry) ^ key) <= WORD) return next - 1;
    next = load<u8>(entry, NEXT);
  }
  return -1;
}

function drop(state: i32, number: i32): void {
  const entry = state + BTB + number * ENTRY_SIZE;
  const key = load<u64>(entry);
  if (key == 0) return;
  const first = head(state, key);
  if (load<u8>(first) == number + 1) {
    store<u8>(first, load<u8>(entry, NEXT));
  } else {
    let previous = state + BTB + (i32(load<u8>(first)) - 1) * ENTRY_SIZE;
    while (load<u8>(previous, NEXT) != number + 1) {
      previous = state + BTB + (i32(load<u8>(previous, NEXT)) - 1) * ENTRY_SIZE;
    }
    store<u8>(previous, load<u8>(entry, NEXT), NEXT);
  }
  store<u64>(entry, 0);
  forgetSite(state, number);
}

/** Page register that holds `address`, -1 = none. */
function findPage(state: i32, address: u64): i32 {
  const pages = parameter(P_BTB_PAGES);
  for (let page = 0; page < pages; page++) {
    if (load<u64>(state + BTB_PAGES + page * 8) == (address >> PAGE_SHIFT) + 1) return page;
  }
  return -1;
}

/** Overwrites a page register: entries that use it are lost. */
function replacePage(state: i32, page: i32, address: u64): void {
  const entries = parameter(P_BTB_ENTRIES);
  for (let number = 0; number < entries; number++) {
    const entry = state + BTB + number * ENTRY_SIZE;
    if (load<u8>(entry, PAGE) == page || load<u8>(entry, TARGET_PAGE) == page) drop(state, number);
  }
  store<u64>(state + BTB_PAGES + page * 8, (address >> PAGE_SHIFT) + 1);
}

/** Enters a taken transfer. `found`: its entry or that of another transfer in the same fetch word, -1 = none. */
function update(state: i32, found: i32, key: u64, target: u64, type: i32): void {
  const pages = parameter(P_BTB_PAGES);
  let page = findPage(state, key);
  let targetPage = findPage(state, target);
  const samePage = key >> PAGE_SHIFT == target >> PAGE_SHIFT;
  let next = load<i32>(state, BTB_NEXT_PAGE);
  let replaced = 0;
  if (page < 0) {
    page = targetPage >= 0 ? (targetPage + 1) % pages : next;
    replacePage(state, page, key);
    replaced++;
  }
  if (samePage) {
    targetPage = page;
  } else if (targetPage < 0) {
    targetPage = (page + 1) % pages;
    replacePage(state, targetPage, target);
    replaced++;
  }
  if (replaced > 0) {
    next += replaced;
    store<i32>(state, next >= pages ? next & 1 : next, BTB_NEXT_PAGE);
  }
  const entries = parameter(P_BTB_ENTRIES);
  const number = found >= 0 ? found : plruVictim(state + BTB_PLRU, entries);
  drop(state, number);
  const entry = state + BTB + number * ENTRY_SIZE;
  const first = head(state, key);
  store<u64>(entry, key, KEY);
  store<u64>(entry, target, TARGET);
  store<u8>(entry, type, TYPE);
  store<u8>(entry, load<u8>(first), NEXT);
  store<u8>(entry, page, PAGE);
  store<u8>(entry, targetPage, TARGET_PAGE);
  store<u8>(first, number + 1);
  plruTouch(state + BTB_PLRU, entries, number);
}

/** Index into the history table: fetch word xor folded history. */
function historyIndex(state: i32, word: u64): i32 {
  const entries = parameter(P_BHT_ENTRIES);
  const length = parameter(P_BHT_HISTORY);
  const fold = parameter(P_BHT_HISTORY_FOLD);
  const bits = 31 - clz(entries);
  const fetchWord = word >> 2;
  const address = i32(fetchWord & u64(entries - 1)) ^ (i32(fetchWord >> u64(bits)) & 3);
  // The history is multiplied by sqrt(3)/2 * 2^length; the upper `fold` bits of the product's low `length` bits count.
  const factor = ROOT_3_HALF >> (16 - length);
  const history = ((load<i32>(state, BHT_HISTORY) * factor) >> (length - fold)) & ((1 << fold) - 1);
  return address ^ (history << (bits - fold));
}

function push(state: i32, address: u64): void {
  const entries = parameter(P_RAS_ENTRIES);
  const count = load<i32>(state, RAS_COUNT);
  if (count < entries) store<i32>(state, count + 1, RAS_COUNT);
  const position = (load<i32>(state, RAS_POSITION) + 1) % entries;
  store<u64>(state + RAS + position * 8, address);
  store<i32>(state, position, RAS_POSITION);
}

function pop(state: i32): void {
  const entries = parameter(P_RAS_ENTRIES);
  store<i32>(state, load<i32>(state, RAS_COUNT) - 1, RAS_COUNT);
  store<i32>(state, (load<i32>(state, RAS_POSITION) + entries - 1) % entries, RAS_POSITION);
}

@inline
function keyOf(pc: i64, length: i32): u64 {
  return u64(pc + length - 2) | 1;
}

export function branch(h: i32, pc: i64, length: i32, taken: bool, target: i64): i32 {
  const state = stateOf(h);
  const key = keyOf(pc, length);
  const counter = state + BHT + historyIndex(state, key);
  const predicted = load<u8>(counter) != 0;
  const found = find(state, key);
  const hit = found >= 0 && load<u64>(state + BTB + found * ENTRY_SIZE) == key;
  let cycles = 0;
  if (predicted != taken) {
    count(h, COUNT_BRANCH_MISPREDICT);
    cycles = parameter(P_MISPREDICT);
  } else if (taken && !hit) {
    count(h, COUNT_PREDECODE);
    cycles = parameter(P_PREDECODE);
  }
  if (hit) {
    if (predicted) plruTouch(state + BTB_PLRU, parameter(P_BTB_ENTRIES), found);
  } else if (predicted || taken) {
    update(state, found, key, target, BRANCH);
  }
  store<u8>(counter, u8(taken));
  const history = load<i32>(state, BHT_HISTORY) >> 1;
  store<i32>(state, history | (i32(taken) << (parameter(P_BHT_HISTORY) - 1)), BHT_HISTORY);
  return cycles;
}

export function jump(h: i32, pc: i64, length: i32, target: i64, rd: i32): i32 {
  const state = stateOf(h);
  const key = keyOf(pc, length);
  const found = find(state, key);
  const isCall = isLink(rd);
  if (isCall) push(state, pc + length);
  if (found >= 0 && load<u64>(state + BTB + found * ENTRY_SIZE) == key) {
    plruTouch(state + BTB_PLRU, parameter(P_BTB_ENTRIES), found);
    return 0;
  }
  update(state, found, key, target, isCall ? CALL : JUMP);
  count(h, COUNT_PREDECODE);
  return parameter(P_PREDECODE);
}

export function jumpIndirect(h: i32, pc: i64, length: i32, target: i64, rd: i32, rs1: i32): i32 {
  const state = stateOf(h);
  const key = keyOf(pc, length);
  const found = find(state, key);
  const entry = state + BTB + found * ENTRY_SIZE;
  const hit = found >= 0 && load<u64>(entry) == key;
  const isCall = isLink(rd);
  const isReturn = !isCall && isLink(rs1);
  const stacked = isReturn && load<i32>(state, RAS_COUNT) > 0;
  let predicted: u64 = 0;
  if (stacked) {
    predicted = load<u64>(state + RAS + load<i32>(state, RAS_POSITION) * 8);
    pop(state);
  } else if (hit) {
    predicted = load<u64>(entry, TARGET);
  }
  if (isCall) push(state, pc + length);
  const right = (stacked || hit) && predicted == u64(target);
  if (hit) plruTouch(state + BTB_PLRU, parameter(P_BTB_ENTRIES), found);
  if (!hit || !right) update(state, found, key, target, isCall ? CALL : isReturn ? RETURN : JUMP);
  if (!right) {
    count(h, COUNT_TARGET_MISPREDICT);
    return parameter(P_MISPREDICT);
  }
  if (hit) return 0;
  count(h, COUNT_PREDECODE);
  return parameter(P_PREDECODE);
}

/** The transfer is at `site` of compiled code: has the buffer an entry for it? */
export function findSite(h: i32, pc: i64, length: i32, site: i32): void {
  const state = stateOf(h);
  const key = keyOf(pc, length);
  const found = find(state, key);
  if (found >= 0 && load<u64>(state + BTB + found * ENTRY_SIZE) == key) noteSite(state, found, site);
}
