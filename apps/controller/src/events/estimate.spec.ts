import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secondsLeft, type PointWork } from './estimate.js';

const point = (pointId: string, waiting: number, seconds: number | null, earlierSeconds: number | null = null) =>
  ({ pointId, waiting, seconds, earlierSeconds }) satisfies PointWork;

describe('time a campaign still needs', () => {
  it('is nothing when nothing is open, and unknown before anything was computed', () => {
    expect(secondsLeft([point('a', 0, 4)], [])).toBe(0);
    expect(secondsLeft([point('a', 3, null)], [])).toBeNull();
  });

  it('takes each point for as long as its runs took, here or earlier', () => {
    expect(secondsLeft([point('a', 2, 4), point('b', 1, null, 10)], [])).toBe(18);
    expect(secondsLeft([point('a', 1, 4, 100)], [])).toBe(4);
  });

  it('takes a point never computed for the mean of the others', () => {
    expect(secondsLeft([point('a', 0, 4), point('b', 0, 8), point('c', 2, null)], [])).toBe(12);
  });

  it('shares the work among the runs in hand, and waits for the longest of them', () => {
    const points = [point('a', 2, 10)];
    const running = [
      { pointId: 'a', elapsedSeconds: 5 },
      { pointId: 'a', elapsedSeconds: 15 },
    ];
    expect(secondsLeft(points, running)).toBe(12.5);
    // A worker between two runs is still one.
    expect(secondsLeft([point('a', 4, 10)], [], 2)).toBe(20);
    expect(secondsLeft([point('a', 0, 10)], [...running, { pointId: 'a', elapsedSeconds: 1 }])).toBe(9);
  });

  it('is never negative', () => {
    const work = fc.record({
      pointId: fc.constantFrom('a', 'b'),
      waiting: fc.nat(50),
      seconds: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
      earlierSeconds: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
    });
    const running = fc.record({
      pointId: fc.constantFrom('a', 'b'),
      elapsedSeconds: fc.double({ min: 0, max: 1e5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(work), fc.array(running), (points, held) => {
        expect(secondsLeft(points, held) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
