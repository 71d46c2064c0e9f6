/** L1 instruction cache: random replacement stepped per refill, not coherent, emptied by FENCE.I (rocket-timing.md 4). */
import { COUNT_L1I_MISS, COUNT_L1I_STALL } from '../../src/timing/counted-events';
import { P_L1I_SETS, P_L1I_WAYS } from '../../src/timing/parameter-slots';
import { add, count } from './counters';
import { l2Fetch } from './l2';
import { L1I, L1I_LFSR, LINE_SHARED, stateOf } from './layout';
import { addCycles, parameter, random } from './parts';

export function icacheAccess(h: i32, pa: i64): void {
  const state = stateOf(h);
  const word = (u32(u64(pa) >> 6) << 2) | LINE_SHARED;
  const ways = parameter(P_L1I_WAYS);
  const set = state + L1I + (i32(u64(pa) >> 6) & (parameter(P_L1I_SETS) - 1)) * parameter(P_L1I_WAYS) * 4;
  for (let way = 0; way < ways; way++) {
    if (load<u32>(set + way * 4) == word) return;
  }
  const way = random(state + L1I_LFSR, ways);
  const cycles = l2Fetch(h, word >> 2);
  count(h, COUNT_L1I_MISS);
  add(h, COUNT_L1I_STALL, cycles);
  addCycles(h, cycles);
  store<u32>(set + way * 4, word);
}

export function icacheFlush(h: i32): void {
  memory.fill(stateOf(h) + L1I, 0, parameter(P_L1I_SETS) * parameter(P_L1I_WAYS) * 4);
}
