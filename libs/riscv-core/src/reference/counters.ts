/**
 * Counters that software sets and stops (Privileged ISA 3.1.10, 3.1.12). A stored number is the distance from what the hardware counts
 * to what software reads; of a stopped counter, what software reads.
 */
import * as S from '../hart/csr-slots.js';
import { SLEPT } from '../hart/layout.js';
import { bit, wrap } from './bits.js';
import { eventsCounted, legalEvent } from './hpm.js';
import type { HartState } from './state.js';

/** Bits of mcountinhibit, which are the counters' numbers too. */
export const CYCLES = 0;
export const INSTRUCTIONS = 2;

const slotOf = (counter: number): number => {
  switch (counter) {
    case CYCLES:
      return S.CSR_MCYCLE_OFFSET;
    case INSTRUCTIONS:
      return S.CSR_MINSTRET_OFFSET;
    default:
      return S.CSR_MHPMCOUNTER + 8 * (counter - 3);
  }
};

function hardwareCount(hart: HartState, counter: number): bigint {
  switch (counter) {
    case CYCLES:
      return hart.cycle - hart.get64(SLEPT);
    case INSTRUCTIONS:
      return hart.instret;
    default:
      return eventsCounted(hart, counter);
  }
}

const isStopped = (hart: HartState, counter: number): boolean => bit(hart.csr(S.CSR_MCOUNTINHIBIT), counter);

export function readCounter(hart: HartState, counter: number): bigint {
  const stored = hart.csr(slotOf(counter));
  return isStopped(hart, counter) ? stored : wrap(stored + hardwareCount(hart, counter));
}

/** What is written is what the next instruction reads: minstret does not count the one that writes it. */
export function writeCounter(hart: HartState, counter: number, value: bigint): void {
  const own = counter === INSTRUCTIONS ? 1n : 0n;
  const distance = isStopped(hart, counter) ? value : wrap(value - hardwareCount(hart, counter) - own);
  hart.setCsr(slotOf(counter), distance);
}

/** `choice` is masked. The counter goes on from the value it has. */
export function writeEvent(hart: HartState, counter: number, choice: bigint): void {
  const value = readCounter(hart, counter);
  hart.setCsr(S.CSR_MHPMEVENT + 8 * (counter - 3), legalEvent(choice));
  writeCounter(hart, counter, value);
}

/**
 * mcountinhibit: the counters keep their values. The instruction that stops minstret is the last that it counts, the one that lets it
 * go is not counted.
 */
export function writeInhibit(hart: HartState, mask: bigint, value: bigint): void {
  const before = hart.csr(S.CSR_MCOUNTINHIBIT);
  const after = (before & ~mask) | (value & mask);
  for (let counter = 0; counter < 32; counter++) {
    if (bit(before, counter) === bit(after, counter)) continue;
    const read = readCounter(hart, counter) + (counter === INSTRUCTIONS && !bit(before, counter) ? 1n : 0n);
    const others = hart.csr(S.CSR_MCOUNTINHIBIT) & ~(1n << BigInt(counter));
    hart.setCsr(S.CSR_MCOUNTINHIBIT, others | (after & (1n << BigInt(counter))));
    writeCounter(hart, counter, wrap(read));
  }
}
