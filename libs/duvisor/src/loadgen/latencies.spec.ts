import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Latencies } from './latencies.js';

/** The definition of nearest rank, word by word. */
function plainPercentile(samples: readonly number[], percent: number): number {
  const candidates = samples.filter(
    (sample) => samples.filter((other) => other <= sample).length * 100 >= percent * samples.length,
  );
  return Math.min(...candidates);
}

describe('latencies', () => {
  it('have the percentiles of the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 150 }), (samples) => {
        const latencies = new Latencies();
        for (const sample of samples) latencies.add(sample);
        expect(latencies.summary()).toEqual({
          p50: plainPercentile(samples, 50),
          p95: plainPercentile(samples, 95),
          p99: plainPercentile(samples, 99),
          mean: samples.reduce((sum, sample) => sum + sample, 0) / samples.length,
          max: Math.max(...samples),
        });
      }),
    );
  });

  it('are zero without samples', () => {
    expect(new Latencies().summary()).toEqual({ p50: 0, p95: 0, p99: 0, mean: 0, max: 0 });
  });
});
