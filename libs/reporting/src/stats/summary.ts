/** Location and spread of a handful of samples. */

export interface Summary {
  readonly n: number;
  /** Number of different values: a deterministic simulator that repeats itself has one sample, however often it ran. */
  readonly distinct: number;
  readonly mean: number;
  /** Sample standard deviation; null for one sample. */
  readonly sd: number | null;
  readonly min: number;
  readonly max: number;
}

/** Summary of at least one sample; null when there is none. */
export function summarise(samples: readonly number[]): Summary | null {
  if (samples.length === 0) return null;
  const n = samples.length;
  const min = Math.min(...samples);
  const max = Math.max(...samples);
  const distinct = new Set(samples).size;
  // Equal samples have exactly that mean; summing them first would only add rounding.
  const mean = distinct === 1 ? min : samples.reduce((sum, value) => sum + value, 0) / n;
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, distinct, mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : null, min, max };
}
