import type { Metric, MicroName, RunResult, RunSpec } from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { prebuiltImages, type ImageStore } from './images.js';
import { columnOf, workloadSteps } from './kvm-steps.js';
import { simulateRun } from './simulate.js';

type Hypervisor = RunSpec['hypervisor'];
type Profile = RunSpec['machine']['dvext'];

const ITERATIONS = 150;
/** No run of these guests comes near it: a run that does has hung. */
const MAX_INSTRUCTIONS = 50_000_000;

function specOf(
  hypervisor: Hypervisor,
  name: MicroName,
  dvext: Profile = 'rocket',
  timing: 'rocket' | 'none' = 'rocket',
): RunSpec {
  return {
    machine: { preset: 'firesim', harts: 1, memoryMiB: 256, timing, dvext, quantum: 1000, set: {} },
    hypervisor,
    workload: { name, params: { iterations: ITERATIONS, warmup: 20 } },
    seed: 1,
  };
}

function run(spec: RunSpec, images: ImageStore = prebuiltImages(spec)): RunResult {
  return simulateRun(spec, { engine: 'interpreter', images, maxInstructions: MAX_INSTRUCTIONS });
}

function metric(result: RunResult, name: string, labels: Metric['labels'] = {}): number {
  const wanted = JSON.stringify(labels);
  const found = result.metrics.filter((entry) => entry.name === name && JSON.stringify(entry.labels) === wanted);
  expect(found, `${name}${wanted}`).toHaveLength(1);
  return found[0]?.value ?? Number.NaN;
}

const phase = (result: RunResult, name: string): number => metric(result, 'cycles.phase', { phase: name });

/** The guest's own result line: operations and the difference of its two rdcycle. */
function guestResult(result: RunResult, name: string): { operations: number; cycles: number } {
  const match = new RegExp(`^result ${name} operations=(\\d+) cycles=(\\d+)\\r?$`, 'm').exec(result.console);
  expect(match, result.console).not.toBeNull();
  return { operations: Number(match?.[1]), cycles: Number(match?.[2]) };
}

describe.each(['hypercall', 'stage2-fault', 'mmio'] as const)('%s', (name) => {
  const results = new Map<Hypervisor, RunResult>();
  const resultOf = (hypervisor: Hypervisor): RunResult => {
    const known = results.get(hypervisor) ?? run(specOf(hypervisor, name));
    results.set(hypervisor, known);
    return known;
  };

  it.each(['duvisor', 'kvm'] as const)(
    'under %s runs to its end, and guest and simulator count the same cycles',
    (hypervisor) => {
      const result = resultOf(hypervisor);
      expect(result.outcome).toEqual({ kind: 'passed', exitCode: 0, detail: '' });
      const own = guestResult(result, name);
      expect(own.operations).toBe(ITERATIONS);
      expect(own.cycles).toBe(Math.round(metric(result, 'cycles.total') * ITERATIONS));
    },
  );

  it('leaves the guest once per operation; to the kernel under KVM only', () => {
    expect(metric(resultOf('duvisor'), 'exits.total')).toBe(ITERATIONS);
    expect(metric(resultOf('duvisor'), 'exits.kernel')).toBe(0);
    expect(metric(resultOf('kvm'), 'exits.total')).toBe(ITERATIONS);
    expect(metric(resultOf('kvm'), 'exits.kernel')).toBe(ITERATIONS);
  });

  it('costs DuVisor less in exit, entry and total', () => {
    const [duvisor, kvm] = [resultOf('duvisor'), resultOf('kvm')];
    expect(phase(duvisor, 'exit')).toBeLessThan(phase(kvm, 'exit'));
    expect(phase(duvisor, 'entry')).toBeLessThan(phase(kvm, 'entry'));
    expect(metric(duvisor, 'cycles.total')).toBeLessThan(metric(kvm, 'cycles.total'));
  });

  it.each(['duvisor', 'kvm'] as const)('under %s has a column for every step', (hypervisor) => {
    const columns = resultOf(hypervisor)
      .metrics.filter((entry) => entry.name === 'instructions.step')
      .map((entry) => entry.labels);
    expect(columns.length).toBeGreaterThan(4);
    expect(columns.filter(({ column }) => column === 'unassigned')).toEqual([]);
  });

  it('does under KVM every step that Linux was measured to do, but for those listed as left out', () => {
    const done = new Set(
      resultOf('kvm')
        .metrics.filter((entry) => entry.name === 'instructions.step')
        .map((entry) => entry.labels['step']),
    );
    const missing = workloadSteps(name).filter(
      ({ step, leftOut, note }) => leftOut === null && note === null && !done.has(step),
    );
    expect(missing.map(({ step }) => step)).toEqual([]);
    expect(columnOf('guest')).toBe('guest');
  });
});

describe('the KVM-like module beside Linux', () => {
  it('spends within a fifth of the 622 instructions that Linux spends on a null hypercall', () => {
    const result = run(specOf('kvm', 'hypercall', 'rocket', 'none'));
    const own =
      metric(result, 'instructions.total') - metric(result, 'instructions.step', { step: 'guest', column: 'guest' });
    expect(own).toBeGreaterThan(622 * 0.8);
    expect(own).toBeLessThan(622 * 1.2);
  });
});

/** The smoke guest in the place of a workload's: every load and store form, SBI calls, timer, WFI. */
function withHello(spec: RunSpec): ImageStore {
  const store = prebuiltImages(specOf(spec.hypervisor, 'mmio'));
  const hello = prebuiltImages(specOf(spec.hypervisor, 'hello' as MicroName));
  return {
    read: (name) =>
      name.startsWith('guest-') ? hello.read(name.replace('guest-mmio', 'guest-hello')) : store.read(name),
  };
}

describe('the smoke guest', () => {
  it.each([
    ['duvisor', 'rocket'],
    ['duvisor', 'strict'],
    ['duvisor', 'qemu'],
    ['kvm', 'none'],
    ['kvm', 'strict'],
  ] as const)('finds nothing wrong with %s on a machine with dvext %s', (hypervisor, dvext) => {
    const spec = specOf(hypervisor, 'mmio', dvext, 'none');
    const result = run(spec, withHello(spec));
    expect(result.console).toContain('hello: ok');
    expect(result.outcome.exitCode).toBe(0);
  });
});
