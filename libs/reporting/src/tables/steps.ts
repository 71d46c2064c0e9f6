/** The KVM-like module's instructions per exit, by step, beside those measured on Linux (kvm-cost.md sections 2 and 5). */
import type { StepReference } from '../input.js';
import { primitiveOf } from '../primitives.js';
import { columnNames, linuxColumns, linuxOperation } from '../published.js';
import type { Point } from '../samples.js';

export interface StepRow {
  readonly step: string;
  readonly column: string;
  /** Instructions per operation of the module, mean over runs; null when the step was not executed. */
  readonly module: number | null;
  readonly linux: number | null;
  /** Why the module leaves the step out; null when it is done. */
  readonly leftOut: string | null;
  readonly note: string | null;
}

export interface ColumnRow {
  readonly column: string;
  readonly module: number;
  /** Linux's instructions of that column, one value for each measured row. */
  readonly linux: readonly number[];
}

export interface StepTable {
  readonly primitive: string;
  readonly title: string;
  /** Which measured operation of Linux the guest's is, and which ones are shown beside it. */
  readonly setBeside: string;
  readonly rows: readonly StepRow[];
  readonly columns: readonly ColumnRow[];
  /** Linux measurements the columns are set beside. */
  readonly linuxRows: readonly { readonly row: string; readonly operation: string; readonly total: number }[];
  /** Sum over the module's steps, guest excluded. */
  readonly moduleTotal: number;
  /** Steps Linux does that the module neither does nor lists as left out. */
  readonly unexplained: readonly string[];
}

/** The guest's own instructions are no step of the module. */
const GUEST_STEP = 'guest';

/** One table for each primitive that a KVM-like module ran with instruction counts. */
export function buildStepTables(points: readonly Point[], references: readonly StepReference[]): StepTable[] {
  const workloads = [...new Set(points.map((point) => point.workload))];
  return workloads.flatMap((workload) => {
    const measured = measuredSteps(points.filter((point) => point.workload === workload));
    return measured.size === 0 ? [] : [stepTable(workload, measured, references)];
  });
}

/** (column, step) to mean instructions per operation over the passed KVM runs. */
function measuredSteps(points: readonly Point[]): Map<string, { step: string; column: string; value: number }> {
  const runs = points.flatMap((point) => point.runs).filter((run) => run.usable && run.hypervisor === 'kvm');
  const steps = new Map<string, { step: string; column: string; value: number }>();
  for (const run of runs)
    for (const metric of run.metrics) {
      const { step, column } = metric.labels;
      if (metric.name !== 'instructions.step' || step === undefined || step === GUEST_STEP) continue;
      const entry = steps.get(step) ?? { step, column: column ?? 'unassigned', value: 0 };
      entry.value += metric.value / runs.length;
      steps.set(step, entry);
    }
  return steps;
}

function stepTable(
  workload: string,
  measured: ReadonlyMap<string, { step: string; column: string; value: number }>,
  references: readonly StepReference[],
): StepTable {
  const own = references.filter((reference) => reference.primitive === workload);
  const known = new Set(own.map((reference) => reference.step));
  const rows: StepRow[] = [
    ...own.map(({ step, column, linux, leftOut, note }) => ({
      step,
      column,
      module: measured.get(step)?.value ?? null,
      linux,
      leftOut,
      note,
    })),
    ...[...measured.values()]
      .filter(({ step }) => !known.has(step))
      .map(({ step, column, value }) => ({ step, column, module: value, linux: null, leftOut: null, note: null })),
  ];
  const linux = linuxColumns.filter((entry) => entry.primitive === workload);
  const inColumn = (column: string): number =>
    [...measured.values()].reduce((acc, entry) => (entry.column === column ? acc + entry.value : acc), 0);
  const extra = [...new Set([...measured.values()].map(({ column }) => column))].filter(
    (column) => !(columnNames as readonly string[]).includes(column),
  );
  return {
    primitive: workload,
    title: primitiveOf(workload).title,
    setBeside: linuxOperation[workload] ?? '',
    rows,
    columns: [...columnNames, ...extra.sort()].map((column) => ({
      column,
      module: inColumn(column),
      linux: linux.map((entry) => entry.columns[column] ?? 0),
    })),
    linuxRows: linux.map(({ row, operation, total }) => ({ row, operation, total })),
    moduleTotal: [...measured.values()].reduce((acc, entry) => acc + entry.value, 0),
    unexplained: own
      .filter(({ step, linux: count, leftOut, note }) => {
        const explained = leftOut !== null || note !== null || measured.has(step);
        return (count ?? 0) > 0 && !explained;
      })
      .map(({ step }) => step),
  };
}
