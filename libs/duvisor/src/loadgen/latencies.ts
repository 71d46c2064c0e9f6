import type { LatencySummary } from './load-spec.js';

/** Every latency of a load, so that the percentiles are exact. Cycles. */
export class Latencies {
  private readonly samples: number[] = [];

  add(cycles: number): void {
    this.samples.push(cycles);
  }

  /** Nearest rank: the smallest sample that at least the given share of all samples does not exceed. Zeros without samples. */
  summary(): LatencySummary {
    const sorted = Float64Array.from(this.samples).sort();
    const rank = (percent: number): number => sorted[Math.ceil((percent * sorted.length) / 100) - 1] ?? 0;
    const sum = sorted.reduce((total, sample) => total + sample, 0);
    return {
      p50: rank(50),
      p95: rank(95),
      p99: rank(99),
      mean: sorted.length === 0 ? 0 : sum / sorted.length,
      max: sorted.at(-1) ?? 0,
    };
  }
}
