/**
 * Back pointers of the L0 filters (engine.md 4): which filter entries rely on an L1D line or on a DTLB entry, so that
 * eviction removes exactly those.
 *
 * - An L1D line keeps one word: bit t of the low half = table t (2 * context + 1 for write) may hold it, bit k of the
 *   high half = it may stand in the k-th group of 64 entries. A line's place inside a group is its place in its page, so
 *   the product of both masks lists all candidates; a candidate counts if it still points to the line.
 * - A DTLB entry keeps a circular doubly linked list through the last word of the filter entries: previous << 16 | next,
 *   0 = in no list. Ids 0..16383 are filter entries, those from HEAD_ID on the list heads.
 *
 * Anyone may empty a filter entry by writing EMPTY_TAG into its tag; only this file touches the last word.
 */
import {
  CONTEXTS,
  EMPTY_TAG,
  FILTERS,
  FILTER_ENTRIES,
  FILTER_ENTRY_SIZE,
  FILTER_TABLE_SIZE,
  M_RAM_BASE,
  M_RAM_LINEAR,
  RFILTER,
  WFILTER,
} from '../../src/hart/layout';
import { MAX_TLB_SECTORS, MAX_TLB_SUPERPAGES } from '../../src/timing/limits';
import { FILTER_HEADS, LINE_BOOK, LINE_BOOK_SIZE, bookOf } from './layout';

const ADDEND = 8;
const LINK = 12;
const HEAD_ID = 2 * CONTEXTS * FILTER_ENTRIES;
const LINES_PER_PAGE = 64;

/** The L1D line and DTLB entry that served the last data access of this machine: what the next filter entry will rely on. */
let lastLine: i32 = 0;
let lastTlb: i32 = -1;

@inline
export function rememberLine(index: i32): void {
  lastLine = index;
}

/** `entry` -1 = no translation in force. */
@inline
export function rememberTlb(entry: i32): void {
  lastTlb = entry;
}

/** Address of what is noted of a line of the L1D: the filters' word is the first. */
@inline
export function lineBook(h: i32, index: i32): i32 {
  return bookOf(h) + LINE_BOOK + index * LINE_BOOK_SIZE;
}

function linkAddress(h: i32, id: i32): i32 {
  return id < HEAD_ID ? h + FILTERS + id * FILTER_ENTRY_SIZE + LINK : bookOf(h) + FILTER_HEADS + (id - HEAD_ID) * 4;
}

@inline
function setPrevious(h: i32, id: i32, previous: i32): void {
  store<u16>(linkAddress(h, id) + 2, previous);
}

@inline
function setNext(h: i32, id: i32, next: i32): void {
  store<u16>(linkAddress(h, id), next);
}

function unlink(h: i32, id: i32, link: u32): void {
  setNext(h, link >> 16, link & 0xffff);
  setPrevious(h, link & 0xffff, link >> 16);
  store<u32>(linkAddress(h, id), 0);
}

function linkBehind(h: i32, id: i32, head: i32): void {
  const next = load<u16>(linkAddress(h, head));
  store<u32>(linkAddress(h, id), (head << 16) | next);
  setNext(h, head, id);
  setPrevious(h, next, id);
}

@inline
function enterTable(h: i32, table: i32, va: i64, linear: i32): void {
  const index = i32(va >> 6) & (FILTER_ENTRIES - 1);
  const entry = table + index * FILTER_ENTRY_SIZE;
  store<i64>(entry, va & ~63);
  store<i32>(entry, linear - i32(va), ADDEND);
  const number = u32(table - h - FILTERS) / FILTER_TABLE_SIZE;
  const id = number * FILTER_ENTRIES + index;
  const link = load<u32>(entry, LINK);
  if (link != 0) unlink(h, id, link);
  if (lastTlb >= 0) linkBehind(h, id, HEAD_ID + lastTlb);
  const users = lineBook(h, lastLine);
  store<u32>(users, load<u32>(users) | (1 << number) | (0x10000 << (index / LINES_PER_PAGE)));
}

@inline
export function filterEnter(h: i32, va: i64, linear: i32, writable: i32): void {
  enterTable(h, load<i32>(h, RFILTER), va, linear);
  if (writable) enterTable(h, load<i32>(h, WFILTER), va, linear);
}

/** Removes all entries that point to line `line` (physical address / 64), which stands at `index` of the L1D. */
@inline
export function filterDropLine(h: i32, index: i32, line: i32): void {
  const address = lineBook(h, index);
  const users = load<u32>(address);
  if (users == 0) return;
  store<u32>(address, 0);
  dropUsers(h, users, line);
}

@inline
function dropUsers(h: i32, users: u32, line: i32): void {
  const linear = i32((u64(u32(line)) << 6) - load<u64>(M_RAM_BASE)) + load<i32>(M_RAM_LINEAR);
  const first = h + FILTERS + (line & (LINES_PER_PAGE - 1)) * FILTER_ENTRY_SIZE;
  const tables = users & 0xffff;
  const groups = users >> 16;
  const lowest = ctz(tables);
  const highest = 31 - clz(tables);
  // Most often one mode has loaded, or also stored, through one address. To drop one twice does nothing more, and needs no branch.
  if (((tables & ~((1 << lowest) | (1 << highest))) | (groups & (groups - 1))) == 0) {
    dropUser(first, lowest, ctz(groups), linear);
    dropUser(first, highest, ctz(groups), linear);
  } else {
    dropEach(first, tables, groups, linear);
  }
}

function dropEach(first: i32, tables: u32, groups: u32, linear: i32): void {
  for (let table = tables; table != 0; table &= table - 1) {
    for (let group = groups; group != 0; group &= group - 1) dropUser(first, ctz(table), ctz(group), linear);
  }
}

@inline
function dropUser(first: i32, table: i32, group: i32, linear: i32): void {
  const entry = first + table * FILTER_TABLE_SIZE + group * (LINES_PER_PAGE * FILTER_ENTRY_SIZE);
  const tag = load<i64>(entry);
  store<i64>(entry, select<i64>(EMPTY_TAG, tag, i32(tag) + load<i32>(entry, ADDEND) == linear));
}

/** Removes all entries that rely on DTLB entry `tlb`. */
export function filterDropTlb(h: i32, tlb: i32): void {
  const head = HEAD_ID + tlb;
  let id: i32 = load<u16>(linkAddress(h, head));
  while (id != head) {
    const address = linkAddress(h, id);
    const next: i32 = load<u16>(address);
    store<i64>(address - LINK, EMPTY_TAG);
    store<u32>(address, 0);
    id = next;
  }
  store<u32>(linkAddress(h, head), (head << 16) | head);
}

/** Empties every filter of the hart, lists included. */
export function filterReset(h: i32): void {
  for (let id = 0; id < HEAD_ID; id++) {
    const entry = h + FILTERS + id * FILTER_ENTRY_SIZE;
    store<i64>(entry, EMPTY_TAG);
    store<i64>(entry, 0, ADDEND);
  }
  for (let id = HEAD_ID; id < HEAD_ID + MAX_TLB_SECTORS + MAX_TLB_SUPERPAGES; id++) {
    store<u32>(linkAddress(h, id), (id << 16) | id);
  }
  memory.fill(bookOf(h) + LINE_BOOK, 0, FILTER_HEADS - LINE_BOOK);
}
