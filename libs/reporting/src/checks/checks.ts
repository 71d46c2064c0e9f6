/**
 * The checks of paper-results.md section 8 that the micro-benchmarks can answer, as data.
 *
 * `must` failing means a wrong model (exit code 1). A `band` left is a warning to be explained. Rows about structure must hold against every
 * baseline; ratio and share thresholds must hold against Linux's own KVM only, so against the project's module they are bands and
 * `linuxMust` names the threshold for the reader.
 */

/** What is measured: cycles per operation unless said otherwise. */
export type Measure =
  | { readonly kind: 'total'; readonly hypervisor: Hypervisor }
  | { readonly kind: 'phase'; readonly hypervisor: Hypervisor; readonly phase: string }
  /** KVM-like module ÷ DuVisor on the totals. */
  | { readonly kind: 'ratio' }
  /** Share of a phase in the total without the guest's own cycles. */
  | { readonly kind: 'share'; readonly hypervisor: Hypervisor; readonly phase: string }
  | { readonly kind: 'residual'; readonly hypervisor: Hypervisor }
  /** VM exits that entered the kernel in the measured part. */
  | { readonly kind: 'kernel-exits'; readonly hypervisor: Hypervisor };

export type Hypervisor = 'kvm' | 'duvisor';

/** What has to be true of the measure. */
export type Expectation =
  | { readonly kind: 'below'; readonly other: Measure }
  | { readonly kind: 'above'; readonly other: Measure }
  | { readonly kind: 'equals'; readonly value: number }
  | { readonly kind: 'between'; readonly low: number; readonly high: number };

export interface Check {
  readonly id: string;
  readonly primitive: string;
  readonly text: string;
  readonly measure: Measure;
  readonly expect: Expectation;
  readonly level: 'must' | 'band';
  /** Published value, as printed, with its source tag; null where the check is about structure only. */
  readonly nominal: string | null;
  readonly source: string;
  /** Threshold that must hold against Linux's own KVM, for the reader; not applied to the project's module. */
  readonly linuxMust: string | null;
}

const total = (hypervisor: Hypervisor): Measure => ({ kind: 'total', hypervisor });
const phase = (hypervisor: Hypervisor, name: string): Measure => ({ kind: 'phase', hypervisor, phase: name });
const between = (low: number, high: number): Expectation => ({ kind: 'between', low, high });

/** Structure that holds on every primitive: DuVisor is below in exit, entry and total; no exit of it enters the kernel; breakdowns close. */
function structure(primitive: string, nominal: Record<'exit' | 'entry' | 'total', string | null>): Check[] {
  const below = (name: 'exit' | 'entry' | 'total', measure: (hypervisor: Hypervisor) => Measure): Check => ({
    id: `${primitive}.${name}-below-kvm`,
    primitive,
    text: `${name}: DuVisor below the KVM-like module`,
    measure: measure('duvisor'),
    expect: { kind: 'below', other: measure('kvm') },
    level: 'must',
    nominal: nominal[name],
    source: nominal[name] === null ? 'structure' : 'P',
    linuxMust: null,
  });
  const closes = (hypervisor: Hypervisor): Check => ({
    id: `${primitive}.${hypervisor}-breakdown-closes`,
    primitive,
    text: `phases sum to the total (${hypervisor === 'kvm' ? 'KVM-like module' : 'DuVisor'})`,
    measure: { kind: 'residual', hypervisor },
    expect: { kind: 'equals', value: 0 },
    level: 'must',
    nominal: null,
    source: 'structure',
    linuxMust: null,
  });
  return [
    below('total', total),
    below('exit', (hypervisor) => phase(hypervisor, 'exit')),
    below('entry', (hypervisor) => phase(hypervisor, 'entry')),
    {
      id: `${primitive}.duvisor-kernel-exits`,
      primitive,
      text: 'VM exits that entered the kernel, DuVisor',
      measure: { kind: 'kernel-exits', hypervisor: 'duvisor' },
      expect: { kind: 'equals', value: 0 },
      level: 'must',
      nominal: '0',
      source: 'P',
      linuxMust: null,
    },
    closes('kvm'),
    closes('duvisor'),
  ];
}

const band = (
  id: string,
  primitive: string,
  text: string,
  measure: Measure,
  expect: Expectation,
  nominal: string,
  source: string,
  linuxMust: string | null = null,
): Check => ({ id, primitive, text, measure, expect, level: 'band', nominal, source, linuxMust });

export const checks: readonly Check[] = [
  ...structure('hypercall', { exit: '56 vs 212', entry: '50 vs 388', total: '214 vs 618' }),
  band('hypercall.duvisor-total', 'hypercall', 'DuVisor total', total('duvisor'), between(150, 280), '214', 'P'),
  band('hypercall.kvm-total', 'hypercall', 'KVM-like module total', total('kvm'), between(430, 800), '618', 'P'),
  band(
    'hypercall.ratio',
    'hypercall',
    'KVM ÷ DuVisor',
    { kind: 'ratio' },
    between(2.2, 4.0),
    '2.9–3.2',
    'P, C-micro',
    '> 1.8',
  ),
  band(
    'hypercall.handling-above-kvm',
    'hypercall',
    'handling: DuVisor above the KVM-like module (implementation dependent)',
    phase('duvisor', 'handling'),
    { kind: 'above', other: phase('kvm', 'handling') },
    '108 vs 18',
    'P',
  ),

  ...structure('stage2-fault', { exit: null, entry: null, total: '694 vs 6344' }),
  band('stage2-fault.ratio', 'stage2-fault', 'KVM ÷ DuVisor', { kind: 'ratio' }, between(5, 14), '9.1', 'P', '> 4'),
  band(
    'stage2-fault.getpage-share',
    'stage2-fault',
    'share of get page, KVM-like module',
    { kind: 'share', hypervisor: 'kvm', phase: 'getpage' },
    between(0.5, 0.75),
    '0.60–0.69',
    'P, C-micro',
    '> 0.40',
  ),

  ...structure('mmio', { exit: null, entry: null, total: '494 vs 4758' }),
  {
    id: 'mmio.duvisor-transfer',
    primitive: 'mmio',
    text: 'transfer between kernel and VMM, DuVisor',
    measure: phase('duvisor', 'transfer'),
    expect: { kind: 'equals', value: 0 },
    level: 'must',
    nominal: '0',
    source: 'P',
    linuxMust: null,
  },
  band('mmio.ratio', 'mmio', 'KVM ÷ DuVisor', { kind: 'ratio' }, between(6, 15), '9.6', 'P', '> 5'),
  band(
    'mmio.transfer-share',
    'mmio',
    'share of transfer, KVM-like module',
    { kind: 'share', hypervisor: 'kvm', phase: 'transfer' },
    between(0.5, 1),
    '0.66 (P), 0.95 (C-micro)',
    'P, C-micro',
    '> 0.50',
  ),
];
