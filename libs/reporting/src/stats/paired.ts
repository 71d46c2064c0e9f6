/**
 * Paired comparison of two hypervisors (orchestrator.md section 6).
 *
 * The unit of replication is a seeded run: seed i on A is paired with seed i on B. The effect is the mean of ln(A ÷ B), given as a ratio,
 * with two 95 % intervals: Student's t and a percentile bootstrap with a fixed start value.
 */
import { xorshift32 } from './prng.js';
import { studentQuantile, studentTwoSided } from './student-t.js';
import { summarise } from './summary.js';

/** Inside ±1 % two systems count as equivalent. */
export const EQUIVALENCE_MARGIN = 0.01;
export const SIGNIFICANCE = 0.05;
const CONFIDENCE = 0.95;
const RESAMPLES = 2000;
const BOOTSTRAP_SEED = 20230401;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface PairedEffect {
  /** Pairs used. */
  readonly n: number;
  readonly seeds: readonly number[];
  /** Seeds that only one side has; left out so that n is equal. */
  readonly unpaired: readonly number[];
  /** exp(mean ln(A ÷ B)); null without a pair. */
  readonly ratio: number | null;
  /** Null with fewer than two pairs. */
  readonly t: Interval | null;
  readonly bootstrap: Interval | null;
  /** Two-sided p-value of "no difference"; null with fewer than two pairs. */
  readonly p: number | null;
}

/** Compares `a` with `b`, both from seed to a positive value. */
export function pairedEffect(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): PairedEffect {
  const all = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => x - y);
  const seeds = all.filter((seed) => a.has(seed) && b.has(seed));
  const unpaired = all.filter((seed) => !seeds.includes(seed));
  const logs = seeds.map((seed) => Math.log(positive(a.get(seed)) / positive(b.get(seed))));
  return { seeds, unpaired, ...logEffect(logs) };
}

/** Effect of a list of paired log ratios; used for one benchmark and for the geometric mean over several. */
export function logEffect(logs: readonly number[]): Pick<PairedEffect, 'n' | 'ratio' | 't' | 'bootstrap' | 'p'> {
  const summary = summarise(logs);
  if (summary === null) return { n: 0, ratio: null, t: null, bootstrap: null, p: null };
  const { n, mean, sd } = summary;
  if (sd === null) return { n, ratio: Math.exp(mean), t: null, bootstrap: null, p: null };
  const error = sd / Math.sqrt(n);
  const half = studentQuantile((1 + CONFIDENCE) / 2, n - 1) * error;
  return {
    n,
    ratio: Math.exp(mean),
    t: { low: Math.exp(mean - half), high: Math.exp(mean + half) },
    bootstrap: bootstrapInterval(logs),
    // No spread at all: any difference is certain, no difference is certain too.
    p: error === 0 ? (mean === 0 ? 1 : 0) : studentTwoSided(mean / error, n - 1),
  };
}

function bootstrapInterval(logs: readonly number[]): Interval {
  const random = xorshift32(BOOTSTRAP_SEED);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < logs.length; i += 1) sum += logs[Math.floor(random() * logs.length)] ?? 0;
    return sum / logs.length;
  }).sort((x, y) => x - y);
  const at = (share: number): number => means[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))] ?? 0;
  return { low: Math.exp(at((1 - CONFIDENCE) / 2)), high: Math.exp(at((1 + CONFIDENCE) / 2)) };
}

function positive(value: number | undefined): number {
  if (value === undefined || !(value > 0))
    throw new RangeError(`paired comparison: found ${String(value)}, expected a value above 0`);
  return value;
}

/** `better` = B needs less than A (the ratio A ÷ B is above 1). */
export type Verdict = 'better' | 'worse' | 'equivalent' | 'inconclusive';

/** Verdict about B against A from the interval and the p-value after Holm's correction. */
export function verdictOf(effect: Pick<PairedEffect, 't'>, adjustedP: number | null): Verdict {
  if (effect.t === null || adjustedP === null) return 'inconclusive';
  const { low, high } = effect.t;
  if (low > 1 - EQUIVALENCE_MARGIN && high < 1 + EQUIVALENCE_MARGIN) return 'equivalent';
  if (adjustedP >= SIGNIFICANCE) return 'inconclusive';
  if (low > 1) return 'better';
  if (high < 1) return 'worse';
  return 'inconclusive';
}
