/** From stored rows to the runs a report is computed from. Missing is null with a reason, never 0. */
import {
  isServiceName,
  type Metric,
  type RunResult,
  type RunSpec,
  type RunStatus,
  type Software,
} from '#libs/contracts';

/** What a report is made from; the controller fills it from PostgreSQL and computes nothing itself. */
export interface ReportInput {
  readonly campaign: { readonly id: string; readonly number: number; readonly name: string };
  /** Version of this project that makes the report, e.g. a commit; null when unknown. */
  readonly revision: string | null;
  readonly runs: readonly StoredRun[];
  /** Executions of one run key that disagreed. */
  readonly alarms: readonly { readonly runId: string; readonly detail: string }[];
  /** Steps of the KVM-like module (libs/duvisor, kvm-steps). */
  readonly steps: readonly StepReference[];
}

/** A run as stored; of a cache hit, `result` is the original's. */
export interface StoredRun {
  readonly id: string;
  readonly key: string;
  readonly spec: RunSpec;
  readonly software: Software;
  readonly status: RunStatus;
  readonly attempts: number;
  readonly worker: string | null;
  readonly reusedFrom: string | null;
  /** Why it was lost, broken or released; null otherwise. */
  readonly reason: string | null;
  readonly result: RunResult | null;
}

/** Metrics without which a run has not answered its question (orchestrator.md section 6: such a run failed). */
const microMetrics = ['operations', 'cycles.total', 'exits.total', 'exits.kernel'];
const serviceMetrics = [
  ...['requests.per-second', 'replies.verified', 'errors', 'cycles.total'],
  ...['exits.total.per-request', 'exits.kernel.per-request'],
  ...['50', '95', '99', 'mean'].map((p) => `latency.us p=${p}`),
  ...['guest-user', 'guest-kernel', 'vmm', 'host-kernel', 'firmware', 'idle'].map((mode) => `cycles.mode mode=${mode}`),
];

/** By name, or by name and label (`latency.us p=50`). */
export function requiredMetricsOf(workload: string): readonly string[] {
  return isServiceName(workload) ? serviceMetrics : microMetrics;
}

/** One run of the campaign, with its result when it has one. Host figures never enter a table of the target. */
export interface ReportRun {
  readonly id: string;
  /** sha256 of everything that decides the result. */
  readonly key: string;
  readonly hypervisor: string;
  readonly workload: string;
  /** Everything of the point but hypervisor and seed: points are told apart by it. */
  readonly configuration: Configuration;
  readonly seed: number;
  readonly status: string;
  /** The experiment passed and its required metrics are there. */
  readonly usable: boolean;
  /** Why it is not usable; null when it is. */
  readonly reason: string | null;
  readonly metrics: readonly Metric[];
  /** Target cycles and instructions from reset to the end, decimal bigint. */
  readonly cycles: string | null;
  readonly instret: string | null;
  readonly stateHash: string | null;
  /** Run whose stored result answered this one (cache hit). */
  readonly reusedFrom: string | null;
  readonly images: Readonly<Record<string, string>>;
  readonly simulator: string;
  readonly attempts: number;
  readonly worker: string | null;
  /** Simulation host: engine, seconds of computing, million target instructions per second. */
  readonly host: { readonly engine: string; readonly seconds: number; readonly mips: number } | null;
}

export interface Configuration {
  readonly machine: StoredRun['spec']['machine'];
  readonly params: StoredRun['spec']['workload']['params'];
}

export function readRun(run: StoredRun): ReportRun {
  const { spec, result } = run;
  const reason = whyUnusable(run);
  return {
    id: run.id,
    key: run.key,
    hypervisor: spec.hypervisor,
    workload: spec.workload.name,
    configuration: { machine: spec.machine, params: spec.workload.params },
    seed: spec.seed,
    status: run.status,
    usable: reason === null,
    reason,
    metrics: result?.metrics ?? [],
    cycles: result?.cycles ?? null,
    instret: result?.instret ?? null,
    stateHash: result?.stateHash ?? null,
    reusedFrom: run.reusedFrom,
    images: run.software.images,
    simulator: run.software.simulator,
    attempts: run.attempts,
    worker: run.worker,
    host: result?.host ?? null,
  };
}

function whyUnusable(run: StoredRun): string | null {
  if (run.result === null) return run.reason ?? `${run.status}, no result stored`;
  const { outcome, metrics } = run.result;
  if (run.status !== 'passed') return run.reason ?? `${outcome.kind}: ${outcome.detail}`;
  const there = new Set(
    metrics.flatMap(({ name, labels }) => [
      name,
      ...Object.entries(labels).map(([label, value]) => `${name} ${label}=${value}`),
    ]),
  );
  const missing = requiredMetricsOf(run.spec.workload.name).filter((name) => !there.has(name));
  return missing.length === 0 ? null : `required metric missing: ${missing.join(', ')}`;
}

/** One step of the KVM-like module beside Linux's (kvm-cost.md sections 4 to 6). */
export interface StepReference {
  /** Workload the step belongs to. */
  readonly primitive: string;
  readonly step: string;
  /** Column of kvm-cost.md section 2: switch, arch, gen, mm, lib, rcu, entry, FP, sched, user, fw. */
  readonly column: string;
  /** Instructions per operation measured on Linux; null when it was not measured apart. */
  readonly linux: number | null;
  /** Reason why the module leaves the step out; null when the step is done. */
  readonly leftOut: string | null;
  /** Of the rest of a column, which no step holds alone: where the module does that work; null for a step. */
  readonly note: string | null;
}
