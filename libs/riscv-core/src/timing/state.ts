/** The part of the timing region that belongs to the state hash: equal in every engine (assembly/timing/layout.ts). */
import { TIMING } from '../hart/layout.js';
import { PARAMETER_BLOCK_SIZE } from './parameter-slots.js';

/** Parameters and state: first byte and the one behind the last. */
export const TIMING_HASH_BEGIN = TIMING;
export const TIMING_HASH_END = TIMING + PARAMETER_BLOCK_SIZE + 0x1000 + 8 * 0x20000 + 32_768 * 8 + 131_072 * 4;
