import { Injectable } from '@nestjs/common';
import {
  canonicalJson,
  defaultEngine,
  defaultPriority,
  type CampaignPage,
  type CampaignView,
  type JsonValue,
  type Plan,
  type SubmitCampaign,
} from '#libs/contracts';
import { Clock } from '../config/parts.js';
import { PrismaClient, type ApiKey, type Campaign } from '../db/generated/client.js';
import { isUniqueViolation } from '../db/prisma.js';
import { ApiError, notFound } from '../http/errors.js';
import { cutPage, readCursor } from '../runs/cursor.js';
import { findAnswers } from '../scheduler/answers.js';
import { DispatchSignal } from '../scheduler/dispatch-signal.js';
import { inTransaction } from '../scheduler/retry.js';
import { transitionAll } from '../scheduler/transition.js';
import { SoftwareCatalogue } from '../software/catalogue.js';
import { CampaignsRepository } from './campaigns.repository.js';
import { viewsOf } from './campaign.mapper.js';
import { expand, sha256 } from './expand.js';

@Injectable()
export class CampaignsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly campaigns: CampaignsRepository,
    private readonly software: SoftwareCatalogue,
    private readonly dispatch: DispatchSignal,
    private readonly clock: Clock,
  ) {}

  /** Stores the whole campaign or nothing. The same idempotency key with the same request answers the first campaign. */
  async submit(key: ApiKey, request: SubmitCampaign, idempotencyKey: string | undefined): Promise<CampaignView> {
    const requestHash = sha256(canonicalJson(request as JsonValue));
    const earlier = await this.earlier(key, idempotencyKey, requestHash);
    if (earlier !== null) return this.view(earlier);

    const expanded = expand(request.file, this.software);
    const noCache = request.noCache ?? false;
    const { file } = expanded;
    const at = this.clock.now();
    const answers = noCache
      ? new Map<string, string>()
      : await findAnswers(
          this.prisma,
          expanded.runs.map((run) => run.runKey),
        );
    try {
      const campaign = await this.campaigns.create({
        head: {
          name: file.name,
          description: file.description ?? null,
          file: request.file as object,
          engine: request.engine ?? file.engine ?? defaultEngine,
          noCache,
          hostSecondsLimit: file.limits?.perRun ?? null,
          instructionsLimit: file.limits?.instructionsPerRun ?? null,
          apiKeyId: key.id,
          idempotencyKey: idempotencyKey ?? null,
          requestHash,
          createdAt: at,
        },
        expanded,
        answers,
        priority: defaultPriority,
        at,
      });
      this.dispatch.now();
      return await this.view(campaign);
    } catch (error) {
      // Two submissions with one idempotency key at the same moment: the second answers with the first's campaign.
      const first = isUniqueViolation(error) ? await this.earlier(key, idempotencyKey, requestHash) : null;
      if (first === null) throw error;
      return this.view(first);
    }
  }

  private async earlier(
    key: ApiKey,
    idempotencyKey: string | undefined,
    requestHash: string,
  ): Promise<Campaign | null> {
    if (idempotencyKey === undefined) return null;
    const campaign = await this.campaigns.byIdempotencyKey(key.id, idempotencyKey);
    if (campaign !== null && campaign.requestHash !== requestHash)
      throw new ApiError(
        422,
        'IDEMPOTENCY_KEY_REUSED',
        `idempotency key ${JSON.stringify(idempotencyKey)}: found it used for another request (campaign ${campaign.number}), expected a new one`,
      );
    return campaign;
  }

  /** What a submission would do; nothing is stored. */
  async plan(request: SubmitCampaign): Promise<Plan> {
    const expanded = expand(request.file, this.software);
    const keys = expanded.runs.map((run) => run.runKey);
    const answers = request.noCache === true ? new Map<string, string>() : await findAnswers(this.prisma, keys);
    const seconds = await this.usualSeconds(expanded.points.map((point) => point.pointKey));
    const runs = expanded.runs.map((run) => {
      const point = expanded.points[run.pointIndex]!;
      const cachedRun = answers.get(run.runKey) ?? null;
      return {
        index: run.index,
        label: `${point.label} seed=${run.seed}`,
        key: run.runKey,
        seed: run.seed,
        cachedRun,
        expectedSeconds: cachedRun === null ? (seconds.get(point.pointKey) ?? null) : 0,
      };
    });
    const known = runs.every((run) => run.expectedSeconds !== null);
    return {
      name: expanded.file.name,
      points: expanded.points.length,
      runs,
      cached: runs.filter((run) => run.cachedRun !== null).length,
      expectedSeconds: known ? runs.reduce((sum, run) => sum + (run.expectedSeconds ?? 0), 0) : null,
    };
  }

  /** Median host seconds of stored results, by point key. */
  async usualSeconds(pointKeys: string[]): Promise<Map<string, number>> {
    const rows = await this.prisma.$queryRaw<{ point_key: string; seconds: number }[]>`
      select p.point_key, percentile_cont(0.5) within group (order by r.host_seconds) as seconds
        from points p join runs u on u.point_id = p.id join results r on r.run_id = u.id
       where p.point_key = any(${pointKeys}::text[]) group by p.point_key`;
    return new Map(rows.map((row) => [row.point_key, row.seconds]));
  }

  async list(query: { cursor?: string | undefined; limit: number }): Promise<CampaignPage> {
    const rows = await this.campaigns.list(readCursor(query.cursor), query.limit + 1);
    const page = cutPage(rows, query.limit, (campaign) => campaign.number);
    return { items: await viewsOf(this.prisma, page.rows), nextCursor: page.nextCursor };
  }

  async get(reference: string): Promise<CampaignView> {
    return this.view(await this.require(reference));
  }

  /** Waiting runs end now; running ones are asked to stop. A campaign that has ended stays as it is. */
  async cancel(reference: string): Promise<CampaignView> {
    const campaign = await this.require(reference);
    await inTransaction(this.prisma, async (db) => {
      const at = this.clock.now();
      await db.campaign.updateMany({
        where: { id: campaign.id, cancelRequestedAt: null },
        data: { cancelRequestedAt: at },
      });
      // Before the runs, as the dispatcher locks them: the other way round the two would wait for each other.
      await db.outboxEntry.deleteMany({ where: { run: { campaignId: campaign.id } } });
      await transitionAll(db, campaign.id, ['QUEUED', 'LEASED', 'RUNNING', 'COLLECTING'], { event: 'cancel', at });
    });
    return this.view(campaign);
  }

  async require(reference: string): Promise<Campaign> {
    const campaign = await this.campaigns.find(reference);
    if (campaign === null) throw notFound('campaign', reference);
    return campaign;
  }

  private async view(campaign: Campaign): Promise<CampaignView> {
    const [view] = await viewsOf(this.prisma, [campaign]);
    return view!;
  }
}
