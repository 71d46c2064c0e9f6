/** Services as runs: real machine code, every reply checked at the far end of the link. */
import {
  disagreements,
  machinePresets,
  runResultSchema,
  workloadDefaults,
  type Hypervisor,
  type Machine,
  type RunResult,
  type RunSpec,
  type ServiceName,
  type Workload,
} from '#libs/contracts';
import { describe, expect, it } from 'vitest';
import { prebuiltImages, type ImageStore } from './images.js';
import { simulateRun, type SimulateOptions } from './simulate.js';

const small = { requests: 20, warmup: 4, connections: 2 };
const stored = { keys: 4, valueBytes: { min: 8, max: 100 } };
const files = { files: { count: 3, bytes: { min: 100, max: 3000 } } };

function specOf(
  hypervisor: Hypervisor,
  name: ServiceName,
  seed = 1,
  params: object = {},
  machine: Partial<Machine> = {},
): RunSpec {
  const own = name === 'nginx-like' ? files : stored;
  return {
    machine: { ...machinePresets.firesim, memoryMiB: 256, ...machine },
    hypervisor,
    workload: { name, params: { ...workloadDefaults[name], ...small, ...own, ...params } } as Workload,
    seed,
  };
}

function run(spec: RunSpec, options: Partial<SimulateOptions> = {}): RunResult {
  return simulateRun(spec, { engine: 'interpreter', images: prebuiltImages(spec), ...options });
}

function value(result: RunResult, name: string, label = ''): number {
  const found = result.metrics.find(
    (metric) => metric.name === name && (label === '' || Object.values(metric.labels).includes(label)),
  );
  if (found === undefined) throw new Error(`no metric ${name} ${label} (${result.outcome.detail})`);
  return found.value;
}

const hypervisors = ['native', 'kvm', 'duvisor'] as const;
const services = ['memcached-like', 'redis-like', 'nginx-like'] as const;

describe.each(services)('%s', (name) => {
  it.each(hypervisors)(
    'answers every request under %s, and the cycles of a request are all accounted for',
    (hypervisor) => {
      const result = run(specOf(hypervisor, name));
      expect(result.outcome).toEqual({ kind: 'passed', exitCode: 0, detail: '' });
      expect(runResultSchema.parse(result)).toEqual(result);
      expect(value(result, 'replies.verified')).toBe(small.requests);
      expect(value(result, 'errors')).toBe(0);
      const modes = result.metrics.filter((metric) => metric.name === 'cycles.mode').map((metric) => metric.value);
      const total = value(result, 'cycles.total');
      expect(Math.abs(modes.reduce((sum, cycles) => sum + cycles, 0) - total)).toBeLessThan(1e-6 * total);
      expect(value(result, 'latency.us', '99')).toBeGreaterThanOrEqual(value(result, 'latency.us', '50'));
      // The link alone takes 6415 cycles each way.
      expect(value(result, 'latency.cycles', '50')).toBeGreaterThan(2 * 6415);
      if (hypervisor === 'kvm') expect(value(result, 'exits.kernel.per-request')).toBeGreaterThan(1);
      else expect(value(result, 'exits.kernel.per-request')).toBe(0);
    },
  );
});

describe('a service run', () => {
  it('gives the same result every time, and another one with another seed', () => {
    const spec = specOf('duvisor', 'memcached-like');
    expect(disagreements(run(spec), run(spec))).toEqual([]);
    expect(run(specOf('duvisor', 'memcached-like', 2)).cycles).not.toBe(run(spec).cycles);
  });

  it('is the same on the reference engine', () => {
    const spec = specOf(
      'native',
      'memcached-like',
      1,
      { requests: 4, warmup: 0, connections: 1, keys: 1 },
      { memoryMiB: 128 },
    );
    expect(disagreements(run(spec), run(spec, { engine: 'reference' }))).toEqual([]);
  }, 240_000);

  it('has a link as fast as the machine says', () => {
    const rate = (set: Machine['set']): number =>
      value(run(specOf('native', 'memcached-like', 1, {}, { set })), 'requests.per-second');
    expect(rate({ 'net.latency': 2_000_000 })).toBeLessThan(rate({}) / 5);
  });

  it('takes arrivals from an open loop', () => {
    const open = { loop: { kind: 'open', ratePerSecond: 2000 }, requests: 30 };
    const result = run(specOf('native', 'memcached-like', 1, open));
    expect(result.outcome.kind).toBe('passed');
    expect(value(result, 'requests.per-second')).toBeGreaterThan(1000);
    expect(value(result, 'requests.per-second')).toBeLessThan(4000);
    expect(value(result, 'cycles.mode', 'idle')).toBeGreaterThan(value(result, 'cycles.total') / 2);
  });

  /** The images of a run with other bytes in the place of one. */
  const with_ = (spec: RunSpec, name: string, other: string): ImageStore => {
    const good = prebuiltImages(spec);
    return { read: (wanted) => good.read(wanted === name ? other : wanted) };
  };

  it('whose guest hangs ends as timed out, at a cycle of the target, the same every time', () => {
    // Nothing listens: the place of the service is taken by a program that only waits.
    const spec = specOf('native', 'memcached-like');
    const hung = (): RunResult => run(spec, { images: with_(spec, 'service-memcached.elf', 'service-poweroffd.elf') });
    const result = hung();
    expect(result.outcome).toMatchObject({ kind: 'timed-out', exitCode: null });
    expect(result.outcome.detail).toMatch(/^hangs: no end at cycle \d+ of the target, 0 of 20 requests answered/);
    expect(result.metrics).toEqual([]);
    expect(disagreements(result, hung())).toEqual([]);
  });

  it('whose guest panics fails with its code', () => {
    const spec = specOf('native', 'memcached-like');
    const { outcome } = run(spec, { images: with_(spec, 'service-memcached.elf', 'vm.bin') });
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(outcome.detail).toMatch(/^the target ended with code [1-9]/);
  });
});
