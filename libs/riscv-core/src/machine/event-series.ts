/**
 * The cycle model's event counts as a time series: per interval of target cycles, what each hart did in each privilege mode. Taken between
 * turns, so that nothing of the target changes: an interval of a machine with several harts ends up to a turn late.
 */
import { countedEvents, countedModes, readCounts, type CountedMode } from '../timing/counters.js';

/** What happened to one hart in one interval. */
export interface EventSample {
  /** End of the interval: a multiple of its length, or the cycle at which the machine stopped. */
  readonly cycle: number;
  readonly hart: number;
  /** `all`: the hart as a whole, with its cycles and instructions. */
  readonly mode: CountedMode | 'all';
  readonly cycles?: number;
  readonly instructions?: number;
  /** In the order of countedEvents. */
  readonly counts: readonly number[];
}

export interface SeriesSource {
  readonly harts: readonly number[];
  readonly memory: { readonly memory: WebAssembly.Memory };
  cycles(hart: number): number;
  instret(hart: number): number;
}

interface HartTotals {
  cycles: number;
  instructions: number;
  counts: number[][];
}

export class EventSeries {
  private readonly last: HartTotals[];
  /** When the interval under way ends. */
  next: number;

  /** `every`: length of an interval; Infinity = one sample at the end. */
  constructor(
    private readonly source: SeriesSource,
    private readonly every: number,
    private readonly take: (samples: readonly EventSample[]) => void,
  ) {
    const now = Math.min(...source.harts.map((hart) => source.cycles(hart)));
    this.next = every === Infinity ? Infinity : (Math.floor(now / every) + 1) * every;
    this.last = source.harts.map((hart) => ({
      cycles: source.cycles(hart),
      instructions: source.instret(hart),
      counts: countedModes.map(({ mode }) => readCounts(source.memory.memory, hart, mode)),
    }));
  }

  /** Every hart that is awake has reached `cycle`. An idle stretch of several intervals gives one sample. */
  reached(cycle: number): void {
    if (cycle < this.next) return;
    const end = Math.floor(cycle / this.every) * this.every;
    this.next = end + this.every;
    this.sample(end);
  }

  /** The machine has stopped. */
  end(): void {
    this.sample(Math.max(...this.source.harts.map((hart) => this.source.cycles(hart))));
  }

  private sample(cycle: number): void {
    const samples: EventSample[] = [];
    for (const hart of this.source.harts) {
      const totals = this.last[hart]!;
      const cycles = this.source.cycles(hart);
      const instructions = this.source.instret(hart);
      const parts: EventSample[] = [];
      const sum = countedEvents.map(() => 0);
      countedModes.forEach(({ mode }, index) => {
        const now = readCounts(this.source.memory.memory, hart, mode);
        const counts = now.map((value, event) => value - totals.counts[index]![event]!);
        totals.counts[index] = now;
        counts.forEach((value, event) => (sum[event]! += value));
        if (counts.some((value) => value !== 0)) parts.push({ cycle, hart, mode, counts });
      });
      const whole = { cycles: cycles - totals.cycles, instructions: instructions - totals.instructions };
      samples.push({ cycle, hart, mode: 'all', ...whole, counts: sum }, ...parts);
      totals.cycles = cycles;
      totals.instructions = instructions;
    }
    this.take(samples);
  }
}

/** First line of the series as comma-separated values. */
export const seriesHeader = [
  'cycle',
  'hart',
  'mode',
  'cycles',
  'instructions',
  ...countedEvents.map(({ name }) => name),
].join();

/** A line per sample. */
export function seriesLine({ cycle, hart, mode, cycles, instructions, counts }: EventSample): string {
  return [cycle, hart, mode, cycles ?? '', instructions ?? '', ...counts].join();
}
