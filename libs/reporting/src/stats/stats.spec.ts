import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holm } from './holm.js';
import { logEffect, pairedEffect, verdictOf } from './paired.js';
import { xorshift32 } from './prng.js';
import { studentCdf, studentQuantile, studentTwoSided } from './student-t.js';
import { summarise } from './summary.js';

const positive = fc.double({ min: 1, max: 1e6, noNaN: true });

describe("Student's t", () => {
  // Two-sided 95 % critical values as printed in every table of the distribution.
  it.each([
    [1, 12.7062],
    [2, 4.30265],
    [4, 2.77645],
    [9, 2.26216],
    [30, 2.04227],
    [1000, 1.96234],
  ])('has the tabulated critical value for %i degrees of freedom', (degrees, critical) => {
    expect(studentQuantile(0.975, degrees)).toBeCloseTo(critical, 4);
  });

  it('has quantile and distribution function as inverses, and symmetric tails', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 0.9999, noNaN: true }), fc.integer({ min: 1, max: 200 }), (p, degrees) => {
        const t = studentQuantile(p, degrees);
        expect(studentCdf(t, degrees)).toBeCloseTo(p, 9);
        expect(studentCdf(-t, degrees)).toBeCloseTo(1 - p, 9);
        expect(studentTwoSided(t, degrees)).toBeCloseTo(2 * (1 - p), 9);
      }),
    );
  });
});

describe('summary', () => {
  it('says nothing about no samples', () => {
    expect(summarise([])).toBeNull();
  });

  it('of equal samples has exactly their value, no spread and one distinct value', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 2, max: 20 }), (value, n) => {
        expect(summarise(Array.from({ length: n }, () => value))).toEqual({
          n,
          distinct: 1,
          mean: value,
          sd: 0,
          min: value,
          max: value,
        });
      }),
    );
  });

  it('computes the sample standard deviation', () => {
    expect(summarise([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({ mean: 5, min: 2, max: 9, distinct: 5 });
    expect(summarise([2, 4, 4, 4, 5, 5, 7, 9])?.sd).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });
});

describe('paired comparison', () => {
  const of = (...entries: [number, number][]): Map<number, number> => new Map(entries);

  it('pairs by seed and leaves out seeds of one side', () => {
    const effect = pairedEffect(of([1, 200], [2, 400], [3, 50]), of([1, 100], [2, 200], [9, 1]));
    expect(effect).toMatchObject({ n: 2, seeds: [1, 2], unpaired: [3, 9] });
    expect(effect.ratio).toBeCloseTo(2, 12);
  });

  it('has no interval from one pair, and is then inconclusive', () => {
    const effect = pairedEffect(of([1, 300]), of([1, 100]));
    expect(effect).toMatchObject({ n: 1, t: null, bootstrap: null, p: null });
    expect(verdictOf(effect, effect.p)).toBe('inconclusive');
  });

  it('turns round when the sides do', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(positive, positive), { minLength: 2, maxLength: 12 }), (pairs) => {
        const a = new Map(pairs.map(([x], seed) => [seed, x]));
        const b = new Map(pairs.map(([, y], seed) => [seed, y]));
        const [there, back] = [pairedEffect(a, b), pairedEffect(b, a)];
        expect((there.ratio ?? 0) * (back.ratio ?? 0)).toBeCloseTo(1, 9);
        expect(there.p ?? 0).toBeCloseTo(back.p ?? 0, 9);
      }),
    );
  });

  it('keeps the ratio inside both intervals, between the extremes of the pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 15 }), (logs) => {
        const { ratio, t, bootstrap } = logEffect(logs);
        const slack = 1 + 1e-9;
        for (const bounds of [t, bootstrap]) {
          expect((bounds?.low ?? Infinity) / slack).toBeLessThanOrEqual(ratio ?? 0);
          expect((bounds?.high ?? 0) * slack).toBeGreaterThanOrEqual(ratio ?? Infinity);
        }
        expect((bootstrap?.low ?? 0) * slack).toBeGreaterThanOrEqual(Math.exp(Math.min(...logs)));
      }),
    );
  });

  it('gives the same bootstrap interval every time', () => {
    const logs = [0.1, 0.2, 0.15, 0.3];
    expect(logEffect(logs).bootstrap).toEqual(logEffect(logs).bootstrap);
  });

  it('refuses a value that is not above 0', () => {
    expect(() => pairedEffect(of([1, 0]), of([1, 1]))).toThrow('found 0, expected a value above 0');
  });
});

describe('verdict', () => {
  const verdict = (logs: number[]): string => {
    const effect = logEffect(logs);
    return verdictOf(effect, effect.p);
  };

  it('knows four answers', () => {
    expect(verdict([1, 1.01, 0.99])).toBe('better');
    expect(verdict([-1, -1.01, -0.99])).toBe('worse');
    expect(verdict([0.0001, -0.0001, 0])).toBe('equivalent');
    expect(verdict([2, -1, 0.5])).toBe('inconclusive');
  });

  it('takes equal samples at their word', () => {
    expect(verdict([0.7, 0.7, 0.7])).toBe('better');
    expect(verdict([0, 0, 0])).toBe('equivalent');
  });

  it('withdraws a difference that the correction for several benchmarks does not bear', () => {
    const effect = logEffect([0.5, 0.6, 0.4]);
    expect(verdictOf(effect, effect.p)).toBe('better');
    expect(verdictOf(effect, 0.06)).toBe('inconclusive');
  });
});

describe("Holm's correction", () => {
  it('does the textbook example', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => p?.toFixed(3))).toEqual(['0.030', '0.060', '0.060', '0.020']);
  });

  it('never lowers a p-value, keeps the order, leaves gaps alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }), { maxLength: 12 }),
        (values) => {
          const adjusted = holm(values);
          values.forEach((p, i) => {
            if (p === null) expect(adjusted[i]).toBeNull();
            else {
              expect(adjusted[i]).toBeGreaterThanOrEqual(p);
              expect(adjusted[i]).toBeLessThanOrEqual(1);
            }
            values.forEach((q, j) => {
              if (p !== null && q !== null && p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] ?? 0);
            });
          });
        },
      ),
    );
  });
});

describe('generator of the bootstrap', () => {
  it('repeats itself from the same start and stays in [0, 1)', () => {
    const [a, b] = [xorshift32(5), xorshift32(5)];
    for (let i = 0; i < 1000; i += 1) {
      const value = a();
      expect(value).toBe(b());
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
  });
});
