import { disagreements, runResultSchema, type RunSpec } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { prebuiltImages } from './images.js';
import { simulateRun, type SimulateOptions } from './simulate.js';
import { simulatorDigest } from './simulator-digest.js';

const spec: RunSpec = {
  machine: { preset: 'firesim', harts: 1, memoryMiB: 128, timing: 'rocket', dvext: 'rocket', quantum: 1000, set: {} },
  hypervisor: 'duvisor',
  workload: { name: 'hypercall', params: { iterations: 20, warmup: 5 } },
  seed: 1,
};

const run = (options: Partial<SimulateOptions> = {}, of: RunSpec = spec) =>
  simulateRun(of, { engine: 'interpreter', images: prebuiltImages(of), ...options });

describe('a simulated run', () => {
  it('gives a result that the contracts accept, the same every time', () => {
    const one = run();
    expect(runResultSchema.parse(one)).toEqual(one);
    expect(one.outcome).toEqual({ kind: 'passed', exitCode: 0, detail: '' });
    expect(disagreements(one, run())).toEqual([]);
  });

  it('is the same on the reference engine', () => {
    expect(disagreements(run(), run({ engine: 'reference' }))).toEqual([]);
  });

  it('reports how far it is, and is not changed by being watched', () => {
    const seen: number[] = [];
    const watched = run({
      engine: 'reference',
      onProgress: ({ instret }) => seen.push(instret),
      shouldStop: () => false,
    });
    expect(seen.length).toBeGreaterThan(10);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    expect(String(seen.at(-1))).toBe(watched.instret);
    expect(disagreements(run(), watched)).toEqual([]);
  });

  it('ends as timed out at its instruction limit', () => {
    const { outcome, metrics, instret } = run({ maxInstructions: 10_000 });
    expect(outcome).toEqual({ kind: 'timed-out', exitCode: null, detail: `no end after ${instret} instructions` });
    expect(metrics).toEqual([]);
  });

  it('stops when asked and says so', () => {
    const { outcome } = run({ engine: 'reference', shouldStop: () => true });
    expect(outcome.kind).toBe('timed-out');
    expect(outcome.detail).toMatch(/^stopped after \d+ instructions$/);
  });

  it('fails when the target ends with a code, which it keeps', () => {
    const needy: RunSpec = { ...spec, workload: { name: 'stage2-fault', params: { iterations: 100_000, warmup: 0 } } };
    const { outcome } = run({}, needy);
    expect(outcome.kind).toBe('failed');
    expect(outcome.exitCode).toBeGreaterThan(0);
  });

  it('depends on the seed', () => {
    expect(run({}, { ...spec, seed: 2 }).stateHash).not.toBe(run().stateHash);
  });

  it('names the simulator by its content', () => {
    expect(run().simulator).toBe(simulatorDigest());
    expect(simulatorDigest()).toMatch(/^[0-9a-f]{64}$/);
  });
});
