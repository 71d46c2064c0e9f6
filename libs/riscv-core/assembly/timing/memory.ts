/**
 * From the L2 to the memory bus and back (rocket-timing.md 1 and 6): two clock domains and the crossing between them. A request
 * waits for the next edge of the memory clock, its answer for the next edge of the core's.
 */
import { P_CORE_MHZ, P_CROSSING, P_L2_MISS, P_LLC_BEATS, P_MEMORY_MHZ } from '../../src/timing/parameter-slots';
import { llcRead, llcWrite } from './llc';
import { parameter } from './parts';

/** 2^52: the low bits of its sum with a number below 2^51 are the integer nearest to that number. */
const ROUNDING: f64 = 4503599627370496;

// The clocks' ratio, reduced: in as many memory cycles as `memoryStep` there are `coreStep` core cycles. And their reciprocals.
let coreStep: i64 = 1;
let memoryStep: i64 = 1;
let perCoreStep: f64 = 1;
let perMemoryStep: f64 = 1;
// 1 / (2 by) - 1/2, see edge.
let halfCoreStep: f64 = 0;
let halfMemoryStep: f64 = 0;

/** Derives what edges need from the parameters: call before the first request. */
export function prepareClocks(): void {
  let divisor = parameter(P_CORE_MHZ);
  for (let rest = parameter(P_MEMORY_MHZ); rest != 0;) {
    const remainder = divisor % rest;
    divisor = rest;
    rest = remainder;
  }
  coreStep = parameter(P_CORE_MHZ) / divisor;
  memoryStep = parameter(P_MEMORY_MHZ) / divisor;
  perCoreStep = 1 / f64(coreStep);
  perMemoryStep = 1 / f64(memoryStep);
  halfCoreStep = 0.5 * perCoreStep - 0.5;
  halfMemoryStep = 0.5 * perMemoryStep - 0.5;
}

/**
 * Ceiling of cycle * times / by: the first edge, at or after `cycle`, of a clock with `times` edges in `by` cycles. As the integer
 * nearest to (n + 1/2) / by - 1/2, n = cycle * times + by - 1, which is never nearer to a half than 1 / (2 by): exact below
 * 2^50 / by, which is 2^46 for the clocks of the evaluation machine. An integer division takes twice the time.
 */
@inline
function edge(cycle: u64, times: i64, by: i64, perBy: f64, half: f64): u64 {
  const numerator = f64(i64(cycle) * times + (by - 1));
  return reinterpret<u64>(numerator * perBy + half + ROUNDING) - reinterpret<u64>(ROUNDING);
}

/** First edge of the memory clock at or after core cycle `cycle`. */
@inline
export function memoryEdge(cycle: u64): u64 {
  return edge(cycle, memoryStep, coreStep, perCoreStep, halfCoreStep);
}

/** First edge of the core clock at or after memory cycle `cycle`. */
@inline
export function coreEdge(cycle: u64): u64 {
  return edge(cycle, coreStep, memoryStep, perMemoryStep, halfMemoryStep);
}

/** Memory cycle of the first edge at or after core cycle `cycle`, behind the crossing. */
@inline
function enter(cycle: u64): u64 {
  return memoryEdge(cycle) + u64(parameter(P_CROSSING));
}

/**
 * Reads a line that the L2 does not have, for the hart whose area is `h`, from core cycle `now` on. Returns core cycles
 * from there to the last beat in the L2.
 */
@inline
export function memoryRead(h: i32, now: u64, line: i32): i32 {
  const last = llcRead(h, enter(now + parameter(P_L2_MISS)), line) + u64(parameter(P_CROSSING));
  return i32(coreEdge(last) - now);
}

/** Writes a line back, beside what the hart waits for: its data are there a line's beats later. */
export function memoryWrite(h: i32, now: u64, line: i32): void {
  llcWrite(h, enter(now + parameter(P_L2_MISS)) + parameter(P_LLC_BEATS), line);
}
