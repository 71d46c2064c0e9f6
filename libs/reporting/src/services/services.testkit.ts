/** Hand-made service runs for tests of the report. The figures are invented; no test states anything about the simulator. */
import { workloadDefaults, type Hypervisor, type Metric, type ServiceName } from '#libs/contracts';
import type { StoredRun } from '../input.js';
import { storedRun } from '../report.testkit.js';

export interface ServiceSample {
  readonly hypervisor: Hypervisor;
  readonly workload: ServiceName;
  readonly seed: number;
  readonly rate: number;
  /** Cycles per request by mode; the total is their sum. */
  readonly modes: Readonly<Record<string, number>>;
  /** Exits per request by cause. */
  readonly exits: Readonly<Record<string, number>>;
  readonly kernelExits: number;
}

export function serviceMetricsOf(sample: ServiceSample): Metric[] {
  const metric = (name: string, value: number, unit: string, labels: Record<string, string> = {}): Metric => ({
    name,
    labels,
    value,
    unit,
  });
  const sum = (values: Readonly<Record<string, number>>): number =>
    Object.values(values).reduce((all, value) => all + value, 0);
  const us = 1e6 / sample.rate;
  return [
    metric('requests', 400, 'requests'),
    metric('replies.verified', 400, 'requests'),
    metric('errors', 0, 'errors'),
    metric('requests.per-second', sample.rate, 'requests/s'),
    metric('cycles.total', sum(sample.modes), 'cycles/request'),
    metric('bytes.replies', 1000, 'bytes/request'),
    ...[
      ['50', 4],
      ['95', 5],
      ['99', 6],
      ['mean', 4.2],
      ['max', 9],
    ].map(([p, factor]) => metric('latency.us', us * Number(factor), 'us', { p: String(p) })),
    ...Object.entries(sample.modes).map(([mode, value]) => metric('cycles.mode', value, 'cycles/request', { mode })),
    metric('exits.total.per-request', sum(sample.exits), 'exits/request'),
    metric('exits.kernel.per-request', sample.kernelExits, 'exits/request'),
    metric('exits.host-interrupt.per-request', 0.01, 'exits/request'),
    metric('traps.kernel.per-request', sample.kernelExits + 3, 'traps/request'),
    ...Object.entries(sample.exits).map(([cause, value]) =>
      metric('exits.per-request', value, 'exits/request', { cause }),
    ),
  ];
}

export function storedServiceRun(sample: ServiceSample, index: number): StoredRun {
  const base = storedRun(
    { hypervisor: 'kvm', workload: 'mmio', seed: sample.seed, phases: { guest: 1 }, kernelExits: 0 },
    index,
  );
  const { hypervisor, workload, seed } = sample;
  const params = workloadDefaults[workload];
  const run = { ...base, spec: { ...base.spec, hypervisor, workload: { name: workload, params }, seed } } as StoredRun;
  return { ...run, result: run.result === null ? null : { ...run.result, metrics: serviceMetricsOf(sample) } };
}

const figures: Readonly<Record<Hypervisor, Omit<ServiceSample, 'workload' | 'seed' | 'hypervisor'>>> = {
  native: {
    rate: 40_000,
    modes: { 'guest-user': 9000, 'guest-kernel': 50_000, vmm: 0, 'host-kernel': 0, firmware: 1000, idle: 20_000 },
    exits: {},
    kernelExits: 0,
  },
  kvm: {
    rate: 20_000,
    modes: {
      'guest-user': 9500,
      'guest-kernel': 52_000,
      vmm: 20_000,
      'host-kernel': 60_000,
      firmware: 2000,
      idle: 16_500,
    },
    exits: { 'store-guest-page-fault': 4, 'load-guest-page-fault': 2, 'ecall-vs': 1 },
    kernelExits: 7,
  },
  duvisor: {
    rate: 25_000,
    modes: {
      'guest-user': 9400,
      'guest-kernel': 51_000,
      vmm: 16_000,
      'host-kernel': 30_000,
      firmware: 1000,
      idle: 20_600,
    },
    exits: { 'store-guest-page-fault': 2.5, 'ecall-vs': 1 },
    kernelExits: 0,
  },
};

/** One run whose figures follow the seed a little. */
export function serviceSample(hypervisor: Hypervisor, workload: ServiceName, seed: number): ServiceSample {
  const { rate, ...rest } = figures[hypervisor];
  return { hypervisor, workload, seed, rate: rate * (1 + seed / 1000), ...rest };
}

/** Two services, three hypervisors, three seeds. */
export function serviceRuns(): StoredRun[] {
  const samples = (['memcached-like', 'nginx-like'] as const).flatMap((workload) =>
    (['native', 'kvm', 'duvisor'] as const).flatMap((hypervisor) =>
      [1, 2, 3].map((seed) => serviceSample(hypervisor, workload, seed)),
    ),
  );
  return samples.map((sample, index) => storedServiceRun(sample, 100 + index));
}
