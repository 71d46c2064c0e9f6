import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { LoggedEvent, ProgressEvent, RunEvent, StreamEvent } from '#libs/contracts';
import { CampaignsService } from '../campaigns/campaigns.service.js';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG } from '../config/parts.js';
import { PrismaClient, type RunLogEntry } from '../db/generated/client.js';

/**
 * Ids are given before the commit, so that a lower id may appear after a higher one. What is younger than this is read
 * again, and what was sent is remembered: nothing is left out.
 */
const settledAfterMs = 10_000;

@Injectable()
export class EventsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly campaigns: CampaignsService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  /** The log from after `lastId`, then news as it comes, with a progress message at every look; ends with the campaign. */
  async *stream(reference: string, lastId: bigint, gone: AbortSignal): AsyncGenerator<StreamEvent> {
    const { id: campaignId } = await this.campaigns.require(reference);
    let settled = lastId;
    let recent = new Set<bigint>();
    while (!gone.aborted) {
      // Read before the log: when it says "ended", the log is complete.
      const progress = await this.progress(campaignId);
      const rows = await this.prisma.runLogEntry.findMany({
        where: { campaignId, id: { gt: settled } },
        orderBy: { id: 'asc' },
      });
      for (const row of rows) if (!recent.has(row.id)) yield toEvent(row);
      const horizon = this.clock.now().getTime() - settledAfterMs;
      for (const row of rows) {
        if (row.at.getTime() > horizon) break;
        settled = row.id;
      }
      recent = new Set(rows.filter((row) => row.id > settled).map((row) => row.id));
      yield progress.event;
      if (progress.ended) {
        yield { kind: 'end', campaignId, status: progress.event.status };
        return;
      }
      await delay(this.config.timing.pollMs, undefined, { signal: gone }).catch(() => undefined);
    }
  }

  private async progress(campaignId: string): Promise<{ event: ProgressEvent; ended: boolean }> {
    const campaign = await this.campaigns.get(campaignId);
    const leases = await this.prisma.lease.findMany({
      where: { run: { campaignId } },
      orderBy: { run: { index: 'asc' } },
      include: {
        attempt: true,
        worker: { select: { name: true } },
        run: { include: { point: { select: { label: true } } } },
      },
    });
    return {
      ended: campaign.endedAt !== null,
      event: {
        kind: 'progress',
        at: this.clock.now().toISOString(),
        campaignId,
        status: campaign.status,
        counts: campaign.counts,
        running: leases.map(({ run, attempt, worker }) => ({
          runId: run.id,
          label: `${run.point.label} seed=${run.seed}`,
          worker: worker.name,
          startedAt: (run.startedAt ?? attempt.leasedAt).toISOString(),
          instret: String(attempt.progressInstret),
          cycles: String(attempt.progressCycles),
          mips: attempt.progressMips,
        })),
      },
    };
  }
}

function toEvent(row: RunLogEntry): LoggedEvent {
  const head = { id: String(row.id), at: row.at.toISOString(), campaignId: row.campaignId, runId: row.runId };
  switch (row.kind) {
    case 'TRANSITION':
      // The table's check: a transition has both states.
      return {
        ...head,
        kind: 'transition',
        event: row.name as RunEvent,
        from: row.fromState!,
        to: row.toState!,
        attempt: row.attempt,
        detail: row.detail,
      };
    case 'REFUSED':
      return { ...head, kind: 'refused', attempt: row.attempt, message: row.name, detail: row.detail };
    case 'ALARM':
      return { ...head, kind: 'alarm', detail: row.detail, differing: row.differing };
  }
}
