/**
 * The only source of chance in a load: numbers that follow from the run's seed. Each use draws from a stream of its own
 * name, so that one more draw in one place shifts nothing elsewhere.
 * Method: sfc32, the 32-bit "small fast counting" generator of PractRand (Doty-Humphrey).
 */
import type { Range } from './load-spec.js';

/** Outputs thrown away after seeding, as PractRand does. */
const WARM_UP = 15;

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, stream: string) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.c = hash(stream);
    for (let i = 0; i < WARM_UP; i++) this.u32();
  }

  /** 0 .. 2^32 - 1. */
  u32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }

  /** 0 <= x < 1, in steps of 2^-32. */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** A whole number of the range, both ends included; the bias is below 2^-32 times its width. */
  within({ min, max }: Range): number {
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  /** True in `share` of all calls. */
  chance(share: number): boolean {
    return this.unit() < share;
  }

  /** Exponentially distributed: the time between two arrivals of a Poisson process. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }
}

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}
