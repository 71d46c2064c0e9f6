import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  idempotencyKeyHeader,
  pageQuerySchema,
  runStatuses,
  submitCampaignSchema,
  type CampaignPage,
  type CampaignView,
  type Plan,
  type RunPage,
  type SubmitCampaign,
} from '#libs/contracts';
import { z } from 'zod';
import { Allow, CallerKey } from '../auth/auth.guard.js';
import type { ApiKey } from '../db/generated/client.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { RunsService } from '../runs/runs.service.js';
import { CampaignsService } from './campaigns.service.js';

const runsQuerySchema = pageQuerySchema.extend({ status: z.enum(runStatuses).optional() });
const idempotencyKeySchema = z.string().min(1).max(200).optional();

@Controller('campaigns')
export class CampaignsController {
  constructor(
    private readonly campaigns: CampaignsService,
    private readonly runs: RunsService,
  ) {}

  @Post()
  @Allow('SUBMIT')
  submit(
    @CallerKey() key: ApiKey,
    @Body(new ZodPipe(submitCampaignSchema)) request: SubmitCampaign,
    @Headers(idempotencyKeyHeader) idempotencyKey: string | undefined,
  ): Promise<CampaignView> {
    return this.campaigns.submit(
      key,
      request,
      new ZodPipe(idempotencyKeySchema, `header ${idempotencyKeyHeader}`).transform(idempotencyKey),
    );
  }

  @Post('plan')
  @HttpCode(200)
  @Allow('READ')
  plan(@Body(new ZodPipe(submitCampaignSchema)) request: SubmitCampaign): Promise<Plan> {
    return this.campaigns.plan(request);
  }

  @Get()
  @Allow('READ')
  list(@Query(new ZodPipe(pageQuerySchema, 'query')) query: z.output<typeof pageQuerySchema>): Promise<CampaignPage> {
    return this.campaigns.list(query);
  }

  @Get(':id')
  @Allow('READ')
  get(@Param('id') id: string): Promise<CampaignView> {
    return this.campaigns.get(id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Allow('SUBMIT')
  cancel(@Param('id') id: string): Promise<CampaignView> {
    return this.campaigns.cancel(id);
  }

  @Get(':id/runs')
  @Allow('READ')
  async runsOf(
    @Param('id') id: string,
    @Query(new ZodPipe(runsQuerySchema, 'query')) query: z.output<typeof runsQuerySchema>,
  ): Promise<RunPage> {
    return this.runs.pageOf((await this.campaigns.require(id)).id, query);
  }
}
