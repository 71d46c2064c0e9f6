/** Physical memory protection (Privileged ISA 3.7) with the V bit of DV-ext (dv-ext.md 5.3). */
import { CSR_PMPADDR, CSR_PMPCFG0, CSR_PMPCFG2 } from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import type { HartState, MachineState } from './state.js';

export const PMP_R = 1;
export const PMP_W = 2;
export const PMP_X = 4;
const PMP_V = 0x20;
const PMP_L = 0x80;

export const PMP_OFF = 0;
export const PMP_TOR = 1;
export const PMP_NA4 = 2;

export interface PmpQuery {
  readonly prv: number;
  /** PMP_R, PMP_W, PMP_X: all must be granted. */
  readonly need: number;
  /** The access belongs to a guest: the entry's V bit must be set. */
  readonly virtualized: boolean;
}

/** The configuration byte of an entry. */
export function pmpConfig(hart: HartState, entry: number): number {
  return hart.get8((entry < 8 ? CSR_PMPCFG0 : CSR_PMPCFG2) + (entry & 7));
}

/** A-field. */
export function pmpMatching(config: number): number {
  return (config >> 3) & 3;
}

/** First and last byte + 1 of an entry's range; undefined when it is off or empty. */
export function pmpRange(machine: MachineState, hart: HartState, entry: number): readonly [bigint, bigint] | undefined {
  const config = pmpConfig(hart, entry);
  if (pmpMatching(config) === PMP_OFF) return undefined;
  const grain = BigInt(machine.option(L.M_PMP_GRAIN) - 2);
  // 3.7.1: with a granularity of 2^(G+2) bytes the low G bits of pmpaddr do not take part in TOR, and count as ones in NAPOT.
  const lowBits = (1n << grain) - 1n;
  const address = (i: number): bigint => hart.csr(CSR_PMPADDR + 8 * i);
  switch (pmpMatching(config)) {
    case PMP_TOR: {
      const from = entry === 0 ? 0n : (address(entry - 1) & ~lowBits) << 2n;
      const to = (address(entry) & ~lowBits) << 2n;
      return from < to ? [from, to] : undefined;
    }
    case PMP_NA4:
      return [address(entry) << 2n, (address(entry) << 2n) + 4n];
    default: {
      const value = grain === 0n ? address(entry) : address(entry) | (lowBits >> 1n);
      // n trailing ones cover 2^(n+3) bytes; value ^ (value + 1) is n + 1 ones.
      const size = ((value ^ (value + 1n)) + 1n) << 2n;
      const base = (value << 2n) & ~(size - 1n);
      return [base, base + size];
    }
  }
}

export function pmpAllows(machine: MachineState, hart: HartState, pa: bigint, size: number, query: PmpQuery): boolean {
  const entries = machine.option(L.M_PMP_ENTRIES);
  const end = pa + BigInt(size);
  for (let entry = 0; entry < entries; entry++) {
    const range = pmpRange(machine, hart, entry);
    if (range === undefined || end <= range[0] || pa >= range[1]) continue;
    // The lowest-numbered entry that matches any byte decides; it must match all of them.
    if (pa < range[0] || end > range[1]) return false;
    const config = pmpConfig(hart, entry);
    if (query.prv === L.PRV_M && (config & PMP_L) === 0) return true;
    if ((config & query.need) !== query.need) return false;
    return !query.virtualized || !hasVirtualBit(machine) || (config & PMP_V) !== 0;
  }
  return query.prv === L.PRV_M || entries === 0;
}

/** Does pmpcfg have the V bit? */
export function hasVirtualBit(machine: MachineState): boolean {
  return machine.hasDvext && machine.option(L.M_VPMP_ABSENT) === 0;
}
