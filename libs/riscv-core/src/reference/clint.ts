/**
 * The core-local interruptor: software interrupts and the timer of every hart, and, with DV-ext, the memory-mapped mirrors
 * of virtual timer, vCPU identity and vIPI bitmap (dv-ext.md 2.5). Registers are 64-bit words of which any naturally
 * aligned part may be accessed; what lies between them reads 0.
 */
import * as L from '../hart/layout.js';
import { clintSizeQemuProfile, memoryMap } from '../machine/memory-map.js';
import { checkVipiRange, VCPUID_MASK, VTIMECTL_MASK } from './virtual-interrupts.js';
import type { HartState, MachineState } from './state.js';

const MSIP = 0x0000;
const MTIMECMP = 0x4000;
const MTIME = 0xbff8;

/** Where DV-ext puts its mirrors, by profile. */
interface Mirrors {
  readonly vtimecmp: number;
  readonly vtimectl: number;
  /** Bytes from one hart's vtimectl to the next. */
  readonly vtimectlStride: number;
  readonly vcpuid: number;
  readonly vipi: number;
}
const rocketMirrors: Mirrors = { vtimecmp: 0x1000, vtimectl: 0x1800, vtimectlStride: 8, vcpuid: 0x5800, vipi: 0x5000 };
const qemuMirrors: Mirrors = {
  vtimecmp: 0x10000,
  vtimectl: 0x10800,
  vtimectlStride: 4,
  vcpuid: 0x15800,
  vipi: 0x15000,
};

export function clintSize(machine: MachineState): number {
  return machine.dvext === L.DVEXT_QEMU ? clintSizeQemuProfile : memoryMap.clint.size;
}

/** `size` bytes at `offset` into the window, zero-extended. */
export function loadClint(machine: MachineState, hart: HartState, offset: number, size: number): bigint {
  const word = readWord(machine, hart, offset & ~7);
  return BigInt.asUintN(8 * size, word >> BigInt(8 * (offset & 7)));
}

/** False: refused, a store access fault. A vIPI word that names a foreign identity throws its own (dv-ext.md 9). */
export function storeClint(
  machine: MachineState,
  hart: HartState,
  offset: number,
  size: number,
  value: bigint,
): boolean {
  const shift = BigInt(8 * (offset & 7));
  const mask = ((1n << BigInt(8 * size)) - 1n) << shift;
  const old = readWord(machine, hart, offset & ~7);
  if (refusesIdentity(machine, hart, offset & ~7)) return false;
  writeWord(machine, hart, offset & ~7, (old & ~mask) | ((value << shift) & mask));
  return true;
}

/** Profile strict: only HS- and M-mode give a hart its identity (dv-ext.md 9). */
function refusesIdentity(machine: MachineState, hart: HartState, offset: number): boolean {
  if (machine.dvext !== L.DVEXT_STRICT || (!hart.v && hart.prv !== L.PRV_U)) return false;
  return element(offset, rocketMirrors.vcpuid, machine.harts.length) !== undefined;
}

/** Index of the register of an array, if `offset` is one of its `count` elements of 8 bytes. */
function element(offset: number, base: number, count: number): number | undefined {
  const index = (offset - base) / 8;
  return index >= 0 && index < count ? index : undefined;
}

function readWord(machine: MachineState, hart: HartState, offset: number): bigint {
  const harts = machine.harts.length;
  if (offset === MTIME) return machine.mtime(hart);
  const timer = element(offset, MTIMECMP, harts);
  if (timer !== undefined) return machine.get64(L.M_MTIMECMP + 8 * timer);
  const software = element(offset, MSIP, Math.ceil(harts / 2));
  if (software !== undefined) return pair(software, (h) => BigInt(machine.option(L.M_MSIP + 4 * h)), harts);
  if (!machine.hasDvext) return 0n;

  const mirrors = machine.dvext === L.DVEXT_QEMU ? qemuMirrors : rocketMirrors;
  const vtimecmp = element(offset, mirrors.vtimecmp, harts);
  if (vtimecmp !== undefined) return machine.get64(L.M_VTIMECMP + 8 * vtimecmp);
  const vcpuid = element(offset, mirrors.vcpuid, harts);
  if (vcpuid !== undefined) return machine.get64(L.M_VCPUID + 8 * vcpuid);
  const vipi = element(offset, mirrors.vipi, 4);
  if (vipi !== undefined) return machine.get64(L.M_VIPI + 8 * vipi);
  const vtimectl = element(offset, mirrors.vtimectl, mirrors.vtimectlStride === 8 ? harts : Math.ceil(harts / 2));
  if (vtimectl === undefined) return 0n;
  if (mirrors.vtimectlStride === 8) return machine.get64(L.M_VTIMECTL + 8 * vtimectl);
  return pair(vtimectl, (h) => machine.get64(L.M_VTIMECTL + 8 * h), harts);
}

function writeWord(machine: MachineState, hart: HartState, offset: number, value: bigint): void {
  const harts = machine.harts.length;
  if (offset === MTIME) {
    machine.set64(L.M_MTIME_OFFSET, value - hart.cycle / machine.get64(L.M_CYCLES_PER_TICK));
    return;
  }
  const timer = element(offset, MTIMECMP, harts);
  if (timer !== undefined) return machine.set64(L.M_MTIMECMP + 8 * timer, value);
  const software = element(offset, MSIP, Math.ceil(harts / 2));
  if (software !== undefined) {
    return unpair(software, value, (h, half) => machine.set32(L.M_MSIP + 4 * h, Number(half & 1n)), harts);
  }
  if (!machine.hasDvext) return;

  const mirrors = machine.dvext === L.DVEXT_QEMU ? qemuMirrors : rocketMirrors;
  const vtimecmp = element(offset, mirrors.vtimecmp, harts);
  if (vtimecmp !== undefined) return machine.set64(L.M_VTIMECMP + 8 * vtimecmp, value);
  const vcpuid = element(offset, mirrors.vcpuid, harts);
  if (vcpuid !== undefined) return machine.set64(L.M_VCPUID + 8 * vcpuid, value & VCPUID_MASK);
  const vipi = element(offset, mirrors.vipi, 4);
  if (vipi !== undefined) {
    // dv-ext.md 9, profile strict: the bits that change are the identities named.
    checkVipiRange(machine, hart, vipi, value ^ machine.get64(L.M_VIPI + 8 * vipi));
    return machine.set64(L.M_VIPI + 8 * vipi, value);
  }
  const vtimectl = element(offset, mirrors.vtimectl, mirrors.vtimectlStride === 8 ? harts : Math.ceil(harts / 2));
  if (vtimectl === undefined) return;
  if (mirrors.vtimectlStride === 8) return machine.set64(L.M_VTIMECTL + 8 * vtimectl, value & VTIMECTL_MASK);
  unpair(vtimectl, value, (h, half) => machine.set64(L.M_VTIMECTL + 8 * h, half & VTIMECTL_MASK), harts);
}

/** Two 32-bit registers of neighbouring harts in one word. */
function pair(word: number, read: (hart: number) => bigint, harts: number): bigint {
  const high = 2 * word + 1 < harts ? read(2 * word + 1) : 0n;
  return read(2 * word) | (high << 32n);
}

function unpair(word: number, value: bigint, write: (hart: number, half: bigint) => void, harts: number): void {
  write(2 * word, value & 0xffff_ffffn);
  if (2 * word + 1 < harts) write(2 * word + 1, value >> 32n);
}
