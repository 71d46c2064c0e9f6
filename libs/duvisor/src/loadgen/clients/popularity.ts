import type { Popularity } from '../load-spec.js';
import type { Random } from '../random.js';

/** As YCSB does. */
const ZIPF_EXPONENT = 0.99;

/** Picks one of `count` things, the first being the most popular. */
export class Picker {
  /** Share of all picks that fall on things 0..i. */
  private readonly cumulative: Float64Array;

  constructor(
    count: number,
    kind: Popularity,
    private readonly random: Random,
  ) {
    const weight = (index: number): number => (kind === 'zipf' ? (index + 1) ** -ZIPF_EXPONENT : 1);
    this.cumulative = new Float64Array(count);
    let sum = 0;
    for (let index = 0; index < count; index++) this.cumulative[index] = sum += weight(index);
    for (let index = 0; index < count; index++) this.cumulative[index]! /= sum;
  }

  /** 0 .. count - 1. */
  pick(): number {
    const share = this.random.unit();
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle]! > share) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
