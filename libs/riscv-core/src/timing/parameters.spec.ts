import { describe, expect, it } from 'vitest';
import { TIMING, TIMING_END } from '../hart/layout.js';
import { PARAMETER_BLOCK_SIZE } from './limits.js';
import * as slots from './parameter-slots.js';
import { ParameterError, parameters, presetNames, resolveParameters, writeParameters } from './parameters.js';
import { SHARED_TIMING } from './state.js';

/** The one-line message of a refused value. */
function refused(preset: string | undefined, set: Record<string, unknown> = {}): string {
  try {
    resolveParameters(preset, set);
  } catch (error) {
    if (error instanceof ParameterError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('the table', () => {
  it('names each parameter once, gives each slot to one, and starts inside its own range', () => {
    const names = parameters.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const used = parameters.flatMap(({ slot }) => (slot === undefined ? [] : [slot]));
    expect(new Set(used).size).toBe(used.length);
    for (const { name, value, min, max } of parameters) {
      expect(value, name).toBeGreaterThanOrEqual(min);
      expect(value, name).toBeLessThanOrEqual(max);
    }
  });

  it('has a parameter for every slot that the core reads', () => {
    const declared = Object.entries(slots).filter(([name]) => name.startsWith('P_'));
    const used = new Set(parameters.map(({ slot }) => slot));
    expect(declared.filter(([, offset]) => !used.has(offset)).map(([name]) => name)).toEqual([]);
    for (const [name, offset] of declared) expect(offset, name).toBeLessThan(PARAMETER_BLOCK_SIZE);
  });

  it('keeps the state inside the timing region', () => {
    expect(SHARED_TIMING[0] + SHARED_TIMING[1]).toBeLessThan(TIMING_END);
  });
});

describe('resolveParameters', () => {
  it('gives every parameter a value; --set wins over the preset', () => {
    expect(resolveParameters().get('l1d.ways')).toBe(4);
    expect(resolveParameters('chipyard-huge').get('l1d.ways')).toBe(8);
    const values = resolveParameters('chipyard-huge', { 'l1d.ways': 2, 'branch.mispredict': 7 });
    expect([values.get('l1d.ways'), values.get('l1i.ways'), values.get('branch.mispredict')]).toEqual([2, 8, 7]);
    expect(values.size).toBe(parameters.length);
  });

  it('accepts its own defaults for every preset', () => {
    for (const preset of presetNames) {
      expect(refused(preset, Object.fromEntries(parameters.map(({ name, value }) => [name, value])))).toBe('accepted');
    }
  });

  it.each([
    [
      'unknown preset',
      'nope',
      {},
      '--timing: found rocket:nope, expected rocket:PRESET with one of firesim-osdi23, firesim-1ghz, chipyard-huge',
    ],
    ['name of an object method', 'toString', {}, /^--timing: found rocket:toString/],
    [
      'unknown parameter',
      undefined,
      { 'l1d.way': 4 },
      /^--set l1d\.way: found no such parameter, expected one of l1d\.sets, l1d\.ways/,
    ],
    [
      'unknown unit',
      undefined,
      { 'l9.ways': 4 },
      /^--set l9\.ways: found no such parameter, expected a name that begins with one of clock\. /,
    ],
    [
      'not a power of two',
      undefined,
      { 'l1d.ways': 3 },
      '--set l1d.ways: found 3, expected a power of two from 1 to 16 (ways)',
    ],
    [
      'fraction',
      undefined,
      { 'l2.hit': 1.5 },
      '--set l2.hit: found 1.5, expected a whole number from 0 to 1000 (cycles)',
    ],
    [
      'too large',
      undefined,
      { 'l2.hit': 1001 },
      '--set l2.hit: found 1001, expected a whole number from 0 to 1000 (cycles)',
    ],
    ['negative', undefined, { 'l2.hit': -1 }, /found -1/],
    ['not a number', undefined, { 'l2.hit': NaN }, /found NaN/],
    ['a string', undefined, { 'l2.hit': '16' }, /found 16, expected a whole number/],
    ['a boolean', undefined, { 'l2.hit': true }, /found true/],
    [
      'more lines than reserved',
      undefined,
      { 'l2.sets': 4096, 'l2.ways': 16 },
      '--set l2.sets: found l2.sets x l2.ways = 65536, expected at most 32768',
    ],
  ] as const)('refuses %s in one line', (_what, preset, set, message) => {
    const text = refused(preset, set);
    if (typeof message === 'string') expect(text).toBe(message);
    else expect(text).toMatch(message);
    expect(text).not.toContain('\n');
  });
});

it('writeParameters puts each value at its slot', () => {
  const memory = new WebAssembly.Memory({ initial: TIMING_END / 0x1_0000 });
  writeParameters(resolveParameters(undefined, { 'l2.hit': 21 }), memory, TIMING);
  const view = new DataView(memory.buffer, TIMING);
  expect(view.getUint32(slots.P_L2_HIT, true)).toBe(21);
  expect(view.getUint32(slots.P_CORE_MHZ, true)).toBe(3200);
});
