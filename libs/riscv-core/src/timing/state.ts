/** The part of the timing region that belongs to the state hash: equal in every engine (assembly/timing/layout.ts). */
import { MAX_HARTS, TIMING } from '../hart/layout.js';
import {
  HART_STATE_STRIDE,
  L2_LINE_SIZE,
  LLC_BLOCK_SIZE,
  MAX_L2_LINES,
  MAX_LLC_BLOCKS,
  PARAMETER_BLOCK_SIZE,
  SHARED_STATE_SIZE,
} from './limits.js';

/** Parameters and state: first byte and the one behind the last. */
export const TIMING_HASH_BEGIN = TIMING;
export const TIMING_HASH_END =
  TIMING +
  PARAMETER_BLOCK_SIZE +
  SHARED_STATE_SIZE +
  MAX_HARTS * HART_STATE_STRIDE +
  MAX_L2_LINES * L2_LINE_SIZE +
  MAX_LLC_BLOCKS * LLC_BLOCK_SIZE;

/** State of hart 0; the others follow at HART_STATE_STRIDE. */
export const HART_STATE = TIMING + PARAMETER_BLOCK_SIZE + SHARED_STATE_SIZE;
