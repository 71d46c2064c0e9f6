/** The cycle model's parameters and state that belong to the state hash: equal in every engine (assembly/timing/layout.ts). */
import { HARTS, HART_STRIDE, HART_TIMING, HART_TIMING_SIZE, TIMING } from '../hart/layout.js';
import {
  L2_LINE_SIZE,
  LLC_BLOCK_SIZE,
  MAX_L2_LINES,
  MAX_LLC_BLOCKS,
  PARAMETER_BLOCK_SIZE,
  SHARED_STATE_SIZE,
} from './limits.js';

/** [address, bytes] of parameters and what all harts share. */
export const SHARED_TIMING: readonly [number, number] = [
  TIMING,
  PARAMETER_BLOCK_SIZE + SHARED_STATE_SIZE + MAX_L2_LINES * L2_LINE_SIZE + MAX_LLC_BLOCKS * LLC_BLOCK_SIZE,
];

/** [address, bytes] of a hart's own. */
export function hartTiming(hart: number): [number, number] {
  return [HARTS + hart * HART_STRIDE + HART_TIMING, HART_TIMING_SIZE];
}
