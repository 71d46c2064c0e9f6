import type { Response } from 'express';
import { Controller, Get, Param, Res, StreamableFile } from '@nestjs/common';
import type { ResultView, RunView } from '#libs/contracts';
import { Allow } from '../auth/auth.guard.js';
import { RunsService } from './runs.service.js';

@Controller('runs')
@Allow('READ')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Get(':id')
  view(@Param('id') id: string): Promise<RunView> {
    return this.runs.view(id);
  }

  @Get(':id/result')
  result(@Param('id') id: string): Promise<ResultView> {
    return this.runs.result(id);
  }

  /** What the target wrote; as plain text, so that no browser runs it. */
  @Get(':id/console')
  async console(@Param('id') id: string, @Res() response: Response): Promise<void> {
    const { result } = await this.runs.result(id);
    response.type('text/plain').set('x-content-type-options', 'nosniff').send(result.console);
  }

  @Get(':id/artefacts/:name')
  async artefact(@Param('id') id: string, @Param('name') name: string): Promise<StreamableFile> {
    return new StreamableFile(await this.runs.artefact(id, name), { type: 'application/octet-stream' });
  }
}
