import { describe, expect, it } from 'vitest';
import { fromJson, toJson } from './plain.js';

describe('values as JSON and back', () => {
  it('big integers, bytes, maps and sets come back, at any depth', () => {
    const value = {
      count: 1n << 63n,
      bytes: Uint8Array.of(0, 255),
      parameters: new Map<string, unknown>([['a', [new Set(['zba', 'zbs'])]]]),
      nothing: null,
    };
    expect(fromJson(toJson(value))).toEqual(value);
  });

  it('what would be lost is refused', () => {
    expect(() => toJson({ pattern: /x/ })).toThrow(/a RegExp/);
    expect(() => toJson([new Date(0)])).toThrow(/a Date/);
  });
});
