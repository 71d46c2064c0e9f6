import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ProgressEvent, StreamEvent } from '#libs/contracts';
import { CampaignsService } from '../campaigns/campaigns.service.js';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG } from '../config/parts.js';
import { PrismaClient } from '../db/generated/client.js';
import { secondsLeft, type PointWork } from './estimate.js';
import { toEvent } from './event.mapper.js';

/**
 * Ids are given before the commit, so that a lower id may appear after a higher one. What is younger than this is read
 * again, and what was sent is remembered: nothing is left out.
 */
const settledAfterMs = 10_000;

/** Looks back over which workers are counted: between two runs one holds none for a moment. */
const looksBack = 10;

/** Behind an event that was seen, or with so many of the newest events of the log. */
export type StreamStart = { after: bigint } | { tail: number };

@Injectable()
export class EventsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly campaigns: CampaignsService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  /** The log from after `start`, then news as it comes, with a progress message at every look; ends with the campaign. */
  async *stream(reference: string, start: StreamStart, gone: AbortSignal): AsyncGenerator<StreamEvent> {
    const { id: campaignId } = await this.campaigns.require(reference);
    const earlier = await this.earlierSeconds(campaignId);
    let settled = 'after' in start ? start.after : await this.idBefore(campaignId, start.tail);
    let recent = new Set<bigint>();
    const held: number[] = [];
    while (!gone.aborted) {
      // Read before the log: when it says "ended", the log is complete.
      const progress = await this.progress(campaignId, earlier, Math.max(0, ...held));
      held.push(progress.event.running.length);
      if (held.length > looksBack) held.shift();
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

  /** The newest event that is older than the `count` newest ones. */
  private async idBefore(campaignId: string, count: number): Promise<bigint> {
    const row = await this.prisma.runLogEntry.findFirst({
      where: { campaignId },
      orderBy: { id: 'desc' },
      skip: count,
      select: { id: true },
    });
    return row?.id ?? 0n;
  }

  /** Usual host seconds of its points in earlier campaigns, by point id. */
  private async earlierSeconds(campaignId: string): Promise<Map<string, number>> {
    const points = await this.prisma.point.findMany({ where: { campaignId }, select: { id: true, pointKey: true } });
    const byKey = await this.campaigns.usualSeconds(points.map((point) => point.pointKey));
    return new Map(
      points.flatMap(({ id, pointKey }) => {
        const seconds = byKey.get(pointKey);
        return seconds === undefined ? [] : [[id, seconds] as const];
      }),
    );
  }

  private async work(campaignId: string, earlier: ReadonlyMap<string, number>): Promise<PointWork[]> {
    const rows = await this.prisma.$queryRaw<{ pointId: string; waiting: number; seconds: number | null }[]>`
      select point_id as "pointId", (count(*) filter (where state = 'QUEUED'))::int as waiting,
             avg(extract(epoch from ended_at - started_at)) filter (
               where reused_from_id is null and state in ('SUCCEEDED', 'FAILED', 'TIMED_OUT'))::float8 as seconds
        from runs where campaign_id = ${campaignId}::uuid group by point_id`;
    return rows.map((row) => ({ ...row, earlierSeconds: earlier.get(row.pointId) ?? null }));
  }

  private async progress(
    campaignId: string,
    earlier: ReadonlyMap<string, number>,
    slots: number,
  ): Promise<{ event: ProgressEvent; ended: boolean }> {
    const campaign = await this.campaigns.get(campaignId);
    const work = await this.work(campaignId, earlier);
    const now = this.clock.now();
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
        at: now.toISOString(),
        campaignId,
        status: campaign.status,
        counts: campaign.counts,
        secondsLeft: secondsLeft(
          work,
          leases.map(({ run }) => ({
            pointId: run.pointId,
            elapsedSeconds: run.startedAt === null ? 0 : (now.getTime() - run.startedAt.getTime()) / 1000,
          })),
          slots,
        ),
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
