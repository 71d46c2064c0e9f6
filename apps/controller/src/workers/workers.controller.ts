import type { Request } from 'express';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import {
  artefactNameSchema,
  giveUpSchema,
  handInSchema,
  heartbeatSchema,
  leaseRequestSchema,
  leaseTokenHeader,
  registerWorkerSchema,
  type ArtefactStored,
  type Cancellations,
  type GiveUp,
  type HandIn,
  type HandInAnswer,
  type Heartbeat,
  type HeartbeatAnswer,
  type Lease,
  type RegisterWorker,
  type RunJob,
  type RunState,
  type WorkerRegistered,
  type WorkerView,
} from '#libs/contracts';
import { Allow, CallerWorker } from '../auth/auth.guard.js';
import type { Worker } from '../db/generated/client.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { ResultsService } from '../results/results.service.js';
import { LifecycleService } from '../scheduler/lifecycle.service.js';
import { checkedRunId, WorkersService } from './workers.service.js';

@Controller('workers')
export class WorkersController {
  constructor(
    private readonly workers: WorkersService,
    private readonly lifecycle: LifecycleService,
    private readonly results: ResultsService,
  ) {}

  @Get()
  @Allow('READ')
  list(): Promise<WorkerView[]> {
    return this.workers.list();
  }

  @Post('register')
  @Allow('WORKER')
  register(@Body(new ZodPipe(registerWorkerSchema)) message: RegisterWorker): Promise<WorkerRegistered> {
    return this.workers.register(message);
  }

  @Post('lease')
  @HttpCode(200)
  @Allow('REGISTERED_WORKER')
  lease(@CallerWorker() worker: Worker, @Body(new ZodPipe(leaseRequestSchema)) job: RunJob): Promise<Lease> {
    return this.lifecycle.lease(worker, job);
  }

  @Post('cancellations')
  @HttpCode(200)
  @Allow('REGISTERED_WORKER')
  cancellations(@CallerWorker() worker: Worker, @Req() request: Request): Promise<Cancellations> {
    const gone = new AbortController();
    request.res?.once('close', () => gone.abort());
    return this.workers.cancellations(worker, gone.signal);
  }

  @Post('runs/:runId/heartbeat')
  @HttpCode(200)
  @Allow('REGISTERED_WORKER')
  heartbeat(
    @Param('runId') runId: string,
    @Body(new ZodPipe(heartbeatSchema)) message: Heartbeat,
  ): Promise<HeartbeatAnswer> {
    return this.lifecycle.heartbeat(checkedRunId(runId), message);
  }

  @Post('runs/:runId/result')
  @HttpCode(200)
  @Allow('REGISTERED_WORKER')
  handIn(@Param('runId') runId: string, @Body(new ZodPipe(handInSchema)) message: HandIn): Promise<HandInAnswer> {
    return this.results.handIn(checkedRunId(runId), message);
  }

  @Post('runs/:runId/give-up')
  @HttpCode(200)
  @Allow('REGISTERED_WORKER')
  async giveUp(
    @Param('runId') runId: string,
    @Body(new ZodPipe(giveUpSchema)) message: GiveUp,
  ): Promise<{ state: RunState }> {
    const { state } = await this.lifecycle.giveUp(checkedRunId(runId), message);
    return { state };
  }

  @Put('runs/:runId/artefacts/:name')
  @Allow('REGISTERED_WORKER')
  artefact(
    @Param('runId') runId: string,
    @Param('name', new ZodPipe(artefactNameSchema, 'artefact name')) name: string,
    @Headers(leaseTokenHeader) leaseToken: string | undefined,
    @Req() request: Request,
  ): Promise<ArtefactStored> {
    return this.results.storeArtefact(checkedRunId(runId), leaseToken ?? '', name, request);
  }
}
