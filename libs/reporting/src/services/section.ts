/** One service point: each hypervisor's rate, latencies, exits and cycles per request, and the paired comparisons. */
import { hypervisorName } from '../primitives.js';
import type { Configuration, ReportRun } from '../input.js';
import { bySeed, metricOf, type Point } from '../samples.js';
import { type PairedEffect, pairedEffect, type Verdict } from '../stats/paired.js';
import { summarise, type Summary } from '../stats/summary.js';
import { isPublishedLoad, publishedRatios, type PublishedRatio } from './published.js';

export const serviceTitles: Readonly<Record<string, string>> = {
  'memcached-like': 'Memcached-like service',
  'redis-like': 'Redis-like service',
  'nginx-like': 'Nginx-like service',
};

/** Whose cycles they are, in the order of the report. */
export const modeTitles: Readonly<Record<string, string>> = {
  'guest-user': 'guest: service',
  'guest-kernel': 'guest: kernel',
  vmm: 'VMM and user-level hypervisor',
  'host-kernel': 'host kernel',
  firmware: 'firmware',
  idle: 'idle (waiting for an interrupt)',
};

export const latencyPercentiles = ['50', '95', '99', 'mean', 'max'] as const;

/** A measured quantity over seeds; null with its reason. */
export interface Quantity {
  readonly summary: Summary | null;
  readonly reason: string | null;
}

export interface ServiceResult {
  readonly id: string;
  readonly name: string;
  readonly seeds: readonly number[];
  /** Requests per second of target time. */
  readonly rate: Quantity;
  /** Payload of replies, in Mbit/s of target time: how near the link is to its limit. */
  readonly payload: Quantity;
  /** By percentile, in microseconds of target time. */
  readonly latency: Readonly<Record<string, Quantity>>;
  /** Replies checked against the model and found right; the least of any run. */
  readonly verified: number | null;
  /** Cycles per request from the first measured request sent to the last reply received. */
  readonly cycles: Quantity;
  readonly modes: readonly (Quantity & { readonly mode: string; readonly title: string })[];
  /** Cycles minus the sum over modes, the largest in magnitude over the runs; 0 when the breakdown closes. */
  readonly residual: number | null;
  /** Exits per request, all of them per verified reply. */
  readonly exits: Quantity;
  readonly exitsIntoKernel: Quantity;
  readonly hostInterrupts: Quantity;
  readonly trapsIntoKernel: Quantity;
  readonly exitsByCause: readonly { readonly cause: string; readonly perRequest: number }[];
}

export interface ServiceComparison {
  /** `requests.per-second`, or `latency.us` with a percentile. */
  readonly quantity: string;
  readonly candidate: string;
  readonly reference: string;
  /** Ratio candidate ÷ reference. */
  readonly effect: PairedEffect;
  readonly higherIsBetter: boolean;
  readonly published: readonly PublishedRatio[];
  readonly ratioBySeed: ReadonlyMap<number, number>;
}

/** A comparison with what only all comparisons of a report together can say. */
export interface JudgedComparison extends ServiceComparison {
  readonly adjustedP: number | null;
  /** About the candidate. */
  readonly verdict: Verdict;
}

export interface ServiceSection {
  readonly workload: string;
  readonly title: string;
  readonly configuration: Configuration;
  readonly results: readonly ServiceResult[];
  readonly comparisons: readonly ServiceComparison[];
}

/** Natively first: what the others are set beside. */
const order = ['native', 'kvm', 'duvisor'];
const pairs = [
  ['duvisor', 'kvm'],
  ['duvisor', 'native'],
  ['kvm', 'native'],
] as const;
const compared = [
  { quantity: 'requests.per-second', higherIsBetter: true, labels: {} },
  { quantity: 'latency.us p50', higherIsBetter: false, labels: { p: '50' } },
  { quantity: 'latency.us p99', higherIsBetter: false, labels: { p: '99' } },
] as const;

/** @param distinction what tells the point from others of its workload, for the title; empty when it is the only one. */
export function buildServiceSection(point: Point, distinction: string): ServiceSection {
  const ids = [...new Set(point.runs.map((run) => run.hypervisor))].sort(
    (a, b) => order.indexOf(a) - order.indexOf(b) || (a < b ? -1 : 1),
  );
  const runsOf = (id: string): readonly ReportRun[] => point.runs.filter((run) => run.hypervisor === id);
  const title = serviceTitles[point.workload] ?? point.workload;
  return {
    workload: point.workload,
    title: distinction === '' ? title : `${title} (${distinction})`,
    configuration: point.runs[0].configuration,
    results: ids.map((id) => serviceResult(id, runsOf(id))),
    comparisons: pairs
      .filter(([candidate, reference]) => ids.includes(candidate) && ids.includes(reference))
      .flatMap(([candidate, reference]) => compared.map((what) => compare(point, what, candidate, reference))),
  };
}

function compare(
  { workload, runs }: Point,
  { quantity, higherIsBetter, labels }: (typeof compared)[number],
  candidate: string,
  reference: string,
): ServiceComparison {
  const name = quantity.split(' ')[0] ?? quantity;
  const valuesOf = (id: string): Map<number, number> =>
    bySeed(
      runs.filter((run) => run.hypervisor === id),
      (run) => metricOf(run, name, labels)?.value ?? null,
    );
  const [mine, other] = [valuesOf(candidate), valuesOf(reference)];
  const isPublished = quantity === 'requests.per-second' && isPublishedLoad(runs[0].configuration);
  const effect = pairedEffect(mine, other);
  return {
    quantity,
    candidate,
    reference,
    effect,
    higherIsBetter,
    published: isPublished ? publishedRatios(workload, candidate, reference, effect.ratio) : [],
    ratioBySeed: new Map(effect.seeds.map((seed) => [seed, (mine.get(seed) ?? 0) / (other.get(seed) ?? 1)])),
  };
}

function serviceResult(id: string, runs: readonly ReportRun[]): ServiceResult {
  const usable = runs.filter((run) => run.usable);
  const first = runs.find((run) => !run.usable);
  const reason =
    first === undefined ? 'not in the campaign' : `${first.status}: ${first.reason ?? 'no reason recorded'}`;
  const quantityOf = (read: (run: ReportRun) => number | null): Quantity => {
    const summary = summarise([...bySeed(usable, read).values()]);
    return { summary, reason: summary === null ? reason : null };
  };
  const quantity = (name: string, labels: Readonly<Record<string, string>> = {}): Quantity =>
    quantityOf((run) => metricOf(run, name, labels)?.value ?? null);
  const verified = usable.map((run) => metricOf(run, 'replies.verified')?.value ?? null);
  return {
    id,
    name: hypervisorName(id),
    seeds: usable.map((run) => run.seed).sort((a, b) => a - b),
    rate: quantity('requests.per-second'),
    payload: quantityOf(payloadRate),
    latency: Object.fromEntries(latencyPercentiles.map((p) => [p, quantity('latency.us', { p })])),
    verified:
      verified.length === 0 || verified.includes(null) ? null : Math.min(...verified.map((value) => value ?? 0)),
    cycles: quantity('cycles.total'),
    modes: Object.entries(modeTitles).map(([mode, title]) => ({ mode, title, ...quantity('cycles.mode', { mode }) })),
    residual: residualOf(usable),
    exits: quantity('exits.total.per-request'),
    exitsIntoKernel: quantity('exits.kernel.per-request'),
    hostInterrupts: quantity('exits.host-interrupt.per-request'),
    trapsIntoKernel: quantity('traps.kernel.per-request'),
    exitsByCause: byCause(usable),
  };
}

/** Mbit/s of reply payload; null when a part is missing. */
function payloadRate(run: ReportRun): number | null {
  const [rate, bytes] = [metricOf(run, 'requests.per-second'), metricOf(run, 'bytes.replies')];
  return rate === null || bytes === null ? null : (rate.value * bytes.value * 8) / 1e6;
}

/** Null when a run lacks a part, so that a gap cannot pass for a closed breakdown. */
function residualOf(runs: readonly ReportRun[]): number | null {
  let worst = 0;
  for (const run of runs) {
    const total = metricOf(run, 'cycles.total')?.value;
    const parts = Object.keys(modeTitles).map((mode) => metricOf(run, 'cycles.mode', { mode })?.value);
    if (total === undefined || parts.includes(undefined)) return null;
    const residual = total - parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
    // Per-request figures are quotients: below one part in 10^9 the difference is the rounding of the division.
    if (Math.abs(residual) > 1e-9 * Math.max(1, total) && Math.abs(residual) > Math.abs(worst)) worst = residual;
  }
  return runs.length === 0 ? null : worst;
}

/** Mean over runs; a run that did not see a cause counts as 0 of it. */
function byCause(runs: readonly ReportRun[]): { cause: string; perRequest: number }[] {
  const sums = new Map<string, number>();
  for (const run of runs)
    for (const { name, labels, value } of run.metrics)
      if (name === 'exits.per-request') {
        const cause = labels['cause'] ?? 'unnamed';
        sums.set(cause, (sums.get(cause) ?? 0) + value);
      }
  return [...sums]
    .map(([cause, sum]) => ({ cause, perRequest: sum / runs.length }))
    .sort((a, b) => b.perRequest - a.perRequest || (a.cause < b.cause ? -1 : 1));
}
