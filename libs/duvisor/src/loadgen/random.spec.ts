import { describe, expect, it } from 'vitest';
import { Random } from './random.js';

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.u32());

describe('the random numbers of a load', () => {
  it('follow from seed and stream alone', () => {
    expect(draw(new Random(7, 'keys'), 100)).toEqual(draw(new Random(7, 'keys'), 100));
    expect(draw(new Random(7, 'keys'), 4)).not.toEqual(draw(new Random(8, 'keys'), 4));
    expect(draw(new Random(7, 'keys'), 4)).not.toEqual(draw(new Random(7, 'sizes'), 4));
    expect(draw(new Random(7, 'keys'), 4)).not.toEqual(draw(new Random(7 + 2 ** 32, 'keys'), 4));
  });

  it('spread evenly over a range, ends included', () => {
    const random = new Random(1, 'range');
    const counts = new Map<number, number>();
    for (let i = 0; i < 60_000; i++) {
      const value = random.within({ min: 3, max: 8 });
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([3, 4, 5, 6, 7, 8]);
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('give the share and the mean that are asked for', () => {
    const random = new Random(1, 'mean');
    let hits = 0;
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      if (random.chance(0.3)) hits += 1;
      sum += random.exponential(50);
    }
    expect(hits / 100_000).toBeCloseTo(0.3, 1);
    expect(sum / 100_000).toBeGreaterThan(49);
    expect(sum / 100_000).toBeLessThan(51);
    expect([0, 1].map((share) => new Random(1, 'x').chance(share))).toEqual([false, true]);
  });
});
