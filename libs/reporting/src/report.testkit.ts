/** Hand-made inputs for tests of the report. The figures are invented; no test states anything about the simulator. */
import type { Metric, MicroName, RunSpec } from '#libs/contracts';
import type { ReportInput, StoredRun } from './input.js';

export const image = 'a'.repeat(64);
export const simulator = 'b'.repeat(64);

const machine: RunSpec['machine'] = {
  preset: 'firesim',
  harts: 1,
  memoryMiB: 512,
  timing: 'rocket',
  dvext: 'rocket',
  quantum: 1000,
  set: {},
};

export type Phases = Readonly<Record<string, number>>;

export interface SampleRun {
  readonly hypervisor: 'kvm' | 'duvisor';
  readonly workload: MicroName;
  readonly seed: number;
  /** Cycles per operation by phase; the total is their sum. */
  readonly phases: Phases;
  readonly kernelExits: number;
  readonly steps?: readonly { readonly step: string; readonly column: string; readonly value: number }[];
}

/** Metrics of a passed run whose breakdown closes. */
export function metricsOf(sample: SampleRun): Metric[] {
  const total = Object.values(sample.phases).reduce((sum, value) => sum + value, 0);
  const metric = (name: string, value: number, unit: string, labels: Record<string, string> = {}): Metric => ({
    name,
    labels,
    value,
    unit,
  });
  return [
    metric('operations', 100, 'operations'),
    metric('cycles.total', total, 'cycles/op'),
    ...Object.entries(sample.phases).map(([phase, value]) => metric('cycles.phase', value, 'cycles/op', { phase })),
    metric('exits.total', 100, 'exits'),
    metric('exits.kernel', sample.kernelExits, 'exits'),
    metric('exits.host-interrupt', 2, 'exits'),
    metric('traps.kernel', sample.kernelExits + 2, 'traps'),
    metric('exits', 100, 'exits', { cause: 'ecall' }),
    metric('instructions.total', 50, 'insns/op'),
    ...(sample.steps ?? []).map(({ step, column, value }) =>
      metric('instructions.step', value, 'insns/op', { step, column }),
    ),
  ];
}

export function storedRun(sample: SampleRun, index: number): StoredRun {
  return {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    key: index.toString(16).padStart(64, '0'),
    spec: {
      machine,
      hypervisor: sample.hypervisor,
      workload: { name: sample.workload, params: { iterations: 100, warmup: 10 } },
      seed: sample.seed,
    },
    software: { images: { 'vmm.elf': image }, simulator },
    status: 'passed',
    attempts: 1,
    worker: 'worker-1',
    reusedFrom: null,
    reason: null,
    result: {
      outcome: { kind: 'passed', exitCode: 0, detail: '' },
      instret: '123456',
      cycles: '234567',
      stateHash: 'c'.repeat(64),
      metrics: metricsOf(sample),
      console: '',
      images: { 'vmm.elf': image },
      simulator,
      host: { seconds: 1.5, mips: 80, engine: 'interpreter' },
    },
  };
}

export function inputOf(runs: readonly StoredRun[], more: Partial<ReportInput> = {}): ReportInput {
  return {
    campaign: { id: '11111111-1111-4111-8111-111111111111', number: 7, name: 'sample' },
    revision: 'test',
    runs,
    alarms: [],
    steps: [],
    ...more,
  };
}

const phasesOf: Readonly<Record<SampleRun['workload'], Readonly<Record<'kvm' | 'duvisor', Phases>>>> = {
  hypercall: {
    kvm: { exit: 212, handling: 18, entry: 388, guest: 9 },
    duvisor: { exit: 56, handling: 108, entry: 50, guest: 9 },
  },
  'stage2-fault': {
    kvm: { exit: 220, getpage: 3800, metadata: 630, mapping: 295, other: 840, entry: 550, guest: 12 },
    duvisor: { exit: 60, mapping: 160, other: 330, entry: 125, guest: 12 },
  },
  mmio: {
    kvm: { exit: 240, decode: 215, transfer: 3140, other: 610, entry: 550, guest: 8 },
    duvisor: { exit: 60, decode: 165, other: 145, entry: 120, guest: 8 },
  },
};

/** Three primitives, both hypervisors, three seeds with a little spread. */
export function sampleInput(): ReportInput {
  const samples: SampleRun[] = (['hypercall', 'stage2-fault', 'mmio'] as const).flatMap((workload) =>
    (['kvm', 'duvisor'] as const).flatMap((hypervisor) =>
      [1, 2, 3].map((seed) => ({
        hypervisor,
        workload,
        seed,
        phases: { ...phasesOf[workload][hypervisor], guest: (phasesOf[workload][hypervisor]['guest'] ?? 0) + seed },
        kernelExits: hypervisor === 'kvm' ? 100 : 0,
        ...(hypervisor === 'kvm' && workload === 'hypercall'
          ? {
              steps: [
                { step: 'switch-out', column: 'switch', value: 71 },
                { step: 'guest', column: 'guest', value: 4 },
              ],
            }
          : {}),
      })),
    ),
  );
  return inputOf(samples.map(storedRun), {
    steps: [
      { primitive: 'hypercall', step: 'switch-out', column: 'switch', linux: 71, leftOut: null, note: null },
      {
        primitive: 'hypercall',
        step: 'rcu-note',
        column: 'rcu',
        linux: 31,
        leftOut: 'one hart, nobody waits for RCU',
        note: null,
      },
      {
        primitive: 'hypercall',
        step: 'rest of lib',
        column: 'lib',
        linux: 90,
        leftOut: null,
        note: 'not measured apart: done in switch-out',
      },
    ],
  });
}
