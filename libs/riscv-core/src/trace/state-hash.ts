/**
 * One hash over everything that decides how a machine goes on: registers, CSRs, modes, reservations, instret and cycles of
 * every hart, CLINT and vIPI state, the cycle model's caches and predictors, RAM, and what devices remember. Two engines that
 * executed the same program to the same point give the same hash.
 *
 * Left out: what engines keep for themselves (filters, predecoded code, the last translation), how far a run may go
 * (STOPAT, TURN_END, INSTRET_LIMIT), and whoever is at the far end of the network link.
 *
 * SHA-256 (own code: riscv-core has no platform crypto, and this hash is stored with results, where a collision found by
 * chance must be out of the question). RAM counts as its non-zero pages with their numbers, so an untouched 512 MiB costs
 * one fast scan.
 */
import { CSR_STORAGE_END } from '../hart/csr-slots.js';
import type { DeviceState } from '../devices/device.js';
import * as L from '../hart/layout.js';
import { SHARED_TIMING, hartTiming } from '../timing/state.js';
import { Sha256 } from './sha256.js';

const PAGE = 4096;

/** [offset, bytes] inside a hart area. The sink behind x31 is not state. */
const hartParts: readonly (readonly [number, number])[] = [
  [L.X, 32 * 8],
  [L.F, 32 * 8],
  [L.PC, 8],
  [L.INSTRET, 8],
  [L.CYCLE, 8],
  [L.PRV, 4],
  [L.V, 4],
  [L.WFI, 4],
  [L.SLEPT, 8],
  [L.LINES, 8],
  [L.CSRS, CSR_STORAGE_END - L.CSRS],
];

/** [address, bytes] of CLINT, virtual timer and vIPI in the machine block. */
const machineParts: readonly (readonly [number, number])[] = [
  [L.M_MSIP, 4 * L.MAX_HARTS],
  [L.M_MTIMECMP, 8 * L.MAX_HARTS],
  [L.M_VTIMECMP, 8 * L.MAX_HARTS],
  [L.M_VTIMECTL, 8 * L.MAX_HARTS],
  [L.M_VCPUID, 8 * L.MAX_HARTS],
  [L.M_VIPI, 8 * 4],
  [L.M_MTIME_OFFSET, 8],
];

/** 64 lower-case hex digits. `devices`: state of what is not in the linear memory. */
export function stateHash(memory: WebAssembly.Memory, devices: DeviceState = []): string {
  const view = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const hash = new Sha256();
  const add = (at: number, size: number): void => void hash.update(bytes.subarray(at, at + size));

  const timed = view.getUint32(L.M_TIMING, true) !== 0;
  const harts = view.getUint32(L.M_HARTS, true);
  for (let hart = 0; hart < harts; hart++) {
    const area = L.HARTS + hart * L.HART_STRIDE;
    for (const [offset, size] of hartParts) add(area + offset, size);
    addReservation(hash, bytes, view, area);
    if (timed) addNonZeroPages(hash, bytes, ...hartTiming(hart));
  }
  for (const [at, size] of machineParts) add(at, size);
  if (timed) addNonZeroPages(hash, bytes, ...SHARED_TIMING);
  const ramBytes = Number(view.getBigUint64(L.M_RAM_SIZE, true));
  addNonZeroPages(hash, bytes, view.getUint32(L.M_RAM_LINEAR, true), ramBytes);
  addDeviceState(hash, devices);
  return hash.digest();
}

/** Kind and length before each value: no two states look alike. */
function addDeviceState(hash: Sha256, state: DeviceState): void {
  const text = (kind: string, body: string): void => void hash.update(new TextEncoder().encode(`${kind}${body};`));
  if (state instanceof Uint8Array) {
    text('bytes', String(state.length));
    hash.update(state);
  } else if (typeof state === 'object') {
    text('list', String(state.length));
    for (const part of state) addDeviceState(hash, part);
  } else if (typeof state === 'string') text('string', `${state.length}:${state}`);
  else text(typeof state, String(state));
}

/** What a reservation that is gone once covered does not matter. */
function addReservation(hash: Sha256, bytes: Uint8Array, view: DataView, area: number): void {
  const valid = view.getUint32(area + L.RES_VALID, true) !== 0;
  hash.update(Uint8Array.of(valid ? 1 : 0));
  if (!valid) return;
  hash.update(bytes.subarray(area + L.RES_SIZE, area + L.RES_SIZE + 4));
  hash.update(bytes.subarray(area + L.RES_ADDR, area + L.RES_ADDR + 8));
  if (view.getUint32(L.M_TIMING, true) !== 0) hash.update(bytes.subarray(area + L.RES_END, area + L.RES_END + 8));
}

function addNonZeroPages(hash: Sha256, bytes: Uint8Array, start: number, size: number): void {
  const words = new Int32Array(bytes.buffer, start, size / 4);
  const number = new Uint32Array(1);
  const numberBytes = new Uint8Array(number.buffer);
  for (let from = 0; from < size; from += PAGE) {
    const end = Math.min(from + PAGE, size);
    if (isZero(words, from / 4, end / 4)) continue;
    number[0] = from / PAGE;
    hash.update(numberBytes);
    hash.update(bytes.subarray(start + from, start + end));
  }
}

/** Four words at a time: most of RAM is untouched, and this loop is what its hash costs. Pages are multiples of 16 bytes. */
function isZero(words: Int32Array, from: number, end: number): boolean {
  for (let i = from; i < end; i += 4) {
    if ((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) !== 0) return false;
  }
  return true;
}
