import { Inject, Injectable } from '@nestjs/common';
import { isFinal, type GiveUp, type Heartbeat, type HeartbeatAnswer, type Lease, type RunJob } from '#libs/contracts';
import { newSecret } from '#libs/platform';
import { hashOf } from '../auth/credentials.js';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG } from '../config/parts.js';
import { PrismaClient, type Attempt, type AttemptEnd, type Run, type Worker } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';
import { ApiError, notFound } from '../http/errors.js';
import { specOf } from '../runs/run.mapper.js';
import { findAnswer } from './answers.js';
import { DispatchSignal } from './dispatch-signal.js';
import { inTransaction } from './retry.js';
import { LostRaceError, transition } from './transition.js';

/** An attempt that speaks for a run, and whether it still may. */
export interface Held {
  run: Run;
  attempt: Attempt;
  /** The lease is this attempt's. */
  holds: boolean;
}

/** From QUEUED to the hand-in and back: leases, heartbeats, losses. What a result does to a run is in results/. */
@Injectable()
export class LifecycleService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly clock: Clock,
    private readonly dispatch: DispatchSignal,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  /** Gives the run to the worker, or refuses (409): an old epoch, a run that does not wait, or one answered meanwhile. */
  async lease(worker: Worker, job: RunJob): Promise<Lease> {
    const leased = await inTransaction(this.prisma, async (db) => {
      const run = await db.run.findUnique({ where: { id: job.runId } });
      if (run === null) throw notFound('run', job.runId);
      if (run.state !== 'QUEUED') return { refused: `found it ${run.state}, expected QUEUED` };
      if (run.epoch !== job.epoch) return { refused: `found a job of epoch ${job.epoch}, expected epoch ${run.epoch}` };
      // One after the other: a transaction is one session, and that answers one question at a time.
      const campaign = await db.campaign.findUniqueOrThrow({ where: { id: run.campaignId } });
      const point = await db.point.findUniqueOrThrow({ where: { id: run.pointId } });
      const software = await db.software.findUniqueOrThrow({ where: { id: run.softwareId } });
      const at = this.clock.now();

      const answer = campaign.noCache ? null : await findAnswer(db, run.runKey);
      if (answer !== null) {
        await transition(db, run, {
          event: 'reuse',
          at,
          detail: `run ${answer} has the same key`,
          set: { reusedFromId: answer },
        });
        return { refused: `found it answered by run ${answer}` };
      }

      const leaseToken = newSecret();
      const taken = await transition(db, run, {
        event: 'lease',
        at,
        detail: `worker ${worker.name}`,
        set: { attempts: { increment: 1 } },
      });
      const attempt = await db.attempt.create({
        data: {
          runId: run.id,
          number: taken.attempts,
          workerId: worker.id,
          leaseTokenHash: hashOf(leaseToken),
          leasedAt: at,
        },
      });
      const expiresAt = this.expiry(at);
      await db.lease.create({ data: { runId: run.id, attemptId: attempt.id, workerId: worker.id, expiresAt } });
      const lease: Lease = {
        runId: run.id,
        leaseToken,
        attempt: attempt.number,
        expiresAt: expiresAt.toISOString(),
        spec: specOf(point, run.seed),
        key: run.runKey,
        images: software.images as Lease['images'],
        engine: campaign.engine as Lease['engine'],
        limits: {
          hostSeconds: campaign.hostSecondsLimit,
          instructions: campaign.instructionsLimit === null ? null : Number(campaign.instructionsLimit),
        },
      };
      return { lease };
    });
    if (leased.lease === undefined) throw new ApiError(409, 'LEASE_REFUSED', `run ${job.runId}: ${leased.refused}`);
    return leased.lease;
  }

  /** Extends the lease, moves the run on, and says whether it is to be stopped. */
  async heartbeat(runId: string, heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    return inTransaction(this.prisma, async (db) => {
      const { run, attempt, holds } = await this.heldBy(db, runId, heartbeat.leaseToken);
      if (!holds) throw leaseLost(run, attempt);
      const at = this.clock.now();
      await this.advance(db, run, heartbeat.phase, at);
      const { instret, cycles } = heartbeat.progress;
      await db.attempt.update({
        where: { id: attempt.id },
        data: { progressInstret: BigInt(instret), progressCycles: BigInt(cycles), progressMips: heartbeat.mips },
      });
      const expiresAt = this.expiry(at);
      const { count } = await db.lease.updateMany({ where: { attemptId: attempt.id }, data: { expiresAt } });
      if (count === 0) throw new LostRaceError(`run ${runId}: its lease expired meanwhile`);
      return { expiresAt: expiresAt.toISOString(), cancel: run.state === 'CANCELLING' };
    });
  }

  /** Brings a held run forward to what the worker says it does; it never goes back. */
  async advance(db: Db, run: Run, phase: Heartbeat['phase'], at: Date): Promise<Run> {
    let now = run;
    if (now.state === 'LEASED' && phase !== 'preparing')
      now = await transition(db, now, { event: 'start', at, set: { startedAt: at } });
    if (now.state === 'RUNNING' && phase === 'collecting') now = await transition(db, now, { event: 'finish', at });
    return now;
  }

  async giveUp(runId: string, message: GiveUp): Promise<Run> {
    const { run, refusal } = await inTransaction(this.prisma, async (db): Promise<{ run: Run; refusal?: ApiError }> => {
      const { run, attempt, holds } = await this.heldBy(db, runId, message.leaseToken);
      if (holds) return { run: await this.letGo(db, run, attempt, message) };
      // Said again after an answer that got lost: nothing is left to do.
      if (attempt.end === 'RELEASED' || attempt.end === 'CANCELLED' || attempt.end === 'CRASHED') return { run };
      await this.logRefused(db, run, attempt, 'give-up', message.detail);
      return { run, refusal: leaseLost(run, attempt) };
    });
    if (refusal !== undefined) throw refusal;
    return run;
  }

  private async letGo(db: Db, run: Run, attempt: Attempt, { reason, detail }: GiveUp): Promise<Run> {
    const at = this.clock.now();
    const end: AttemptEnd = reason === 'crashed' ? 'CRASHED' : run.state === 'CANCELLING' ? 'CANCELLED' : 'RELEASED';
    await this.endAttempt(db, attempt, end, detail);
    if (run.state === 'CANCELLING') return transition(db, run, { event: 'stop', at, detail: firstLine(detail) });
    if (reason === 'crashed')
      return transition(db, run, { event: 'crash', at, detail: firstLine(detail), set: { reason: detail } });
    return this.requeue(db, run, 'release', detail);
  }

  /** While no controller ran, nobody could renew: workers that live on get the time to. */
  async renewAfterAbsence(): Promise<void> {
    const expiresAt = this.expiry(this.clock.now());
    await this.prisma.lease.updateMany({ where: { expiresAt: { lt: expiresAt } }, data: { expiresAt } });
  }

  /** Takes runs away from attempts whose lease ran out. Returns how many. */
  async expireLeases(): Promise<number> {
    const due = await this.prisma.lease.findMany({
      where: { expiresAt: { lt: this.clock.now() } },
      orderBy: { expiresAt: 'asc' },
      take: 500,
    });
    let expired = 0;
    for (const { runId, attemptId } of due)
      if (await inTransaction(this.prisma, (db) => this.expire(db, runId, attemptId))) expired++;
    return expired;
  }

  private async expire(db: Db, runId: string, attemptId: string): Promise<boolean> {
    const at = this.clock.now();
    // A heartbeat may have come in between.
    const lease = await db.lease.findFirst({ where: { runId, attemptId, expiresAt: { lt: at } } });
    if (lease === null) return false;
    const run = await db.run.findUniqueOrThrow({ where: { id: runId } });
    const attempt = await db.attempt.findUniqueOrThrow({ where: { id: attemptId }, include: { worker: true } });
    const lastHeard = new Date(lease.expiresAt.getTime() - this.config.timing.leaseTtlMs);
    const detail = `no heartbeat of worker ${attempt.worker.name} since ${lastHeard.toISOString()}`;
    await this.endAttempt(db, attempt, 'EXPIRED', detail);
    if (run.state === 'CANCELLING') await transition(db, run, { event: 'stop', at, detail });
    else if (run.losses + 1 >= run.maxLosses)
      await transition(db, run, {
        event: 'exhaust',
        at,
        detail,
        set: { losses: { increment: 1 }, reason: `${run.losses + 1} attempts lost; the last: ${detail}` },
      });
    else await this.requeue(db, run, 'expire', detail);
    return true;
  }

  /** Back to QUEUED with a new epoch, and into the outbox. */
  private async requeue(db: Db, run: Run, event: 'expire' | 'release', detail: string): Promise<Run> {
    const waiting = await transition(db, run, {
      event,
      at: this.clock.now(),
      detail: firstLine(detail),
      set: {
        epoch: { increment: 1 },
        dispatchedAt: null,
        startedAt: null,
        ...(event === 'expire' ? { losses: { increment: 1 } } : {}),
      },
    });
    await db.outboxEntry.create({ data: { runId: run.id, epoch: waiting.epoch } });
    this.dispatch.later();
    return waiting;
  }

  async endAttempt(db: Db, attempt: Attempt, end: AttemptEnd, detail: string | null): Promise<void> {
    const { count } = await db.attempt.updateMany({
      where: { id: attempt.id, endedAt: null },
      data: { endedAt: this.clock.now(), end, detail },
    });
    if (count === 0) throw new LostRaceError(`attempt ${attempt.id}: ended meanwhile`);
    await db.lease.delete({ where: { attemptId: attempt.id } });
  }

  /** The attempt a lease token belongs to. An unknown token is not a late one: 403. */
  async heldBy(db: Db, runId: string, leaseToken: string): Promise<Held> {
    const attempt = await db.attempt.findUnique({ where: { leaseTokenHash: hashOf(leaseToken) } });
    if (attempt?.runId !== runId)
      throw new ApiError(403, 'UNKNOWN_LEASE', `run ${runId}: found a lease token that was never given out for it`);
    const run = await db.run.findUniqueOrThrow({ where: { id: runId } });
    const lease = await db.lease.findUnique({ where: { attemptId: attempt.id } });
    return { run, attempt, holds: lease !== null && !isFinal(run.state) };
  }

  async logRefused(db: Db, run: Run, attempt: Attempt, what: string, detail: string): Promise<void> {
    await db.runLogEntry.create({
      data: {
        at: this.clock.now(),
        campaignId: run.campaignId,
        runId: run.id,
        kind: 'REFUSED',
        name: what,
        attempt: attempt.number,
        detail: firstLine(detail),
      },
    });
  }

  private expiry(from: Date): Date {
    return new Date(from.getTime() + this.config.timing.leaseTtlMs);
  }
}

export function leaseLost(run: Run, attempt: Attempt): ApiError {
  return new ApiError(
    409,
    'LEASE_LOST',
    `run ${run.id}: found a message of attempt ${attempt.number}, which no longer holds it; it is ${run.state}`,
  );
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
