import { runStatus, type Hypervisor, type Machine, type RunSpec, type RunView, type Workload } from '#libs/contracts';
import type { Prisma } from '../db/generated/client.js';

/** The columns of a point that make a run's specification. They were checked when they were stored. */
export function specOf(
  point: { machine: Prisma.JsonValue; hypervisor: string; workload: Prisma.JsonValue },
  seed: number,
): RunSpec {
  return {
    machine: point.machine as Machine,
    hypervisor: point.hypervisor as Hypervisor,
    workload: point.workload as Workload,
    seed,
  };
}

/** What {@link toRunView} reads of a run. */
export const runViewInclude = {
  point: true,
  attemptRows: { orderBy: { number: 'desc' }, take: 1, include: { worker: { select: { name: true } } } },
} satisfies Prisma.RunInclude;

type RunRow = Prisma.RunGetPayload<{ include: typeof runViewInclude }>;

export function toRunView(run: RunRow): RunView {
  const attempt = run.attemptRows[0];
  return {
    id: run.id,
    campaignId: run.campaignId,
    index: run.index,
    label: `${run.point.label} seed=${run.seed}`,
    spec: specOf(run.point, run.seed),
    key: run.runKey,
    state: run.state,
    status: runStatus(run.state),
    attempts: run.attempts,
    worker: attempt?.worker.name ?? null,
    progress:
      attempt === undefined
        ? null
        : { instret: String(attempt.progressInstret), cycles: String(attempt.progressCycles) },
    createdAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    endedAt: run.endedAt?.toISOString() ?? null,
    reusedFrom: run.reusedFromId,
    reason: run.reason,
  };
}
