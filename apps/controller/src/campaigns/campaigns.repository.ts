import { Injectable } from '@nestjs/common';
import type { Campaign, Prisma } from '../db/generated/client.js';
import { PrismaClient } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';
import type { ExpandedCampaign } from './expand.js';

/** Rows per INSERT; PostgreSQL takes 65535 parameters. */
const chunk = 2000;

export interface NewCampaign {
  head: Prisma.CampaignUncheckedCreateInput;
  expanded: ExpandedCampaign;
  /** Run key -> run that answered it. */
  answers: ReadonlyMap<string, string>;
  priority: number;
  at: Date;
}

@Injectable()
export class CampaignsRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Campaign, points, runs and outbox, all or nothing. Answered runs are stored as passed, with the event that says why. */
  create(campaign: NewCampaign): Promise<Campaign> {
    return this.prisma.$transaction((db) => store(db, campaign), { maxWait: 10_000, timeout: 120_000 });
  }

  byIdempotencyKey(apiKeyId: string, idempotencyKey: string): Promise<Campaign | null> {
    return this.prisma.campaign.findUnique({ where: { apiKeyId_idempotencyKey: { apiKeyId, idempotencyKey } } });
  }

  /** By id or by number. */
  find(reference: string): Promise<Campaign | null> {
    if (/^[1-9][0-9]{0,8}$/.test(reference))
      return this.prisma.campaign.findUnique({ where: { number: Number(reference) } });
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reference))
      return this.prisma.campaign.findUnique({ where: { id: reference } });
    return Promise.resolve(null);
  }

  /** Newest first. */
  list(before: number | undefined, take: number): Promise<Campaign[]> {
    return this.prisma.campaign.findMany({
      where: before === undefined ? {} : { number: { lt: before } },
      orderBy: { number: 'desc' },
      take,
    });
  }
}

async function store(db: Db, { head, expanded, answers, priority, at }: NewCampaign): Promise<Campaign> {
  const campaign = await db.campaign.create({ data: head });
  const points = await db.point.createManyAndReturn({
    data: expanded.points.map((point) => ({ campaignId: campaign.id, ...point })),
    select: { id: true, index: true },
  });
  const pointIds = new Map(points.map((point) => [point.index, point.id]));
  await db.software.createMany({ data: expanded.software, skipDuplicates: true });

  for (let from = 0; from < expanded.runs.length; from += chunk) {
    const rows = expanded.runs.slice(from, from + chunk).map(({ pointIndex, ...run }): Prisma.RunCreateManyInput => {
      const answer = answers.get(run.runKey);
      const state: Partial<Prisma.RunCreateManyInput> =
        answer === undefined ? {} : { state: 'SUCCEEDED', version: 2, reusedFromId: answer, endedAt: at };
      return { campaignId: campaign.id, pointId: pointIds.get(pointIndex)!, priority, createdAt: at, ...run, ...state };
    });
    const stored = await db.run.createManyAndReturn({ data: rows, select: { id: true, reusedFromId: true } });
    await db.outboxEntry.createMany({
      data: stored.filter((run) => run.reusedFromId === null).map((run) => ({ runId: run.id, epoch: 1 })),
    });
    await db.runLogEntry.createMany({
      data: stored
        .filter((run) => run.reusedFromId !== null)
        .map((run) => ({
          at,
          campaignId: campaign.id,
          runId: run.id,
          kind: 'TRANSITION' as const,
          name: 'reuse',
          fromState: 'QUEUED' as const,
          toState: 'SUCCEEDED' as const,
          detail: `run ${run.reusedFromId ?? ''} has the same key`,
        })),
    });
  }
  return campaign;
}
