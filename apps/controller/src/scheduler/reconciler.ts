import type { RunQueue } from '#libs/platform';
import type { PrismaClient } from '../db/generated/client.js';
import { inTransaction } from './retry.js';

/** Runs looked at in one turn as long as all is well. */
const sample = 100;

interface WaitingRun {
  id: string;
  epoch: number;
  version: number;
  createdAt: Date;
}

/**
 * Compares waiting runs with the queue's jobs and makes new jobs for those without: the queue was emptied, its server
 * lost data, or a worker took the job and died before it leased the run. Goes round through all waiting runs, a sample
 * a turn, and through all of them at once when it finds one missing.
 */
export class Reconciler {
  private position = '00000000-0000-0000-0000-000000000000';

  constructor(
    private readonly prisma: PrismaClient,
    private readonly queue: RunQueue,
    private readonly takenWithoutLeaseMs: number,
    private readonly now: () => Date,
  ) {}

  /** Returns how many runs were put into the outbox again. */
  async turn(): Promise<number> {
    let requeued = 0;
    for (let round = 0; ; round++) {
      const runs = await this.nextSample();
      const missing = await this.withoutJob(runs);
      for (const run of missing) if (await this.dispatchAgain(run)) requeued++;
      const allSeen = runs.length < sample;
      if (allSeen) this.position = '00000000-0000-0000-0000-000000000000';
      if (missing.length === 0 || (allSeen && round > 0)) return requeued;
    }
  }

  /** Waiting runs that the dispatcher has handed over, in order of id from where the last turn ended. */
  private async nextSample(): Promise<WaitingRun[]> {
    const runs = await this.prisma.run.findMany({
      where: { state: 'QUEUED', dispatchedAt: { not: null }, id: { gt: this.position }, outbox: { none: {} } },
      select: { id: true, epoch: true, version: true, createdAt: true },
      orderBy: { id: 'asc' },
      take: sample,
    });
    this.position = runs.at(-1)?.id ?? this.position;
    return runs;
  }

  private async withoutJob(runs: WaitingRun[]): Promise<WaitingRun[]> {
    const missing: WaitingRun[] = [];
    for (const run of runs) {
      const place = await this.queue.lookUp({ runId: run.id, epoch: run.epoch });
      const gone = place.kind === 'absent' || place.kind === 'done';
      const stuck = place.kind === 'active' && this.now().getTime() - place.sinceMs > this.takenWithoutLeaseMs;
      if (gone || stuck) missing.push(run);
    }
    return missing;
  }

  /** With a new epoch: the queue may remember the old job, and whoever took it must be refused. */
  private dispatchAgain(run: WaitingRun): Promise<boolean> {
    return inTransaction(this.prisma, async (db) => {
      const { count } = await db.run.updateMany({
        where: { id: run.id, state: 'QUEUED', version: run.version },
        data: { epoch: { increment: 1 }, version: { increment: 1 }, dispatchedAt: null },
      });
      if (count === 0) return false; // leased, cancelled or answered meanwhile
      await db.outboxEntry.create({ data: { runId: run.id, epoch: run.epoch + 1 } });
      return true;
    });
  }
}
