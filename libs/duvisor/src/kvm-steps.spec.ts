import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { columnOf, kvmSteps, leftOutSteps, workloadSteps } from './kvm-steps.js';

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

  it('accounts for all 622 instructions that Linux spends on a null hypercall', () => {
    const sum = workloadSteps('hypercall').reduce((total, { linux }) => total + (linux ?? 0), 0);
    expect(sum).toBe(622);
  });

  it('gives each left-out step its count and its reason', () => {
    for (const { counts, leftOut } of leftOutSteps) {
      expect(Object.keys(counts)).not.toEqual([]);
      expect(leftOut).not.toBe('');
    }
    expect(workloadSteps('mmio').find(({ step }) => step === 'fp-banks')).toEqual({
      primitive: 'mmio',
      step: 'fp-banks',
      column: 'FP',
      linux: 177,
      leftOut: expect.stringContaining('no F and D') as string,
    });
  });

  it('has no table for a workload that Linux was not measured on', () => {
    expect(workloadSteps('vipi')).toEqual([]);
  });
});
