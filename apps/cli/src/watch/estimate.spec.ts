import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clock, secondsLeft } from './estimate.js';

describe('time still needed', () => {
  it('is unknown until a run was computed, and nothing at the end', () => {
    expect(secondsLeft({ seconds: 3, total: 10, ended: 4, free: 4, running: 1 })).toBeNull();
    expect(secondsLeft({ seconds: 3, total: 10, ended: 10, free: 0, running: 0 })).toBe(0);
  });

  it('follows the pace of the runs that were computed, not of those answered at once', () => {
    expect(secondsLeft({ seconds: 10, total: 30, ended: 20, free: 10, running: 0 })).toBeCloseTo(10, 9);
  });

  it('counts runs in hand as half done', () => {
    expect(secondsLeft({ seconds: 10, total: 4, ended: 1, free: 0, running: 2 })).toBeCloseTo(10, 9);
  });

  it('is never negative', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(8), fc.nat(10_000), (total, a, b, running, seconds) => {
        const ended = Math.min(total, a);
        const free = Math.min(ended, b);
        expect(secondsLeft({ seconds, total, ended, free, running }) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('a clock', () => {
  it.each([
    [0, '0:00'],
    [59.6, '1:00'],
    [65, '1:05'],
    [3723, '1:02:03'],
  ])('shows %d s as %s', (seconds, text) => expect(clock(seconds)).toBe(text));
});
