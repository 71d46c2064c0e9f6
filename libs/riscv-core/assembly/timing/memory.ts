/**
 * From the L2 to the memory bus and back (rocket-timing.md 1 and 6): two clock domains and the crossing between them. A request
 * waits for the next edge of the memory clock, its answer for the next edge of the core's.
 */
import { CYCLE } from '../../src/hart/layout';
import { P_CORE_MHZ, P_CROSSING, P_L2_MISS, P_LLC_BEATS, P_MEMORY_MHZ } from '../../src/timing/parameter-slots';
import { DEVICE } from './layout';
import { llcRead, llcTouch, llcWrite } from './llc';
import { parameter } from './parts';

/** First edge of a clock of `to` MHz at or after cycle `cycle` of one of `from` MHz. Exact up to 2^40 cycles; half the time of an integer division. */
@inline
function edge(cycle: u64, from: i32, to: i32): u64 {
  return u64(i64(ceil((f64(i64(cycle)) * f64(to)) / f64(from))));
}

/** Memory cycle of the first edge at or after core cycle `cycle`, behind the crossing. */
@inline
function enter(cycle: u64): u64 {
  return edge(cycle, parameter(P_CORE_MHZ), parameter(P_MEMORY_MHZ)) + u64(parameter(P_CROSSING));
}

/**
 * Reads a line that the L2 does not have, for the hart whose area is `h`, `delay` cycles after its clock. Returns core cycles
 * from there to the last beat in the L2. DEVICE: changes what is present, takes no time.
 */
export function memoryRead(h: i32, delay: i32, line: i32): i32 {
  if (h == DEVICE) {
    llcTouch(line, false);
    return 0;
  }
  const now = load<u64>(h + CYCLE) + delay;
  const last = llcRead(h, enter(now + parameter(P_L2_MISS)), line) + u64(parameter(P_CROSSING));
  return i32(edge(last, parameter(P_MEMORY_MHZ), parameter(P_CORE_MHZ)) - now);
}

/** Writes a line back, beside what the hart waits for: its data are there a line's beats later. */
export function memoryWrite(h: i32, delay: i32, line: i32): void {
  if (h == DEVICE) llcTouch(line, true);
  else llcWrite(h, enter(load<u64>(h + CYCLE) + delay + parameter(P_L2_MISS)) + parameter(P_LLC_BEATS), line);
}
