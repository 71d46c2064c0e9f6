/**
 * The counters that software can set and stop (Privileged ISA 3.1.10, 3.1.12): mcycle, minstret, mhpmcounter3 to 31. Each counts
 * something that the machine knows anyway, and its slot has the difference between its value and that count. While a bit of
 * mcountinhibit stops it, the slot has the value itself.
 */
import {
  CSR_MCOUNTINHIBIT,
  CSR_MCYCLE_OFFSET,
  CSR_MHPMCOUNTER,
  CSR_MHPMEVENT,
  CSR_MINSTRET_OFFSET,
} from '../src/hart/csr-slots';
import { CYCLE, INSTRET, SLEPT } from '../src/hart/layout';
import { counted, legalChoice } from './hpm';
import { csr, setCsr } from './state';

const CY: i32 = 0;
const IR: i32 = 2;
const FIRST_HPM: i32 = 3;

/** Number of a counter: its bit in mcountinhibit and in the counter enables. */
function indexOf(slot: usize): i32 {
  if (slot == CSR_MCYCLE_OFFSET) return CY;
  if (slot == CSR_MINSTRET_OFFSET) return IR;
  return FIRST_HPM + (i32(slot - CSR_MHPMCOUNTER) >> 3);
}

function slotOf(index: i32): usize {
  if (index == CY) return CSR_MCYCLE_OFFSET;
  if (index == IR) return CSR_MINSTRET_OFFSET;
  return usize(CSR_MHPMCOUNTER + (index - FIRST_HPM) * 8);
}

function stopped(h: usize, slot: usize): bool {
  return ((csr(h, CSR_MCOUNTINHIBIT) >> indexOf(slot)) & 1) != 0;
}

/** What the counter counts, so far. */
function count(h: usize, slot: usize): u64 {
  if (slot == CSR_MCYCLE_OFFSET) return load<u64>(h, CYCLE) - load<u64>(h, SLEPT);
  if (slot == CSR_MINSTRET_OFFSET) return load<u64>(h, INSTRET);
  return counted(h, slot);
}

/** As it is behind the instruction that writes a register: minstret has counted that one (Zicntr). */
function countBehind(h: usize, slot: usize): u64 {
  return count(h, slot) + u64(slot == CSR_MINSTRET_OFFSET);
}

/** `slot`: CSR_MCYCLE_OFFSET, CSR_MINSTRET_OFFSET, CSR_MHPMCOUNTER and what follows it. */
export function readCounter(h: usize, slot: usize): u64 {
  return stopped(h, slot) ? csr(h, slot) : csr(h, slot) + count(h, slot);
}

/** The next instruction finds `value`. */
export function writeCounter(h: usize, slot: usize, value: u64): void {
  setCsr(h, slot, stopped(h, slot) ? value : value - countBehind(h, slot));
}

/** `slot`: CSR_MHPMEVENT and what follows it. The counter keeps its value. */
export function writeEvent(h: usize, slot: usize, choice: u64): void {
  const counter = slot - CSR_MHPMEVENT + CSR_MHPMCOUNTER;
  const before = readCounter(h, counter);
  setCsr(h, slot, legalChoice(choice));
  writeCounter(h, counter, before);
}

/** mcountinhibit. Counters that it stops or lets go keep their values. */
export function writeInhibit(h: usize, writable: u64, value: u64): void {
  const before = csr(h, CSR_MCOUNTINHIBIT);
  const after = (before & ~writable) | (value & writable);
  setCsr(h, CSR_MCOUNTINHIBIT, after);
  for (let changed = before ^ after; changed != 0; changed &= changed - 1) {
    const index = i32(ctz(changed));
    const slot = slotOf(index);
    const now = countBehind(h, slot);
    setCsr(h, slot, (after >> index) & 1 ? csr(h, slot) + now : csr(h, slot) - now);
  }
}
