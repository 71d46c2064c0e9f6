import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from './canonical-json.js';

/** The same value with every object's keys written in reverse order. */
function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as JsonValue[]).map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, JsonValue>)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

const values = fc.jsonValue() as fc.Arbitrary<JsonValue>;

it('does not depend on the order in which keys were written', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
    }),
  );
});

it('is JSON and says the same value, so that different values have different texts', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it('sorts by code unit and leaves out what is undefined', () => {
  expect(canonicalJson({ b: 1, a: { d: undefined, c: [true, null, 'x'] }, B: -0.5 })).toBe(
    '{"B":-0.5,"a":{"c":[true,null,"x"]},"b":1}',
  );
});

it.each([NaN, Infinity, -Infinity])('refuses %s, which JSON cannot say', (value) => {
  expect(() => canonicalJson({ value })).toThrow(/expected a finite number/);
});
