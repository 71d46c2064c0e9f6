import { describe, expect, it } from 'vitest';
import { ago, amount, duration, short, whole } from './format.js';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.00123, '0.0012'],
    [0.5, '0.5'],
    [12.345, '12.35'],
    [-3.1, '−3.1'],
    [412.06, '412.1'],
    [1234567.8, '1\u202f234\u202f568'],
  ])('shows %d as %s', (value, text) => expect(amount(value)).toBe(text));

  it('keeps every digit of a whole number, above 2^53 too', () => {
    expect(whole('12345678901234567890')).toBe('12\u202f345\u202f678\u202f901\u202f234\u202f567\u202f890');
  });

  it.each([
    [999, '999'],
    [1500, '1.5\u202fk'],
    [2.346e9, '2.35\u202fG'],
  ])('shortens %d to %s', (value, text) => expect(short(value)).toBe(text));
});

describe('times', () => {
  it.each([
    [-1, '0 s'],
    [0.84, '0.8 s'],
    [59.4, '59 s'],
    [185, '3 min 5 s'],
    [7800, '2 h 10 min'],
    [7200, '2 h'],
  ])('shows %d seconds as %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('says how long ago something was', () => {
    const now = Date.parse('2025-01-02T00:00:00Z');
    expect(ago('2025-01-01T23:59:58Z', now)).toBe('just now');
    expect(ago('2025-01-01T23:55:00Z', now)).toBe('5 min ago');
    expect(ago('2025-01-01T21:00:00Z', now)).toBe('3 h ago');
  });
});
