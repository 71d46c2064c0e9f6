import { Injectable } from '@nestjs/common';
import { runIdSchema, type RunHistory, type Software } from '#libs/contracts';
import { PrismaClient } from '../db/generated/client.js';
import { toEvent } from '../events/event.mapper.js';
import { notFound } from '../http/errors.js';

/** Of one run no more is told. */
const mostEvents = 500;

@Injectable()
export class RunHistoryService {
  constructor(private readonly prisma: PrismaClient) {}

  /** Of a cache hit: its own (short) history; artefacts are the original's. */
  async history(id: string): Promise<RunHistory> {
    if (!runIdSchema.safeParse(id).success) throw notFound('run', id);
    const run = await this.prisma.run.findUnique({
      where: { id },
      include: {
        campaign: { select: { id: true, number: true, name: true } },
        software: true,
        reusedFrom: { select: { id: true, campaign: { select: { number: true } } } },
        attemptRows: { orderBy: { number: 'asc' }, include: { worker: { select: { name: true } } } },
        events: { orderBy: { id: 'asc' }, take: mostEvents },
      },
    });
    if (run === null) throw notFound('run', id);
    const artefacts = await this.prisma.artefact.findMany({
      where: { runId: run.reusedFromId ?? run.id },
      orderBy: { createdAt: 'asc' },
    });
    return {
      runId: run.id,
      key: run.runKey,
      seed: run.seed,
      campaign: run.campaign,
      original:
        run.reusedFrom === null ? null : { id: run.reusedFrom.id, campaignNumber: run.reusedFrom.campaign.number },
      images: run.software.images as Software['images'],
      simulator: run.software.simulator,
      attempts: run.attemptRows.map((attempt) => ({
        number: attempt.number,
        worker: attempt.worker.name,
        leasedAt: attempt.leasedAt.toISOString(),
        endedAt: attempt.endedAt?.toISOString() ?? null,
        end: attempt.end?.toLowerCase() ?? null,
        detail: attempt.detail,
      })),
      artefacts: artefacts.map(({ name, sha256, bytes }) => ({ name, sha256, bytes: Number(bytes) })),
      events: run.events.map(toEvent),
    };
  }
}
