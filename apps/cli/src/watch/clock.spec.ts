import { describe, expect, it } from 'vitest';
import { clock } from './clock.js';

describe('a clock', () => {
  it.each([
    [0, '0:00'],
    [59.6, '1:00'],
    [65, '1:05'],
    [3723, '1:02:03'],
  ])('shows %d s as %s', (seconds, text) => expect(clock(seconds)).toBe(text));
});
