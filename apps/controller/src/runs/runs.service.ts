import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { runIdSchema, type ResultView, type RunPage, type RunStatus, type RunView } from '#libs/contracts';
import type { ArtefactStore } from '#libs/platform';
import { ARTEFACTS } from '../config/parts.js';
import { PrismaClient } from '../db/generated/client.js';
import { ApiError, notFound } from '../http/errors.js';
import { resultInclude, toRunResult } from '../results/result.mapper.js';
import { statesOf } from './states.js';
import { cutPage, readCursor } from './cursor.js';
import { runViewInclude, toRunView } from './run.mapper.js';

@Injectable()
export class RunsService {
  constructor(
    private readonly prisma: PrismaClient,
    @Inject(ARTEFACTS) private readonly artefacts: ArtefactStore,
  ) {}

  async pageOf(
    campaignId: string,
    query: { cursor?: string | undefined; limit: number; status?: RunStatus | undefined },
  ): Promise<RunPage> {
    const after = readCursor(query.cursor);
    const rows = await this.prisma.run.findMany({
      where: {
        campaignId,
        ...(after === undefined ? {} : { index: { gt: after } }),
        ...(query.status === undefined ? {} : { state: { in: statesOf(query.status) } }),
      },
      include: runViewInclude,
      orderBy: { index: 'asc' },
      take: query.limit + 1,
    });
    const page = cutPage(rows, query.limit, (row) => row.index);
    return { items: page.rows.map(toRunView), nextCursor: page.nextCursor };
  }

  async view(id: string): Promise<RunView> {
    const run = await this.prisma.run.findUnique({ where: { id: checkedId(id) }, include: runViewInclude });
    if (run === null) throw notFound('run', id);
    return toRunView(run);
  }

  /** Of a cache hit: the original's result. */
  async result(id: string): Promise<ResultView> {
    const run = await this.prisma.run.findUnique({ where: { id: checkedId(id) } });
    if (run === null) throw notFound('run', id);
    const originalRunId = run.reusedFromId ?? run.id;
    const result = await this.prisma.result.findUnique({ where: { runId: originalRunId }, include: resultInclude });
    if (result === null)
      throw new ApiError(409, 'NO_RESULT', `run ${id}: found it ${run.state}, expected one that has a result`);
    return { runId: run.id, originalRunId, key: run.runKey, result: toRunResult(result) };
  }

  /** The newest file of that name; of a cache hit, the original's. */
  async artefact(id: string, name: string): Promise<Readable> {
    const run = await this.prisma.run.findUnique({ where: { id: checkedId(id) } });
    if (run === null) throw notFound('run', id);
    const row = await this.prisma.artefact.findFirst({
      where: { runId: run.reusedFromId ?? run.id, name },
      orderBy: { createdAt: 'desc' },
    });
    const content = row === null ? undefined : await this.artefacts.get(row.sha256);
    if (content === undefined) throw notFound(`artefact of run ${id}`, name);
    return content;
  }
}

/** PostgreSQL would refuse another text with an error of its own. */
function checkedId(id: string): string {
  if (!runIdSchema.safeParse(id).success) throw notFound('run', id);
  return id;
}
