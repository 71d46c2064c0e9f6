/** One point of the campaign: each hypervisor's cycles per operation, split by phase, beside the published values. */
import { GUEST_PHASE, hypervisorName, phaseTitle, primitiveOf } from '../primitives.js';
import { type PublishedTag, publishedValues } from '../published.js';
import type { Configuration, ReportRun } from '../input.js';
import { bySeed, metricOf, phasesOf, type Point } from '../samples.js';
import { type PairedEffect, pairedEffect } from '../stats/paired.js';
import { summarise, type Summary } from '../stats/summary.js';

export interface PublishedDistance {
  readonly tag: PublishedTag;
  readonly cycles: number;
  readonly approximate: boolean;
  /** (measured − published) ÷ published; null when nothing was measured or the published value is 0. */
  readonly distance: number | null;
}

/** A measured quantity in cycles per operation with its published counterparts. */
export interface Cell {
  readonly summary: Summary | null;
  /** Why there is no value; null when there is one. */
  readonly reason: string | null;
  readonly published: readonly PublishedDistance[];
}

export interface PhaseRow extends Cell {
  readonly phase: string;
  readonly title: string;
}

export interface HypervisorResult {
  readonly id: string;
  readonly name: string;
  readonly seeds: readonly number[];
  readonly operations: number | null;
  /** Everything between two operations, the guest's own cycles included. */
  readonly total: Cell;
  /** The guest's own cycles. */
  readonly guest: Cell;
  /** Total without the guest: what the published totals are, which are sums of phases. */
  readonly withoutGuest: Cell;
  /** Exit and entry together: most published breakdowns give only that sum. */
  readonly exitAndEntry: Cell;
  /** All phases but `guest`, in the order of the primitive. */
  readonly phases: readonly PhaseRow[];
  /** Total minus the sum of all phases, the largest in magnitude over the runs; 0 when the breakdown closes. */
  readonly residual: number | null;
  readonly exits: ExitCounts;
  /** Instructions per operation, guest included. */
  readonly instructions: Summary | null;
}

export interface ExitCounts {
  readonly total: number | null;
  /** VM exits that entered the kernel (HS-mode) or the firmware in the measured part; the largest over the runs. */
  readonly kernel: number | null;
  /** Host interrupts that found the guest running: not among `kernel`, for no act of the guest caused them; the most in any run. */
  readonly hostInterrupt: number | null;
  /** All traps into HS-mode or firmware, those of the VMM and the host kernel included; the most in any run. */
  readonly trapsToKernel: number | null;
  readonly unit: string;
  /** Mean over the runs by cause, in the unit of the metric. */
  readonly byCause: readonly { readonly cause: string; readonly value: number }[];
}

export interface PrimitiveSection {
  readonly primitive: string;
  readonly title: string;
  readonly configuration: Configuration;
  readonly hypervisors: readonly HypervisorResult[];
  /** KVM-like module ÷ DuVisor on cycles.total; null unless both are in the campaign. */
  readonly effect: PairedEffect | null;
  readonly ratioBySeed: ReadonlyMap<number, number>;
}

/** @param distinction what tells the point from others of its workload, for the title; empty when it is the only one. */
export function buildSection(point: Point, distinction: string): PrimitiveSection {
  const primitive = primitiveOf(point.workload);
  const ids = [...new Set(point.runs.map((run) => run.hypervisor))].sort(baselineFirst);
  const totals = (id: string): Map<number, number> =>
    bySeed(
      point.runs.filter((run) => run.hypervisor === id),
      (run) => metricOf(run, 'cycles.total')?.value ?? null,
    );
  const both = ids.includes('kvm') && ids.includes('duvisor');
  const effect = both ? pairedEffect(totals('kvm'), totals('duvisor')) : null;
  return {
    primitive: primitive.id,
    title: distinction === '' ? primitive.title : `${primitive.title} (${distinction})`,
    configuration: point.runs[0].configuration,
    hypervisors: ids.map((id) =>
      hypervisorResult(
        point.workload,
        id,
        point.runs.filter((run) => run.hypervisor === id),
      ),
    ),
    effect,
    ratioBySeed: new Map(
      (effect?.seeds ?? []).map((seed) => [seed, (totals('kvm').get(seed) ?? 0) / (totals('duvisor').get(seed) ?? 1)]),
    ),
  };
}

const baselineFirst = (a: string, b: string): number =>
  a === b ? 0 : a === 'kvm' ? -1 : b === 'kvm' ? 1 : a < b ? -1 : 1;

function hypervisorResult(workload: string, id: string, runs: readonly ReportRun[]): HypervisorResult {
  const usable = runs.filter((run) => run.usable);
  const reason = usable.length > 0 ? null : reasonFor(runs);
  const total = (run: ReportRun): number | null => metricOf(run, 'cycles.total')?.value ?? null;
  const phase =
    (name: string) =>
    (run: ReportRun): number | null =>
      phasesOf(run).get(name) ?? (neverEntered(name, run) ? 0 : null);
  const cell = (row: string, read: (run: ReportRun) => number | null): Cell => {
    const summary = summarise([...bySeed(usable, read).values()]);
    return {
      summary,
      reason: summary === null ? (reason ?? `no run measured ${row}`) : null,
      published: distances(workload, id, row, summary?.mean ?? null),
    };
  };
  const names = phaseNames(workload, usable);
  return {
    id,
    name: hypervisorName(id),
    seeds: usable.map((run) => run.seed).sort((a, b) => a - b),
    operations: usable.map((run) => metricOf(run, 'operations')?.value ?? null)[0] ?? null,
    total: { ...cell('total', total), published: [] },
    guest: cell(GUEST_PHASE, phase(GUEST_PHASE)),
    withoutGuest: cell('total', (run) => difference(total(run), phase(GUEST_PHASE)(run))),
    exitAndEntry: cell('exit+entry', (run) => sum(phase('exit')(run), phase('entry')(run))),
    phases: names.map((name) => ({ phase: name, title: phaseTitle(name), ...cell(name, phase(name)) })),
    residual: largest(usable.map(residualOf)),
    exits: exitCounts(usable),
    instructions: summarise([...bySeed(usable, (run) => metricOf(run, 'instructions.total')?.value ?? null).values()]),
  };
}

function reasonFor(runs: readonly ReportRun[]): string {
  const first = runs.find((run) => !run.usable);
  return first === undefined ? 'not in the campaign' : `${first.status}: ${first.reason ?? 'no reason recorded'}`;
}

/**
 * A phase the run never entered took no cycles, provided that the phases it did enter account for every cycle.
 * Exit and entry happen in every operation: their absence is a gap in the measurement, not a 0.
 */
function neverEntered(name: string, run: ReportRun): boolean {
  return !['exit', 'entry', GUEST_PHASE].includes(name) && residualOf(run) === 0;
}

/** The primitive's phases in order, then any other phase that was measured, so that the sum always closes in view. */
function phaseNames(workload: string, runs: readonly ReportRun[]): string[] {
  const known = primitiveOf(workload).phases;
  const others = new Set(runs.flatMap((run) => [...phasesOf(run).keys()]));
  return [...known, ...[...others].filter((name) => !known.includes(name) && name !== GUEST_PHASE).sort()];
}

function distances(workload: string, id: string, row: string, measured: number | null): PublishedDistance[] {
  return publishedValues
    .filter((value) => value.primitive === workload && value.hypervisor === id && value.row === row)
    .map(({ tag, cycles, approximate }) => ({
      tag,
      cycles,
      approximate,
      distance: measured === null || cycles === 0 ? null : (measured - cycles) / cycles,
    }));
}

function residualOf(run: ReportRun): number | null {
  const total = metricOf(run, 'cycles.total')?.value;
  const phases = [...phasesOf(run).values()];
  if (total === undefined || phases.length === 0) return null;
  const residual = total - phases.reduce((acc, value) => acc + value, 0);
  // Per-operation figures are quotients: below one part in 10^9 the difference is the rounding of the division.
  return Math.abs(residual) <= 1e-9 * Math.max(1, Math.abs(total)) ? 0 : residual;
}

function exitCounts(runs: readonly ReportRun[]): ExitCounts {
  const values = (name: string): (number | null)[] => runs.map((run) => metricOf(run, name)?.value ?? null);
  const causes = new Map<string, number[]>();
  for (const run of runs)
    for (const metric of run.metrics)
      if (metric.name === 'exits') {
        const cause = metric.labels['cause'] ?? 'unnamed';
        causes.set(cause, [...(causes.get(cause) ?? []), metric.value]);
      }
  return {
    total: largest(values('exits.total')),
    kernel: largest(values('exits.kernel')),
    hostInterrupt: largest(values('exits.host-interrupt')),
    trapsToKernel: largest(values('traps.kernel')),
    unit: runs.map((run) => metricOf(run, 'exits.total')?.unit).find((unit) => unit !== undefined) ?? 'exits',
    byCause: [...causes]
      // A run that did not see a cause counts as 0 of it.
      .map(([cause, seen]) => ({ cause, value: seen.reduce((acc, value) => acc + value, 0) / runs.length }))
      .sort((a, b) => b.value - a.value || (a.cause < b.cause ? -1 : 1)),
  };
}

/** The value largest in magnitude; null when any is missing or there is none, so that a gap cannot pass for a 0. */
function largest(values: readonly (number | null)[]): number | null {
  if (values.length === 0 || values.includes(null)) return null;
  return values.reduce<number>((acc, value) => (Math.abs(value ?? 0) > Math.abs(acc) ? (value ?? 0) : acc), 0);
}

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
const difference = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);
