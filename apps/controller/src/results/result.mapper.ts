import type { Engine, Metric, Outcome, RunResult } from '#libs/contracts';
import type { OutcomeKind, Prisma } from '../db/generated/client.js';

const kinds: Readonly<Record<Outcome['kind'], OutcomeKind>> = {
  passed: 'PASSED',
  failed: 'FAILED',
  'timed-out': 'TIMED_OUT',
  deadlock: 'DEADLOCK',
};
const kindNames = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [kind, name])) as Record<
  OutcomeKind,
  Outcome['kind']
>;

/** What {@link toRunResult} reads of a result. */
export const resultInclude = {
  run: { select: { metrics: { orderBy: { id: 'asc' } } } },
} satisfies Prisma.ResultInclude;

type ResultRow = Prisma.ResultGetPayload<{ include: typeof resultInclude }>;

export function toRunResult(row: ResultRow): RunResult {
  return {
    outcome: { kind: kindNames[row.outcome], exitCode: row.exitCode, detail: row.outcomeDetail },
    instret: String(row.instret),
    cycles: String(row.cycles),
    stateHash: row.stateHash,
    metrics: row.run.metrics.map(({ name, labels, amount, unit }) => ({
      name,
      labels: labels as Metric['labels'],
      value: amount,
      unit,
    })),
    console: row.consoleText,
    images: row.images as RunResult['images'],
    simulator: row.simulator,
    host: { seconds: row.hostSeconds, mips: row.hostMips, engine: row.engine as Engine },
  };
}

export function toResultRow(
  runId: string,
  attemptId: string,
  result: RunResult,
  storedAt: Date,
): Prisma.ResultUncheckedCreateInput {
  return {
    runId,
    attemptId,
    outcome: kinds[result.outcome.kind],
    exitCode: result.outcome.exitCode,
    outcomeDetail: result.outcome.detail,
    cycles: BigInt(result.cycles),
    instret: BigInt(result.instret),
    stateHash: result.stateHash,
    consoleText: result.console,
    images: result.images,
    simulator: result.simulator,
    hostSeconds: result.host.seconds,
    hostMips: result.host.mips,
    engine: result.host.engine,
    storedAt,
  };
}

/**
 * The result with texts that PostgreSQL can keep: it takes neither NUL nor half a surrogate pair. A target may print
 * anything, so NUL becomes its picture (U+2400) and broken text the replacement character, before anything is compared.
 */
export function storable(result: RunResult): RunResult {
  const clean = (text: string): string => Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\u2400');
  return {
    ...result,
    console: clean(result.console),
    stateHash: clean(result.stateHash),
    outcome: { ...result.outcome, detail: clean(result.outcome.detail) },
    metrics: result.metrics.map((metric) => ({
      ...metric,
      unit: clean(metric.unit),
      labels: Object.fromEntries(Object.entries(metric.labels).map(([name, value]) => [clean(name), clean(value)])),
    })),
  };
}
