import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import {
  runIdSchema,
  type Cancellations,
  type RegisterWorker,
  type WorkerRegistered,
  type WorkerView,
} from '#libs/contracts';
import { newSecret } from '#libs/platform';
import { hashOf } from '../auth/credentials.js';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG, QUEUE_ENDS, type QueueEnds } from '../config/parts.js';
import { PrismaClient, type Worker } from '../db/generated/client.js';
import { ApiError, notFound } from '../http/errors.js';
import { SoftwareCatalogue } from '../software/catalogue.js';

/** A cancellation that was told is told again after so long, should its answer have been lost. */
const tellAgainMs = 2_000;

@Injectable()
export class WorkersService {
  /** worker id -> run id -> when it was told to stop. */
  private readonly told = new Map<string, Map<string, number>>();

  constructor(
    private readonly prisma: PrismaClient,
    private readonly clock: Clock,
    private readonly software: SoftwareCatalogue,
    @Inject(CONFIG) private readonly config: ControllerConfig,
    @Inject(QUEUE_ENDS) private readonly queue: QueueEnds,
  ) {}

  async register(message: RegisterWorker): Promise<WorkerRegistered> {
    const simulator = this.software.simulator();
    // Its results would be filed under keys of a simulator that did not make them.
    if (message.simulator !== simulator)
      throw new ApiError(
        409,
        'SIMULATOR_DIFFERS',
        `worker ${JSON.stringify(message.name)}: found simulator ${message.simulator}, expected ${simulator} as this controller has; build both from the same sources`,
      );
    const token = `dvr_${newSecret()}`;
    const now = this.clock.now();
    const worker = await this.prisma.worker.create({
      data: { ...message, tokenHash: hashOf(token), registeredAt: now, seenAt: now },
    });
    const { leaseTtlMs, heartbeatMs } = this.config.timing;
    return { workerId: worker.id, token, queue: this.queue.forWorkers, leaseTtlMs, heartbeatMs };
  }

  /** Newest first; those not seen for an hour are left out. */
  async list(): Promise<WorkerView[]> {
    const now = this.clock.now().getTime();
    const workers = await this.prisma.worker.findMany({
      where: { seenAt: { gt: new Date(now - 3_600_000) } },
      orderBy: { registeredAt: 'desc' },
      include: { _count: { select: { leases: true } } },
    });
    return workers.map((worker) => ({
      id: worker.id,
      name: worker.name,
      // An idle worker is heard at least once per long poll.
      alive: now - worker.seenAt.getTime() < this.config.timing.longPollMs + this.config.timing.leaseTtlMs,
      slots: worker.slots,
      held: worker._count.leases,
      simulator: worker.simulator,
      registeredAt: worker.registeredAt.toISOString(),
      seenAt: worker.seenAt.toISOString(),
    }));
  }

  /** Waits until there is a run to stop, the caller has gone, or the poll has lasted long enough. */
  async cancellations(worker: Worker, gone: AbortSignal): Promise<Cancellations> {
    const { pollMs, longPollMs } = this.config.timing;
    for (let waited = 0; ; waited += pollMs) {
      const runIds = await this.newCancellations(worker.id);
      if (runIds.length > 0 || waited >= longPollMs || gone.aborted) return { runIds };
      await delay(pollMs, undefined, { signal: gone }).catch(() => undefined);
    }
  }

  private async newCancellations(workerId: string): Promise<string[]> {
    const leases = await this.prisma.lease.findMany({
      where: { workerId, run: { state: 'CANCELLING' } },
      select: { runId: true },
    });
    const before = this.told.get(workerId) ?? new Map<string, number>();
    const now = Date.now();
    const fresh = leases
      .map((lease) => lease.runId)
      .filter((runId) => now - (before.get(runId) ?? -Infinity) > tellAgainMs);
    const remembered = new Map(
      leases.map(({ runId }) => [runId, fresh.includes(runId) ? now : (before.get(runId) ?? now)]),
    );
    if (remembered.size === 0) this.told.delete(workerId);
    else this.told.set(workerId, remembered);
    return fresh;
  }
}

export function checkedRunId(id: string): string {
  if (!runIdSchema.safeParse(id).success) throw notFound('run', id);
  return id;
}
