import { describe, expect, it } from 'vitest';
import { reportFormats } from '#libs/contracts';
import type { StoredRun } from '../input.js';
import { renderReport } from '../render/render.js';
import { buildReport } from '../report.js';
import { inputOf, sampleInput } from '../report.testkit.js';
import { serviceRuns, serviceSample, storedServiceRun, type ServiceSample } from './services.testkit.js';

const golden = (name: string): string => new URL(`../../../../test/golden/report/${name}`, import.meta.url).pathname;
const report = buildReport(inputOf(serviceRuns()));
const reportOf = (...samples: ServiceSample[]) => buildReport(inputOf(samples.map(storedServiceRun)));
const memcached = report.services[0];

function altered(run: StoredRun, name: string, label: string, value: number | null): StoredRun {
  const copy = structuredClone(run);
  const metrics = copy.result?.metrics ?? [];
  const at = metrics.findIndex(
    (metric) => metric.name === name && (label === '' || Object.values(metric.labels).includes(label)),
  );
  const found = metrics[at];
  if (found === undefined) throw new Error(`no metric ${name} ${label}`);
  if (value === null) metrics.splice(at, 1);
  else found.value = value;
  return copy;
}

describe('a report on services', () => {
  it.each(['txt', 'md', 'html', 'csv'] as const)('is drawn as accepted (%s)', async (format) => {
    await expect(renderReport(report, format)).toMatchFileSnapshot(golden(`services.${format}`));
  });

  it.each(reportFormats.filter((format) => format !== 'json'))('says that cycles come from a model (%s)', (format) => {
    expect(renderReport(report, format)).toContain('cycle model, not RTL');
  });

  it('has no tables of operations, and a mixed campaign has both', () => {
    expect(renderReport(report, 'txt')).not.toContain('Cycles per operation');
    const mixed = buildReport(inputOf([...sampleInput().runs, ...serviceRuns()]));
    expect(mixed.ok).toBe(true);
    expect(renderReport(mixed, 'txt')).toContain('Cycles per operation');
    expect(renderReport(mixed, 'txt')).toContain('Services: requests and latency');
  });

  it('pairs every two hypervisors by seed, on rate and latencies', () => {
    const pairs = memcached?.comparisons.map(({ candidate, reference, quantity }) => [candidate, reference, quantity]);
    expect(pairs).toHaveLength(9);
    const rate = memcached?.comparisons[0];
    expect(rate).toMatchObject({ candidate: 'duvisor', reference: 'kvm', verdict: 'better' });
    expect(rate?.effect.ratio).toBeCloseTo(1.25, 10);
    expect(rate?.effect.n).toBe(3);
  });

  it('calls a lower latency better and a lower rate worse', () => {
    const of = (quantity: string, candidate: string) =>
      memcached?.comparisons.find((one) => one.quantity === quantity && one.candidate === candidate);
    expect(of('latency.us p99', 'duvisor')?.verdict).toBe('better');
    expect(of('latency.us p99', 'kvm')?.verdict).toBe('worse');
    expect(of('requests.per-second', 'kvm')?.verdict).toBe('worse');
  });

  it('sets published ratios beside Memcached only, and never a rate', () => {
    const published = memcached?.comparisons[0]?.published;
    expect(published?.map(({ tag, ratio }) => [tag, Math.round(ratio * 1000)])).toEqual([
      ['C-app', 1182],
      ['P', 1088],
    ]);
    expect(published?.[0]?.distance).toBeCloseTo(1.25 / 1.18218 - 1, 4);
    expect(report.services[1]?.comparisons[0]?.published).toEqual([]);
  });

  it('sets none beside a load that was not published', () => {
    const piped = serviceRuns().map((run) => {
      const { workload } = run.spec;
      return { ...run, spec: { ...run.spec, workload: { ...workload, params: { ...workload.params, pipeline: 8 } } } };
    }) as StoredRun[];
    const { services, checks } = buildReport(inputOf(piped));
    expect(services[0]?.comparisons.flatMap(({ published: values }) => values)).toEqual([]);
    expect(checks.find(({ id }) => id.endsWith('beside-published'))).toBeUndefined();
  });

  it('says what a hypervisor adds to a request, mode by mode', () => {
    const text = renderReport(report, 'txt');
    const table = text.slice(text.indexOf('cycles per request that are added'));
    const row = (name: string): string[] => (new RegExp(`^${name} +(.*)$`, 'm').exec(table)?.[1] ?? '').split(/ {2,}/);
    expect(row('guest: service')).toEqual(['+500', '+400', '+100']);
    expect(row('total')).toEqual(['+80 000', '+48 000', '+32 000']);
    expect(row('VM exits per request')).toEqual(['+7', '+3.5', '+3.5']);
  });

  it('tells the payload on the link', () => {
    const { payload } = memcached?.results.find(({ id }) => id === 'native') ?? {};
    expect(payload?.summary?.mean).toBeCloseTo((40_000 * 1.002 * 8000) / 1e6, 6);
  });

  it('closes the decomposition of a request', () => {
    for (const result of memcached?.results ?? []) expect(result.residual).toBe(0);
    expect(report.checks.find(({ id }) => id === 'memcached-like.kvm-breakdown-closes')?.verdict).toBe('holds');
    expect(report.ok).toBe(true);
  });

  it('gives the geometric mean over services with its interval', () => {
    expect(report.servicesMean?.over).toHaveLength(2);
    expect(report.servicesMean?.effect.ratio).toBeCloseTo(1.25, 10);
  });
});

describe('checks on services', () => {
  it('fail on one VM exit of DuVisor that entered the kernel, in one run', () => {
    const one = reportOf(serviceSample('duvisor', 'redis-like', 1), {
      ...serviceSample('duvisor', 'redis-like', 2),
      kernelExits: 0.0025,
    });
    expect(one.checks.find(({ id }) => id === 'redis-like.duvisor-kernel-exits')).toMatchObject({
      verdict: 'fails',
      measured: 0.0025,
    });
    expect(one.ok).toBe(false);
  });

  it('fail when the modes do not sum to the total', () => {
    const open = altered(storedServiceRun(serviceSample('kvm', 'redis-like', 1), 1), 'cycles.mode', 'idle', 5);
    const check = buildReport(inputOf([open])).checks.find(({ id }) => id === 'redis-like.kvm-breakdown-closes');
    expect(check).toMatchObject({ verdict: 'fails', measured: 16_495 });
  });

  it.each([
    ['latency.us', '99', 'latency.us p=99'],
    ['cycles.mode', 'vmm', 'cycles.mode mode=vmm'],
    ['requests.per-second', '', 'requests.per-second'],
  ])('a run without %s %s did not answer its question', (name, label, missing) => {
    const gap = altered(storedServiceRun(serviceSample('kvm', 'redis-like', 1), 1), name, label, null);
    const { unusable, ok } = buildReport(inputOf([gap]));
    expect(unusable).toMatchObject([{ reason: `required metric missing: ${missing}` }]);
    expect(ok).toBe(false);
  });

  it('warn when Memcached loses far more against native than published', () => {
    const at = (rate: number) =>
      reportOf(serviceSample('native', 'memcached-like', 1), { ...serviceSample('kvm', 'memcached-like', 1), rate });
    const verdict = (rate: number) =>
      at(rate).checks.find(({ id }) => id === 'memcached-like.kvm-rate-beside-published')?.verdict;
    expect([verdict(10_000), verdict(24_000)]).toEqual(['outside', 'holds']);
    expect(at(10_000).ok).toBe(true);
  });

  it('warn, and no more, when DuVisor serves less than the KVM-like module', () => {
    const slow = reportOf(serviceSample('kvm', 'redis-like', 1), {
      ...serviceSample('duvisor', 'redis-like', 1),
      rate: 10_000,
    });
    expect(slow.checks.find(({ id }) => id === 'redis-like.duvisor-rate-above-kvm')?.verdict).toBe('outside');
    expect(slow.ok).toBe(true);
  });
});
