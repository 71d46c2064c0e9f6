/** The machine's clock: mtime counts ticks of the timebase, derived from the cycles of the hart that looks. */
import { CYCLE, M_CYCLES_PER_TICK, M_MTIME_OFFSET } from '../src/hart/layout';

/** mtime as the hart sees it now. */
export function mtime(h: usize): u64 {
  return load<u64>(h, CYCLE) / load<u64>(M_CYCLES_PER_TICK) + load<u64>(M_MTIME_OFFSET);
}

/** First cycle of the hart at which a clock that shows `now` will show `deadline`; all ones = never. */
export function cycleOf(h: usize, now: u64, deadline: u64): u64 {
  const perTick = load<u64>(M_CYCLES_PER_TICK);
  const tick = load<u64>(h, CYCLE) / perTick;
  const ticks = deadline - now;
  if (ticks > u64.MAX_VALUE / perTick - tick) return u64.MAX_VALUE;
  return (tick + ticks) * perTick;
}
