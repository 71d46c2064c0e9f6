/**
 * Behind the L2: last-level cache of the memory model (tags, rocket-timing.md 7) and DRAM as a fixed latency (8).
 * Latencies are in memory-bus cycles and are turned into core cycles only at the end, never folded together.
 */
import {
  P_CORE_MHZ,
  P_CROSSING,
  P_DRAM_READ,
  P_LLC_BEATS,
  P_LLC_BLOCK_BYTES,
  P_LLC_HIT,
  P_LLC_SETS,
  P_LLC_WAYS,
  P_MEMORY_MHZ,
} from '../../src/timing/parameter-slots';
import { LLC, LLC_LFSR } from './layout';
import { parameter, random } from './parts';

/** Finds or allocates the block that holds `line`; true = it was there. A block that was allocated comes from DRAM. */
function touchBlock(line: i32): bool {
  const block = u32(line) / (parameter(P_LLC_BLOCK_BYTES) / 64);
  const ways = parameter(P_LLC_WAYS);
  const set = LLC + (block & (parameter(P_LLC_SETS) - 1)) * ways * 4;
  let empty: i32 = -1;
  for (let way = 0; way < ways; way++) {
    const held = load<u32>(set + way * 4);
    if (held == block) return true;
    if (held == 0 && empty < 0) empty = way;
  }
  const way = empty >= 0 ? empty : random(LLC_LFSR, ways);
  store<u32>(set + way * 4, block);
  return false;
}

/** Reads a 64-byte line. Returns core cycles from the L2's request to the last beat. */
export function memoryRead(line: i32): i32 {
  let cycles = 2 * parameter(P_CROSSING) + parameter(P_LLC_HIT) + parameter(P_LLC_BEATS);
  if (!touchBlock(line)) cycles += parameter(P_DRAM_READ);
  const memoryMHz = parameter(P_MEMORY_MHZ);
  return (cycles * parameter(P_CORE_MHZ) + memoryMHz - 1) / memoryMHz;
}

/** Writes a line back: proceeds in parallel with what the core waits for, so it only changes tags. */
export function memoryWrite(line: i32): void {
  touchBlock(line);
}
