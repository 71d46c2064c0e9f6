/**
 * The checks of paper-results.md section 8 that service runs can answer, as data, and their evaluation. The same levels as
 * for the micro-benchmarks: a `must` that fails is a wrong model, a `band` left is a warning to be explained.
 */
import { type CheckResult, isPublishedMachine } from '../checks/evaluate.js';
import { hypervisorName } from '../primitives.js';
import type { JudgedSection } from './compare.js';
import { isPublishedLoad } from './published.js';

type Measure =
  /** Cycles per request minus the sum over modes. */
  | { readonly kind: 'residual'; readonly hypervisor: string }
  /** VM exits per request that the guest caused and that entered the kernel. */
  | { readonly kind: 'kernel-exits'; readonly hypervisor: string }
  /** Requests per second, candidate ÷ reference. */
  | { readonly kind: 'rate'; readonly candidate: string; readonly reference: string };

interface ServiceCheck {
  readonly id: string;
  /** Only this workload, loaded as in the publication: the value is published of it. */
  readonly publishedOf?: string;
  readonly text: string;
  readonly measure: Measure;
  readonly expect: { readonly kind: 'equals' | 'at-least' | 'at-most'; readonly value: number };
  readonly level: 'must' | 'band';
  readonly nominal: string | null;
  readonly source: string;
  readonly linuxMust: string | null;
}

const structure = { level: 'must', nominal: null, source: 'structure', linuxMust: null } as const;

export const serviceChecks: readonly ServiceCheck[] = [
  ...['native', 'kvm', 'duvisor'].map((hypervisor) => ({
    id: `${hypervisor}-breakdown-closes`,
    text: `cycles by mode sum to the total (${hypervisorName(hypervisor)})`,
    measure: { kind: 'residual', hypervisor } as const,
    expect: { kind: 'equals', value: 0 } as const,
    ...structure,
  })),
  {
    id: 'duvisor-kernel-exits',
    text: 'VM exits per request that entered the kernel, DuVisor',
    measure: { kind: 'kernel-exits', hypervisor: 'duvisor' },
    expect: { kind: 'equals', value: 0 },
    ...structure,
    nominal: '0',
    source: 'P',
  },
  {
    id: 'duvisor-rate-above-kvm',
    text: 'requests per second, DuVisor ÷ KVM-like module',
    measure: { kind: 'rate', candidate: 'duvisor', reference: 'kvm' },
    expect: { kind: 'at-least', value: 0.95 },
    level: 'band',
    nominal: '1.01–1.18',
    source: 'C-app',
    linuxMust: '>= 0.95',
  },
  ...['kvm', 'duvisor'].map((candidate) => ({
    id: `${candidate}-rate-below-native`,
    text: `requests per second, ${hypervisorName(candidate)} ÷ native`,
    measure: { kind: 'rate', candidate, reference: 'native' } as const,
    expect: { kind: 'at-most', value: 1.02 } as const,
    level: 'band' as const,
    nominal: null,
    source: 'structure',
    linuxMust: null,
  })),
  // One vCPU; down to three quarters of the artifact's rerun.
  ...(
    [
      ['kvm', 0.45, '0.60 (P ≈0.68)'],
      ['duvisor', 0.53, '0.70 (P ≈0.74)'],
    ] as const
  ).map(([candidate, least, nominal]) => ({
    id: `${candidate}-rate-beside-published`,
    publishedOf: 'memcached-like',
    text: `requests per second, ${hypervisorName(candidate)} ÷ native`,
    measure: { kind: 'rate', candidate, reference: 'native' } as const,
    expect: { kind: 'at-least', value: least } as const,
    level: 'band' as const,
    nominal,
    source: 'C-app',
    linuxMust: null,
  })),
];

/** A check applies when every hypervisor it names is in the point; one that must hold and was not measured fails. */
export function evaluateServiceChecks(sections: readonly JudgedSection[]): CheckResult[] {
  return sections.flatMap((section) =>
    serviceChecks
      .filter((check) => applies(check, section))
      .filter(({ level }) => level === 'must' || isPublishedMachine(section.configuration))
      .map((check) => evaluate(check, section)),
  );
}

function applies({ measure, publishedOf }: ServiceCheck, { workload, configuration, results }: JudgedSection): boolean {
  if (publishedOf !== undefined && !(publishedOf === workload && isPublishedLoad(configuration))) return false;
  const needed = measure.kind === 'rate' ? [measure.candidate, measure.reference] : [measure.hypervisor];
  return needed.every((id) => results.some((result) => result.id === id));
}

function evaluate(check: ServiceCheck, section: JudgedSection): CheckResult {
  const { expect, level } = check;
  const measured = valueOf(check.measure, section);
  const holds = measured !== null && satisfied(expect, measured);
  const bad = level === 'must' ? 'fails' : measured === null ? 'not measured' : 'outside';
  const sign = { equals: '=', 'at-least': '>=', 'at-most': '<=' }[expect.kind];
  return {
    id: `${section.workload}.${check.id}`,
    section: section.title,
    text: check.text,
    level,
    measured,
    against: null,
    expectation: `${sign} ${String(expect.value)}`,
    nominal: check.nominal,
    source: check.source,
    linuxMust: check.linuxMust,
    verdict: holds ? 'holds' : bad,
  };
}

function satisfied({ kind, value }: ServiceCheck['expect'], measured: number): boolean {
  return kind === 'equals' ? measured === value : kind === 'at-least' ? measured >= value : measured <= value;
}

function valueOf(measure: Measure, { results, comparisons }: JudgedSection): number | null {
  if (measure.kind === 'rate')
    return (
      comparisons.find(
        ({ quantity, candidate, reference }) =>
          quantity === 'requests.per-second' && candidate === measure.candidate && reference === measure.reference,
      )?.effect.ratio ?? null
    );
  const result = results.find(({ id }) => id === measure.hypervisor);
  // The most of any run: one exit in one run is one too many.
  return (measure.kind === 'residual' ? result?.residual : result?.exitsIntoKernel.summary?.max) ?? null;
}
