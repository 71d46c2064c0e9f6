/** L1 instruction cache: random replacement stepped per refill, not coherent, emptied by FENCE.I (rocket-timing.md 4). */
import { P_L1I_SETS, P_L1I_WAYS } from '../../src/timing/parameter-slots';
import { l2Fetch } from './l2';
import { MAX_L1_WAYS } from '../../src/timing/limits';
import { L1I, L1I_LFSR, LINE_SHARED, stateOf } from './layout';
import { addCycles, parameter, random } from './parts';

export function icacheAccess(h: i32, pa: i64): void {
  const state = stateOf(h);
  const word = (u32(u64(pa) >> 6) << 2) | LINE_SHARED;
  const ways = parameter(P_L1I_WAYS);
  const set = state + L1I + (i32(u64(pa) >> 6) & (parameter(P_L1I_SETS) - 1)) * MAX_L1_WAYS * 4;
  for (let way = 0; way < ways; way++) {
    if (load<u32>(set + way * 4) == word) return;
  }
  const way = random(state + L1I_LFSR, ways);
  addCycles(h, l2Fetch(word >> 2));
  store<u32>(set + way * 4, word);
}

export function icacheFlush(h: i32): void {
  memory.fill(stateOf(h) + L1I, 0, parameter(P_L1I_SETS) * MAX_L1_WAYS * 4);
}
