import { expect, it } from 'vitest';
import { TestFinisher } from './test-finisher.js';

it.each([
  [0x5555, [{ kind: 'finisher', code: 0 }]],
  [(3 << 16) | 0x3333, [{ kind: 'finisher', code: 3 }]],
  [(0xffff << 16) | 0x3333, [{ kind: 'finisher', code: 0xffff }]],
  [0x7777, [{ kind: 'reset', code: 0 }]],
  [0x1234, []],
])('a store of %d stops the machine as told', (value, expected) => {
  const seen: object[] = [];
  const finisher = new TestFinisher((verdict) => seen.push(verdict));
  expect(finisher.store(0, 4, BigInt(value >>> 0))).toBe(true);
  expect(finisher.store(4, 4, 0x5555n)).toBe(true);
  expect(seen).toEqual(expected);
});
