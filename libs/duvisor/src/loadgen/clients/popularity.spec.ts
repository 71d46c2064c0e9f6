import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { Picker } from './popularity.js';

const DRAWS = 100_000;

function counts(picker: Picker, size: number): number[] {
  const found = new Array<number>(size).fill(0);
  for (let draw = 0; draw < DRAWS; draw++) found[picker.pick()]! += 1;
  return found;
}

describe('a picker', () => {
  it('picks everything equally often when uniform', () => {
    for (const count of counts(new Picker(10, 'uniform', new Random(1, 'x')), 10))
      expect(Math.abs(count - DRAWS / 10)).toBeLessThan(DRAWS / 100);
  });

  it('picks the i-th with a frequency of 1 / i^0.99 when zipf', () => {
    const size = 100;
    const found = counts(new Picker(size, 'zipf', new Random(1, 'x')), size);
    const total = Array.from({ length: size }, (_, i) => 1 / (i + 1) ** 0.99).reduce((a, b) => a + b);
    for (const i of [0, 1, 2, 9, 49]) {
      const expected = DRAWS / (i + 1) ** 0.99 / total;
      expect(Math.abs(found[i]! - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('of one thing picks it', () => {
    expect(new Picker(1, 'zipf', new Random(1, 'x')).pick()).toBe(0);
  });
});
