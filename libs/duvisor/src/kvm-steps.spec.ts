import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { columnOf, kvmSteps, leftOutSteps, unsplitRests, workloadSteps } from './kvm-steps.js';

/** Step labels of an image, without number. */
function stepsIn(image: string): string[] {
  const text = readFileSync(new URL(`../guest/prebuilt/${image}.sym`, import.meta.url), 'utf8');
  const names = [...text.matchAll(/ step\.(.+)\.[^.\n]+$/gm)].map((match) => match[1] ?? '');
  return [...new Set(names)].sort();
}

describe('steps of the KVM-like module', () => {
  it('has every step once', () => {
    const names = [...kvmSteps, ...leftOutSteps].map(({ step }) => step);
    expect(names).toEqual([...new Set(names)]);
  });

  it('knows the column of every step label of the host kernel, the module and the VMM', () => {
    const labels = [...stepsIn('host'), ...stepsIn('vmm')];
    expect(labels.length).toBeGreaterThan(50);
    expect(labels.filter((name) => columnOf(name) === 'unassigned')).toEqual([]);
  });

  it('names no step that no label marks', () => {
    const labels = new Set([...stepsIn('host'), ...stepsIn('vmm'), 'trap']);
    expect(kvmSteps.map(({ step }) => step).filter((name) => !labels.has(name))).toEqual([]);
  });

  // kvm-cost.md section 2, columns without switch to FP in the table's order.
  it.each([
    ['hypercall', 622, { switch: 143, arch: 305, lib: 90, rcu: 71, entry: 13 }],
    ['stage2-fault', 3825, { switch: 143, arch: 896, gen: 401, mm: 1363, lib: 878, rcu: 95, entry: 13, sched: 35 }],
    [
      'mmio',
      1899,
      { switch: 143, arch: 696, gen: 235, mm: 14, lib: 155, rcu: 111, entry: 271, FP: 177, sched: 38, user: 59 },
    ],
  ])('accounts for every instruction that Linux spends on %s, column by column', (workload, total, columns) => {
    const sums: Record<string, number> = {};
    for (const { column, linux } of workloadSteps(workload)) sums[column] = (sums[column] ?? 0) + (linux ?? 0);
    expect(sums).toEqual(columns);
    // The averages of row 3d are rounded column by column.
    const sum = Object.values(sums).reduce((all, value) => all + value, 0);
    expect(Math.abs(sum - total)).toBeLessThanOrEqual(1);
  });

  it('says of every rest where its work is done, by the name of a step that exists', () => {
    const names = kvmSteps.map(({ step }) => step);
    for (const { note } of unsplitRests)
      expect(
        names.some((name) => note.includes(name)),
        note,
      ).toBe(true);
  });

  it('gives each left-out step its count and its reason', () => {
    for (const { counts, leftOut } of leftOutSteps) {
      expect(Object.keys(counts)).not.toEqual([]);
      expect(leftOut).not.toBe('');
    }
    expect(workloadSteps('mmio').find(({ step }) => step === 'kfree')).toEqual({
      primitive: 'mmio',
      step: 'kfree',
      column: 'mm',
      linux: 14,
      leftOut: expect.stringContaining('no such buffer') as string,
      note: null,
    });
  });

  it('has no table for a workload that Linux was not measured on', () => {
    expect(workloadSteps('vipi')).toEqual([]);
  });
});
