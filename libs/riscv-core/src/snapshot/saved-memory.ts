/**
 * The parts of the linear memory below RAM that a snapshot holds: the machine block, the hart areas without what engines derive (filters,
 * look-up tables, the record of a straddling instruction, the JIT's words), and the state of the cycle model.
 */
import * as L from '../hart/layout.js';
import type { MachineConfig } from '../machine/config.js';
import { hartArea, type LinearMemory } from '../machine/linear-memory.js';
import { SHARED_TIMING, hartTiming } from '../timing/state.js';

/** [offset, offset behind] inside a hart area. */
const hartParts = [
  [0, L.CROSS_BITS],
  [L.PTE_TRACE, L.FILTERS],
] as const;

/** [address, bytes] */
function savedRanges(config: MachineConfig): [number, number][] {
  const ranges: [number, number][] = [[L.MACHINE, L.M_JIT_PLRU - L.MACHINE]];
  for (let hart = 0; hart < config.harts; hart++)
    for (const [from, end] of hartParts) ranges.push([hartArea(hart) + from, end - from]);
  if (config.timing.model === 'rocket') {
    ranges.push([...SHARED_TIMING]);
    for (let hart = 0; hart < config.harts; hart++) ranges.push(hartTiming(hart));
  }
  return ranges;
}

export function savedBytes(config: MachineConfig): number {
  return savedRanges(config).reduce((sum, [, size]) => sum + size, 0);
}

/** One range after the other. */
export function saveMemory(config: MachineConfig, linear: LinearMemory): Uint8Array {
  const saved = new Uint8Array(savedBytes(config));
  let to = 0;
  for (const [at, size] of savedRanges(config)) {
    saved.set(linear.bytes.subarray(at, at + size), to);
    to += size;
  }
  return saved;
}

export function loadMemory(config: MachineConfig, linear: LinearMemory, saved: Uint8Array): void {
  let from = 0;
  for (const [at, size] of savedRanges(config)) {
    linear.bytes.set(saved.subarray(from, from + size), at);
    from += size;
  }
}
