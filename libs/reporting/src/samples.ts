/** From runs to samples: which points a campaign has, and what each run measured. Missing is null, never 0. */
import { canonicalJson, paramText, type Metric } from '#libs/contracts';
import type { ReportRun } from './input.js';

/** The runs that differ in hypervisor and seed only. */
export interface Point {
  readonly workload: string;
  /** Canonical JSON of the rest of the configuration. */
  readonly configuration: string;
  readonly runs: readonly [ReportRun, ...ReportRun[]];
}

/** Points in the order of their first run. */
export function pointsOf(runs: readonly ReportRun[]): Point[] {
  const points = new Map<string, { workload: string; configuration: string; runs: [ReportRun, ...ReportRun[]] }>();
  for (const run of runs) {
    const configuration = canonicalJson({ ...run.configuration });
    const key = `${run.workload}\n${configuration}`;
    const point = points.get(key);
    if (point === undefined) points.set(key, { workload: run.workload, configuration, runs: [run] });
    else point.runs.push(run);
  }
  return [...points.values()];
}

/**
 * What tells a point from the others of its workload in the campaign, for a heading: the parameters that are not the same in all of
 * them (`virt timing=none`); empty for the only point of a workload.
 */
export function distinction(point: Point, points: readonly Point[]): string {
  const all = points.filter(({ workload }) => workload === point.workload).map(settingsOf);
  const own = settingsOf(point);
  const names = [...new Set(all.flatMap((settings) => Object.keys(settings)))];
  return names
    .filter((name) => all.some((settings) => settings[name] !== own[name]))
    .map((name) => (name === 'preset' ? String(own[name]) : `${name}=${own[name] ?? 'default'}`))
    .join(' ');
}

function settingsOf(point: Point): Record<string, string> {
  const { machine, params } = point.runs[0].configuration;
  const { set, ...rest } = machine;
  return Object.fromEntries(
    Object.entries({ ...rest, ...set, ...params }).map(([name, value]) => [name, paramText(value)]),
  );
}

const sameLabels = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  canonicalJson(a) === canonicalJson(b);

/** Value of one metric of one run; null when the run did not measure it. */
export function metricOf(run: ReportRun, name: string, labels: Readonly<Record<string, string>> = {}): Metric | null {
  return run.metrics.find((metric) => metric.name === name && sameLabels(metric.labels, labels)) ?? null;
}

/** Values of one metric over runs, by seed; runs without it are absent. A later run of a seed replaces an earlier one. */
export function bySeed(runs: readonly ReportRun[], read: (run: ReportRun) => number | null): Map<number, number> {
  const values = new Map<number, number>();
  for (const run of runs) {
    const value = run.usable ? read(run) : null;
    if (value !== null) values.set(run.seed, value);
  }
  return values;
}

/** Phases a run measured, in cycles per operation, in the order of the metrics. */
export function phasesOf(run: ReportRun): Map<string, number> {
  return new Map(
    run.metrics
      .filter((metric) => metric.name === 'cycles.phase')
      .map((metric) => [metric.labels['phase'] ?? 'unnamed', metric.value]),
  );
}
