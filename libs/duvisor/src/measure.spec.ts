import { describe, expect, it } from 'vitest';
import { machinePresets, workloadDefaults, type RunSpec } from '#libs/contracts';
import type { Machine, MachineExit, ModeInterval } from '#libs/riscv-core';
import { planBoot } from './boot-plan.js';
import type { LoadResult } from './loadgen/load-spec.js';
import { measureLoad, type Measure } from './measure.js';
import type { ServiceLoad } from './service-boot.js';

const spec: RunSpec = {
  machine: machinePresets.firesim,
  hypervisor: 'kvm',
  workload: { name: 'redis-like', params: { ...workloadDefaults['redis-like'], requests: 10 } },
  seed: 1,
};
const answered: LoadResult = {
  requests: 10,
  verified: 10,
  failed: 0,
  errors: [],
  beginCycle: 100,
  endCycle: 200,
  latencies: { p50: 1, p95: 2, p99: 3, mean: 1, max: 4 },
  bytesIn: 1,
  bytesOut: 1,
};
const interval: ModeInterval = {
  cycles: 100,
  instructions: 50,
  byMode: { VU: 20, VS: 20, U: 20, S: 20, M: 10 },
  asleep: 10,
  traps: [],
};

/** A load that ended with `result`, on a machine whose clock was marked or not. */
function measured(
  result: Partial<LoadResult>,
  marked = true,
): { measure: Measure; load: ServiceLoad; stops: MachineExit[] } {
  const { load } = planBoot(spec, { read: () => new Uint8Array() });
  if (load === undefined) throw new Error('a service run has a load');
  Object.defineProperty(load.generator, 'result', { value: () => ({ ...answered, ...result }) });
  const stops: MachineExit[] = [];
  const marks: string[] = [];
  const clock = {
    begin: () => marks.push('begin'),
    end: () => marks.push('end'),
    interval: () => (marks.length === 2 ? interval : undefined),
  };
  const machine = { modeClock: () => clock, stop: (exit: MachineExit) => stops.push(exit) } as unknown as Machine;
  const measure = measureLoad(machine, load, spec);
  if (marked) {
    load.onMark('begin', 100);
    load.onMark('end', 200);
  }
  return { measure, load, stops };
}

describe('the measure of a service run', () => {
  it('is fault-free and complete when every reply was right', () => {
    const { measure } = measured({});
    expect(measure.fault()).toBe('');
    expect(measure.hung()).toBeUndefined();
    expect(measure.metrics().map(({ name }) => name)).toContain('requests.per-second');
  });

  it('finds fault with one wrong reply, and says which', () => {
    const { measure } = measured({ verified: 9, failed: 1, errors: ['cycle 150: GET a: found "x", expected "y"'] });
    expect(measure.fault()).toBe('1 replies were wrong or missing: cycle 150: GET a: found "x", expected "y"');
  });

  it('finds fault with trouble that cost no reply', () => {
    expect(measured({ failed: 1, errors: ['no "bye" from the machine'] }).measure.fault()).toMatch(/no "bye"/);
  });

  it('finds fault with requests that were never sent, and with missing marks', () => {
    expect(measured({ requests: 7, verified: 7 }).measure.fault()).toBe('7 replies were verified, expected 10');
    expect(measured({}, false).measure.fault()).toBe('the load generator set no marks');
  });

  it('has no metrics without marks or replies', () => {
    expect(measured({}, false).measure.metrics()).toEqual([]);
    expect(measured({ verified: 0, requests: 0 }).measure.metrics()).toEqual([]);
  });

  it('stops a machine that reaches its limit of target time, and says how far it came', () => {
    const { measure, load, stops } = measured({ verified: 4, errors: ['cycle 5: lost'] });
    load.onLimit();
    expect(stops).toEqual([{ kind: 'limit', code: null }]);
    expect(measure.hung()).toBe(
      `hangs: no end at cycle ${load.cycleLimit} of the target, 4 of 10 requests answered; first error: cycle 5: lost`,
    );
  });
});
