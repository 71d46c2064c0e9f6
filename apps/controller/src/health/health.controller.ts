import type { Response } from 'express';
import { randomUUID } from 'node:crypto';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Health } from '#libs/contracts';
import type { RunQueue } from '#libs/platform';
import { Allow } from '../auth/auth.guard.js';
import { PrismaClient } from '../db/generated/client.js';
import { RUN_QUEUE } from '../scheduler/scheduler.service.js';

/** A check that takes longer has failed: whoever asks will not wait. */
const patienceMs = 3_000;

@Controller('health')
@Allow('PUBLIC')
export class HealthController {
  constructor(
    private readonly prisma: PrismaClient,
    @Inject(RUN_QUEUE) private readonly queue: RunQueue,
  ) {}

  /** The process answers. */
  @Get('live')
  live(): Health {
    return { status: 'ok', checks: {} };
  }

  /** What it stands on answers too; 503 otherwise. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const [database, queue] = await Promise.all([
      outcomeOf(this.prisma.$queryRaw`select 1`),
      outcomeOf(this.queue.lookUp({ runId: randomUUID(), epoch: 1 })),
    ]);
    const ok = database === 'ok' && queue === 'ok';
    if (!ok) response.status(503);
    return { status: ok ? 'ok' : 'error', checks: { database, queue } };
  }
}

async function outcomeOf(check: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>(
    (resolve) => (timer = setTimeout(() => resolve(`no answer within ${patienceMs} ms`), patienceMs)),
  );
  const outcome = check.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? error.name) : String(error),
  );
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}
