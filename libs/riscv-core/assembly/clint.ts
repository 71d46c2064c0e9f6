/**
 * CLINT: software interrupts, mtimecmp, mtime; and the memory-mapped mirrors of the virtual timer, vCPU identity and vIPI
 * bitmap (dv-ext.md 2.5). Registers are 8-byte words (or pairs of 4-byte ones) of which any part may be accessed.
 */
import {
  CYCLE,
  DVEXT_QEMU,
  DVEXT_STRICT,
  M_CYCLES_PER_TICK,
  M_HARTS,
  M_MSIP,
  M_MTIMECMP,
  M_MTIME_OFFSET,
  M_VCPUID,
  M_VIPI,
  M_VTIMECMP,
  M_VTIMECTL,
} from '../src/hart/layout';
import { mtime } from './clock';
import { vipiRefuses } from './dvirq';
import { isHost, dvext, hasDvext } from './state';

const CLINT_BASE: u64 = 0x0200_0000;
const MSIP: i32 = 0x0;
const MTIMECMP: i32 = 0x4000;
const MTIME: i32 = 0xbff8;

export const VTIMECTL_MASK: u64 = 0x7f;
export const VCPUID_MASK: u64 = 0xff;

/** Is the access inside the CLINT's window? */
export function isClint(pa: u64): bool {
  return pa - CLINT_BASE < (dvext() == DVEXT_QEMU ? u64(0x2_0000) : u64(0x1_0000));
}

/** `size` bytes at `pa`, zero-extended, aligned. */
export function clintLoad(h: usize, pa: u64, size: i32): u64 {
  const offset = i32(pa - CLINT_BASE);
  const word = readWord(h, offset & ~7) >> (8 * u64(offset & 7));
  return size == 8 ? word : word & ((u64(1) << (8 * size)) - 1);
}

/** Outcomes of clintStore in profile strict (dv-ext.md 9): both refusals are store access faults, one names the identity. */
export const CLINT_STORED: i32 = 0;
export const CLINT_REFUSED: i32 = 1;
export const CLINT_FOREIGN_IDENTITY: i32 = 2;

/** Returns CLINT_*. */
export function clintStore(h: usize, pa: u64, size: i32, value: u64): i32 {
  const offset = i32(pa - CLINT_BASE);
  const shift = 8 * u64(offset & 7);
  const mask = (size == 8 ? u64.MAX_VALUE : (u64(1) << (8 * size)) - 1) << shift;
  const old = readWord(h, offset & ~7);
  return writeWord(h, offset & ~7, (old & ~mask) | ((value << shift) & mask), old);
}

/** Index of the 8-byte element at `offset` of an array, or -1. */
function element(offset: i32, base: i32, count: i32): i32 {
  const index = (offset - base) >> 3;
  return offset >= base && index < count ? index : -1;
}

/** Address of the 8-byte storage behind the word at `offset`, 0 = none of the plain 8-byte registers. */
function plainWord(offset: i32): usize {
  const harts = load<i32>(M_HARTS);
  let i = element(offset, MTIMECMP, harts);
  if (i >= 0) return M_MTIMECMP + 8 * i;
  if (!hasDvext()) return 0;
  const qemu = dvext() == DVEXT_QEMU;
  i = element(offset, qemu ? 0x1_0000 : 0x1000, harts);
  if (i >= 0) return M_VTIMECMP + 8 * i;
  if (!qemu) {
    i = element(offset, 0x1800, harts);
    if (i >= 0) return M_VTIMECTL + 8 * i;
  }
  i = element(offset, qemu ? 0x1_5800 : 0x5800, harts);
  if (i >= 0) return M_VCPUID + 8 * i;
  i = element(offset, qemu ? 0x1_5000 : 0x5000, 4);
  if (i >= 0) return M_VIPI + 8 * i;
  return 0;
}

function readWord(h: usize, offset: i32): u64 {
  if (offset == MTIME) return mtime(h);
  const plain = plainWord(offset);
  if (plain) return load<u64>(plain);
  const harts = load<i32>(M_HARTS);
  let i = element(offset, MSIP, (harts + 1) >> 1);
  if (i >= 0) {
    const low: u64 = load<i32>(M_MSIP + 8 * i);
    return low | (i32(2 * i + 1) < harts ? u64(load<i32>(M_MSIP + 8 * i + 4)) << 32 : 0);
  }
  if (dvext() != DVEXT_QEMU) return 0;
  i = element(offset, 0x1_0800, (harts + 1) >> 1);
  if (i < 0) return 0;
  const low = load<u64>(M_VTIMECTL + 16 * i);
  return low | (i32(2 * i + 1) < harts ? load<u64>(M_VTIMECTL + 16 * i + 8) << 32 : 0);
}

function writeWord(h: usize, offset: i32, value: u64, old: u64): i32 {
  if (offset == MTIME) {
    store<u64>(M_MTIME_OFFSET, value - load<u64>(h, CYCLE) / load<u64>(M_CYCLES_PER_TICK));
    return CLINT_STORED;
  }
  const plain = i32(plainWord(offset));
  if (plain) {
    let kept = value;
    if (plain >= M_VTIMECTL && plain < M_VTIMECTL + 64) kept = value & VTIMECTL_MASK;
    else if (plain >= M_VCPUID && plain < M_VCPUID + 64) {
      kept = value & VCPUID_MASK;
      if (dvext() == DVEXT_STRICT && !isHost(h)) return CLINT_REFUSED;
    } else if (plain >= M_VIPI && plain < M_VIPI + 32) {
      if (vipiRefuses(h, i32(plain - M_VIPI) >> 3, value ^ old)) return CLINT_FOREIGN_IDENTITY;
    }
    store<u64>(plain, kept);
    return CLINT_STORED;
  }
  const harts = load<i32>(M_HARTS);
  let i = element(offset, MSIP, (harts + 1) >> 1);
  if (i >= 0) {
    store<i32>(M_MSIP + 8 * i, i32(value) & 1);
    if (i32(2 * i + 1) < harts) store<i32>(M_MSIP + 8 * i + 4, i32(value >> 32) & 1);
    return CLINT_STORED;
  }
  if (dvext() != DVEXT_QEMU) return CLINT_STORED;
  i = element(offset, 0x1_0800, (harts + 1) >> 1);
  if (i < 0) return CLINT_STORED;
  store<u64>(M_VTIMECTL + 16 * i, value & VTIMECTL_MASK);
  if (i32(2 * i + 1) < harts) store<u64>(M_VTIMECTL + 16 * i + 8, (value >> 32) & VTIMECTL_MASK);
  return CLINT_STORED;
}
