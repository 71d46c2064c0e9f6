import { describe, expect, it } from 'vitest';
import { InputError, parseInput } from './input-error.js';
import { disagreements, runResultSchema, type RunResult } from './result.js';

const result: RunResult = {
  outcome: { kind: 'passed', exitCode: 0, detail: '' },
  instret: '123',
  cycles: '9223372036854775807',
  stateHash: 'abc',
  metrics: [
    { name: 'cycles.total', labels: {}, value: 10, unit: 'cycles/op' },
    { name: 'cycles.phase', labels: { phase: 'exit' }, value: 4, unit: 'cycles/op' },
  ],
  console: 'hello',
  images: { 'a.elf': '0'.repeat(64) },
  simulator: '1'.repeat(64),
  host: { seconds: 1, mips: 2, engine: 'interpreter' },
};

describe('two executions of one run', () => {
  it('agree whatever the host did, and in whatever order metrics come', () => {
    const other = {
      ...result,
      metrics: [...result.metrics].reverse(),
      host: { seconds: 9, mips: 1, engine: 'reference' as const },
    };
    expect(disagreements(result, other)).toEqual([]);
  });

  it.each<[string, Partial<RunResult>]>([
    ['outcome', { outcome: { kind: 'passed', exitCode: 1, detail: '' } }],
    ['instret', { instret: '124' }],
    ['cycles', { cycles: '9223372036854775806' }],
    ['stateHash', { stateHash: 'abd' }],
    ['console', { console: 'hello ' }],
    ['images', { images: { 'a.elf': '2'.repeat(64) } }],
    ['simulator', { simulator: '3'.repeat(64) }],
    ['metrics.cycles.total{}', { metrics: [{ ...result.metrics[0]!, value: 11 }, result.metrics[1]!] }],
    ['metrics.cycles.phase{"phase":"exit"}', { metrics: [result.metrics[0]!] }],
    ['metrics.cycles.total{}', { metrics: [{ ...result.metrics[0]!, unit: 'cycles' }, result.metrics[1]!] }],
  ])('disagree in %s', (name, change) => {
    expect(disagreements(result, { ...result, ...change })).toEqual([name]);
    expect(disagreements({ ...result, ...change }, result)).toEqual([name]);
  });
});

describe('a result', () => {
  it.each<[string, object, RegExp]>([
    [
      'cycles beyond a bigint column',
      { cycles: '9223372036854775808' },
      /cycles: found "9223372036854775808", expected an unsigned decimal integer below 2\^63/,
    ],
    ['cycles that are no number', { cycles: 'many' }, /cycles: found "many"/],
    ['negative instructions', { instret: '-1' }, /instret: found "-1"/],
    [
      'the same metric twice',
      { metrics: [result.metrics[0], result.metrics[0]] },
      /metrics\[1\]: found cycles\.total with the same labels for the second time/,
    ],
    [
      'a metric that is not a number',
      { metrics: [{ ...result.metrics[0], value: null }] },
      /metrics\[0\]\.value: found null, expected a number/,
    ],
    ['a figure nobody asked for', { watts: 3 }, /unknown key "watts"/],
    [
      'an unknown outcome',
      { outcome: { kind: 'great', exitCode: 0, detail: '' } },
      /outcome\.kind: found "great", expected one of "passed"/,
    ],
  ])('with %s is refused', (_, change, message) => {
    expect(() => parseInput(runResultSchema, { ...result, ...change }, 'result')).toThrow(message);
    expect(() => parseInput(runResultSchema, { ...result, ...change }, 'result')).toThrow(InputError);
  });
});
