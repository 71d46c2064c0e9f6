import { Injectable } from '@nestjs/common';
import { runStatus, type Software } from '#libs/contracts';
import { buildReport, type Report, type StoredRun } from '#libs/reporting';
import { CampaignsService } from '../campaigns/campaigns.service.js';
import { PrismaClient } from '../db/generated/client.js';
import { resultInclude, toRunResult } from '../results/result.mapper.js';
import { specOf } from '../runs/run.mapper.js';
import { SoftwareCatalogue } from '../software/catalogue.js';

/** Hands stored rows to libs/reporting; computes nothing itself. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly campaigns: CampaignsService,
    private readonly software: SoftwareCatalogue,
  ) {}

  /** Of a campaign that still runs too: what is missing is said to be. */
  async report(reference: string): Promise<Report> {
    const { id, number, name } = await this.campaigns.require(reference);
    const alarms = await this.prisma.runLogEntry.findMany({
      where: { campaignId: id, kind: 'ALARM' },
      orderBy: { id: 'asc' },
      select: { runId: true, detail: true },
    });
    return buildReport({
      campaign: { id, number, name },
      revision: this.software.revision(),
      runs: await this.storedRuns(id),
      alarms,
      steps: this.software.steps(),
    });
  }

  private async storedRuns(campaignId: string): Promise<StoredRun[]> {
    const runs = await this.prisma.run.findMany({
      where: { campaignId },
      orderBy: { index: 'asc' },
      include: {
        point: true,
        software: true,
        result: { include: resultInclude },
        reusedFrom: { include: { result: { include: resultInclude } } },
        attemptRows: { orderBy: { number: 'desc' }, take: 1, include: { worker: { select: { name: true } } } },
      },
    });
    return runs.map((run) => {
      const result = run.result ?? run.reusedFrom?.result ?? null;
      return {
        id: run.id,
        key: run.runKey,
        spec: specOf(run.point, run.seed),
        software: { images: run.software.images as Software['images'], simulator: run.software.simulator },
        status: runStatus(run.state),
        attempts: run.attempts,
        worker: run.attemptRows[0]?.worker.name ?? null,
        reusedFrom: run.reusedFromId,
        reason: run.reason,
        result: result === null ? null : toRunResult(result),
      };
    });
  }
}
