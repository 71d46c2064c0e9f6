/** The report as data. Renderers turn it into text, Markdown, HTML, CSV or JSON; nothing is computed after this. */
import { type CheckResult, evaluateChecks } from './checks/evaluate.js';
import { readRun, type ReportInput, type ReportRun } from './input.js';
import { modelNotice } from './primitives.js';
import { isServiceName } from '#libs/contracts';
import { evaluateServiceChecks } from './services/checks.js';
import { judge, type JudgedSection } from './services/compare.js';
import { buildServiceSection } from './services/section.js';
import { distinction, pointsOf } from './samples.js';
import { logEffect, type PairedEffect, verdictOf, type Verdict } from './stats/paired.js';
import { holm } from './stats/holm.js';
import { buildSection, type PrimitiveSection } from './tables/section.js';
import { buildStepTables, type StepTable } from './tables/steps.js';

export const REPORT_FORMAT = 1;

/** Baseline and candidate of the comparison. */
export const BASELINE = 'kvm';
export const CANDIDATE = 'duvisor';

export interface Comparison {
  readonly sectionTitle: string;
  readonly effect: PairedEffect;
  readonly adjustedP: number | null;
  /** Verdict about the candidate against the baseline. */
  readonly verdict: Verdict;
  /** What limits the statement, or null. */
  readonly remark: string | null;
}

export interface GeometricMean {
  /** Primitives it runs over; never shown without them. */
  readonly over: readonly string[];
  readonly effect: Pick<PairedEffect, 'n' | 'ratio' | 't' | 'bootstrap' | 'p'>;
}

export interface UnusableRun {
  readonly id: string;
  readonly hypervisor: string;
  readonly workload: string;
  readonly seed: number;
  readonly status: string;
  readonly reason: string;
}

export interface Report {
  readonly formatVersion: typeof REPORT_FORMAT;
  readonly notice: typeof modelNotice;
  readonly campaign: ReportInput['campaign'];
  readonly revision: string | null;
  readonly sections: readonly PrimitiveSection[];
  readonly comparisons: readonly Comparison[];
  readonly geometricMean: GeometricMean | null;
  /** Points of the services: requests instead of operations. */
  readonly services: readonly JudgedSection[];
  /** DuVisor ÷ KVM-like module on requests per second. */
  readonly servicesMean: GeometricMean | null;
  readonly steps: readonly StepTable[];
  readonly checks: readonly CheckResult[];
  readonly unusable: readonly UnusableRun[];
  readonly alarms: ReportInput['alarms'];
  /** Every run with the figures that let it be found and repeated; metrics are left to the sections. */
  readonly runs: readonly Omit<ReportRun, 'metrics'>[];
  readonly images: readonly { readonly name: string; readonly sha256: string }[];
  readonly simulators: readonly string[];
  /** Every run has a usable result and every check that must hold does. */
  readonly ok: boolean;
}

export function buildReport(input: ReportInput): Report {
  const runs = input.runs.map(readRun);
  const points = pointsOf(runs);
  const micro = points.filter((point) => !isServiceName(point.workload));
  const sections = micro.map((point) => buildSection(point, distinction(point, points)));
  const services = judge(
    points
      .filter((point) => isServiceName(point.workload))
      .map((point) => buildServiceSection(point, distinction(point, points))),
  );
  const comparisons = compare(sections);
  const unusable = runs.filter((run) => !run.usable).map(unusableRun);
  const checks = [...evaluateChecks(sections, runs, input.alarms.length), ...evaluateServiceChecks(services)];
  return {
    formatVersion: REPORT_FORMAT,
    notice: modelNotice,
    campaign: input.campaign,
    revision: input.revision,
    sections,
    comparisons,
    geometricMean: geometricMean(sections),
    services,
    servicesMean: geometricMean(rateEffects(services)),
    steps: buildStepTables(micro, input.steps),
    checks,
    unusable,
    alarms: input.alarms,
    runs: runs.map(withoutMetrics),
    images: distinctImages(runs),
    simulators: [...new Set(runs.map((run) => run.simulator))].sort(),
    ok: runs.length > 0 && unusable.length === 0 && checks.every((check) => check.verdict !== 'fails'),
  };
}

function withoutMetrics(run: ReportRun): Omit<ReportRun, 'metrics'> {
  const { metrics, ...rest } = run;
  void metrics;
  return rest;
}

function compare(sections: readonly PrimitiveSection[]): Comparison[] {
  const compared = sections.filter((section) => section.effect !== null);
  const adjusted = holm(compared.map((section) => section.effect?.p ?? null));
  return compared.flatMap((section, index) => {
    if (section.effect === null) return [];
    const adjustedP = adjusted[index] ?? null;
    return [
      {
        sectionTitle: section.title,
        effect: section.effect,
        adjustedP,
        verdict: verdictOf(section.effect, adjustedP),
        remark: remarkOn(section),
      },
    ];
  });
}

function remarkOn(section: PrimitiveSection): string | null {
  const effect = section.effect;
  if (effect === null || effect.n === 0) return 'no seed was run on both hypervisors';
  const parts: string[] = [];
  if (effect.n === 1) parts.push('one seed: no interval');
  const spread = section.hypervisors.filter((result) => (result.total.summary?.distinct ?? 0) > 1);
  if (effect.n > 1 && spread.length === 0)
    parts.push('all seeds gave the same cycles: one sample, however often it ran');
  if (effect.unpaired.length > 0) parts.push(`seeds left out, run on one side only: ${effect.unpaired.join(', ')}`);
  return parts.length === 0 ? null : parts.join('; ');
}

/** A section of which a ratio was measured, or could not be. */
interface Ratios {
  readonly title: string;
  readonly effect: PairedEffect | null;
  readonly ratioBySeed: ReadonlyMap<number, number>;
}

function rateEffects(services: readonly JudgedSection[]): Ratios[] {
  return services.map(({ title, comparisons }) => {
    const rate = comparisons.find(
      ({ quantity, candidate, reference }) =>
        quantity === 'requests.per-second' && candidate === CANDIDATE && reference === BASELINE,
    );
    return { title, effect: rate?.effect ?? null, ratioBySeed: rate?.ratioBySeed ?? new Map<number, number>() };
  });
}

/** Null unless every section that was compared has pairs: a mean over some of them would hide the others. */
function geometricMean(sections: readonly Ratios[]): GeometricMean | null {
  const compared = sections.filter((section) => section.effect !== null);
  if (compared.length < 2 || compared.some((section) => section.effect?.n === 0)) return null;
  const common = (compared[0]?.effect?.seeds ?? []).filter((seed) =>
    compared.every((section) => section.effect?.seeds.includes(seed)),
  );
  if (common.length === 0) return null;
  const logs = common.map(
    (seed) =>
      compared.reduce((sum, section) => sum + Math.log(section.ratioBySeed.get(seed) ?? 1), 0) / compared.length,
  );
  return { over: compared.map((section) => section.title), effect: logEffect(logs) };
}

function unusableRun(run: ReportRun): UnusableRun {
  const { id, hypervisor, workload, seed, status } = run;
  return { id, hypervisor, workload, seed, status, reason: run.reason ?? 'no reason recorded' };
}

function distinctImages(runs: readonly ReportRun[]): { name: string; sha256: string }[] {
  const seen = new Map<string, { name: string; sha256: string }>();
  for (const run of runs)
    for (const [name, sha256] of Object.entries(run.images)) seen.set(`${name} ${sha256}`, { name, sha256 });
  return [...seen.values()].sort((a, b) => (`${a.name} ${a.sha256}` < `${b.name} ${b.sha256}` ? -1 : 1));
}
