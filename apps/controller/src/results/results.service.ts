import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import {
  canonicalJson,
  disagreements,
  maxArtefactBytes,
  nextState,
  type ArtefactStored,
  type HandIn,
  type HandInAnswer,
  type RunEvent,
  type RunResult,
  type Software,
} from '#libs/contracts';
import { ArtefactTooLargeError, type ArtefactStore } from '#libs/platform';
import { ARTEFACTS, Clock } from '../config/parts.js';
import { PrismaClient, type Attempt, type Run } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';
import { ApiError } from '../http/errors.js';
import { LifecycleService, leaseLost } from '../scheduler/lifecycle.service.js';
import { inTransaction } from '../scheduler/retry.js';
import { transition } from '../scheduler/transition.js';
import { resultInclude, storable, toResultRow, toRunResult } from './result.mapper.js';

const eventOf: Readonly<Record<RunResult['outcome']['kind'], RunEvent>> = {
  passed: 'pass',
  failed: 'fail',
  deadlock: 'fail',
  'timed-out': 'timeout',
};

/** Takes results in: one per run, compared with every other execution of the same key. */
@Injectable()
export class ResultsService {
  private readonly logger = new Logger('results');

  constructor(
    private readonly prisma: PrismaClient,
    private readonly lifecycle: LifecycleService,
    private readonly clock: Clock,
    @Inject(ARTEFACTS) private readonly artefacts: ArtefactStore,
  ) {}

  async handIn(runId: string, message: HandIn): Promise<HandInAnswer> {
    const result = storable(message.result);
    const outcome = await inTransaction(
      this.prisma,
      async (db): Promise<{ answer?: HandInAnswer; refusal?: ApiError }> => {
        const { run, attempt, holds } = await this.lifecycle.heldBy(db, runId, message.leaseToken);
        if (!holds && attempt.end === 'RESULT') return { answer: await this.alreadyStored(db, run, attempt, result) };
        if (!holds || run.state === 'CANCELLING') return this.lateOrCancelled(db, run, attempt, holds, result);

        const different = await this.softwareDiffers(db, run, result);
        if (different !== null) {
          await this.lifecycle.endAttempt(db, attempt, 'CRASHED', different);
          await transition(db, run, {
            event: 'crash',
            at: this.clock.now(),
            detail: different,
            set: { reason: different },
          });
          return { refusal: new ApiError(409, 'SOFTWARE_DIFFERS', `run ${runId}: ${different}`) };
        }
        return { answer: await this.store(db, run, attempt, result) };
      },
    );
    // Thrown out here: what the transaction wrote about the refusal stays.
    if (outcome.refusal !== undefined) throw outcome.refusal;
    for (const alarm of outcome.answer?.alarms ?? []) this.logger.error(alarm);
    return outcome.answer ?? { state: 'BROKEN', alarms: [] };
  }

  private async store(db: Db, held: Run, attempt: Attempt, result: RunResult): Promise<HandInAnswer> {
    const at = this.clock.now();
    const event = eventOf[result.outcome.kind];
    const collecting = await this.lifecycle.advance(db, held, 'collecting', at);
    if (nextState(collecting.state, event) === undefined)
      throw new Error(`run ${held.id}: found it ${collecting.state} at the hand-in, expected COLLECTING`);
    await this.lifecycle.endAttempt(db, attempt, 'RESULT', null);
    const run = await transition(db, collecting, {
      event,
      at,
      detail: result.outcome.detail,
      set:
        result.outcome.kind === 'passed'
          ? { reason: null }
          : { reason: `${result.outcome.kind}: ${result.outcome.detail}` },
    });
    await db.attempt.update({
      where: { id: attempt.id },
      data: {
        progressInstret: BigInt(result.instret),
        progressCycles: BigInt(result.cycles),
        progressMips: result.host.mips,
      },
    });
    await db.result.create({ data: toResultRow(run.id, attempt.id, result, at) });
    await db.metric.createMany({
      data: result.metrics.map((metric) => ({
        runId: run.id,
        name: metric.name,
        labels: metric.labels,
        amount: metric.value,
        unit: metric.unit,
      })),
    });
    return {
      state: run.state,
      alarms: [...(await this.compareWithTwin(db, run, result)), ...(await this.compareWithEvidence(db, run, result))],
    };
  }

  /** The same message again, after an answer that got lost, is answered alike; another one is refused. */
  private async alreadyStored(db: Db, run: Run, attempt: Attempt, result: RunResult): Promise<HandInAnswer> {
    const stored = await db.result.findUnique({ where: { attemptId: attempt.id }, include: resultInclude });
    if (stored !== null && disagreements(toRunResult(stored), result).length === 0)
      return { state: run.state, alarms: [] };
    throw new ApiError(
      409,
      'RESULT_STORED',
      `run ${run.id}: found a second, different result of attempt ${attempt.number}`,
    );
  }

  /** Of a lost attempt or a cancelled run: not obeyed, kept, compared with what is stored. */
  private async lateOrCancelled(
    db: Db,
    run: Run,
    attempt: Attempt,
    holds: boolean,
    result: RunResult,
  ): Promise<{ answer?: HandInAnswer; refusal?: ApiError }> {
    const stored = await db.result.findUnique({ where: { runId: run.id }, include: resultInclude });
    const comparable = stored !== null && isAnswer(result);
    const differing = comparable ? disagreements(toRunResult(stored), result) : [];
    await db.evidence.create({
      data: {
        runId: run.id,
        attemptId: attempt.id,
        receivedAt: this.clock.now(),
        result,
        agrees: comparable ? differing.length === 0 : null,
      },
    });
    if (differing.length > 0)
      await this.alarm(db, run, `late result of attempt ${attempt.number} differs from the stored one`, differing);
    if (!holds) {
      await this.lifecycle.logRefused(db, run, attempt, 'result', `attempt ${attempt.number} no longer holds the run`);
      return { refusal: leaseLost(run, attempt) };
    }
    await this.lifecycle.endAttempt(db, attempt, 'CANCELLED', 'result came after the cancellation');
    const cancelled = await transition(db, run, {
      event: 'stop',
      at: this.clock.now(),
      detail: 'result came after the cancellation',
    });
    return { answer: { state: cancelled.state, alarms: [] } };
  }

  /** A result made with other software than the run's key says would be filed under the wrong key. */
  private async softwareDiffers(db: Db, run: Run, result: RunResult): Promise<string | null> {
    const software = await db.software.findUniqueOrThrow({ where: { id: run.softwareId } });
    if (software.simulator !== result.simulator)
      return `found a result of simulator ${result.simulator}, expected ${software.simulator}`;
    const images = canonicalJson(software.images as Software['images']);
    if (images !== canonicalJson(result.images))
      return `found a result with images ${canonicalJson(result.images)}, expected ${images}`;
    return null;
  }

  /** The first execution of the key is what all later ones are compared with. */
  private async compareWithTwin(db: Db, run: Run, result: RunResult): Promise<string[]> {
    if (!isAnswer(result)) return [];
    const twin = await db.result.findFirst({
      where: { runId: { not: run.id }, run: { runKey: run.runKey }, outcome: { not: 'TIMED_OUT' } },
      orderBy: { storedAt: 'asc' },
      include: resultInclude,
    });
    if (twin === null) return [];
    const differing = disagreements(toRunResult(twin), result);
    return differing.length === 0
      ? []
      : [await this.alarm(db, run, `differs from run ${twin.runId} of the same key`, differing)];
  }

  private async compareWithEvidence(db: Db, run: Run, result: RunResult): Promise<string[]> {
    if (!isAnswer(result)) return [];
    const alarms: string[] = [];
    for (const late of await db.evidence.findMany({ where: { runId: run.id, agrees: null } })) {
      const other = late.result as unknown as RunResult;
      if (!isAnswer(other)) continue;
      const differing = disagreements(other, result);
      await db.evidence.update({ where: { id: late.id }, data: { agrees: differing.length === 0 } });
      if (differing.length > 0)
        alarms.push(await this.alarm(db, run, 'differs from the late result of a lost attempt', differing));
    }
    return alarms;
  }

  private async alarm(db: Db, run: Run, what: string, differing: string[]): Promise<string> {
    const detail = `run ${run.id} ${what} in ${differing.slice(0, 10).join(', ')}`;
    await db.runLogEntry.create({
      data: {
        at: this.clock.now(),
        campaignId: run.campaignId,
        runId: run.id,
        kind: 'ALARM',
        name: 'disagreement',
        attempt: run.attempts,
        detail,
        differing,
      },
    });
    return detail;
  }

  /** A file of a held run. The same name sent again by the same attempt replaces the former. */
  async storeArtefact(runId: string, leaseToken: string, name: string, content: Readable): Promise<ArtefactStored> {
    const { run, attempt, holds } = await this.lifecycle.heldBy(this.prisma, runId, leaseToken);
    if (!holds) throw leaseLost(run, attempt);
    const stored = await this.artefacts.put(content, maxArtefactBytes).catch((error: unknown) => {
      throw error instanceof ArtefactTooLargeError ? new ApiError(413, error.code, error.message) : error;
    });
    const row = { sha256: stored.sha256, bytes: BigInt(stored.bytes), createdAt: this.clock.now() };
    await this.prisma.artefact.upsert({
      where: { attemptId_name: { attemptId: attempt.id, name } },
      create: { runId, attemptId: attempt.id, name, ...row },
      update: row,
    });
    return { name, ...stored };
  }
}

/** Decided by the target alone. A time limit of the host cuts where it will, so such results say nothing about each other. */
function isAnswer(result: RunResult): boolean {
  return result.outcome.kind !== 'timed-out';
}
