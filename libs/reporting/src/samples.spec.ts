import { describe, expect, it } from 'vitest';
import { readRun } from './input.js';
import { storedRun } from './report.testkit.js';
import { distinction, pointsOf } from './samples.js';

type Machine = ReturnType<typeof storedRun>['spec']['machine'];

/** The distinctions of points of one workload on these machines. */
function distinctions(...machines: Partial<Machine>[]): string[] {
  const runs = machines.map((machine, index) => {
    const run = storedRun({ hypervisor: 'kvm', workload: 'mmio', seed: 1, phases: {}, kernelExits: 0 }, index);
    return readRun({ ...run, spec: { ...run.spec, machine: { ...run.spec.machine, ...machine } } });
  });
  const points = pointsOf(runs);
  return points.map((point) => distinction(point, points));
}

describe('the distinction of a point', () => {
  it('is empty for the only point of its workload', () => {
    expect(distinctions({ timing: 'none' })).toEqual(['']);
  });

  it('names the parameters that differ, and no others', () => {
    expect(distinctions({}, { preset: 'virt', timing: 'none' })).toEqual(['firesim timing=rocket', 'virt timing=none']);
  });

  it('calls a parameter that only another point sets the default', () => {
    expect(distinctions({}, { set: { 'l2.hit': 20 } }, { set: { 'l2.hit': 30 } })).toEqual([
      'l2.hit=default',
      'l2.hit=20',
      'l2.hit=30',
    ]);
  });
});
