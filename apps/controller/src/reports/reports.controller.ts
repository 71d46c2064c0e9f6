import type { Response } from 'express';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { reportQuerySchema } from '#libs/contracts';
import { renderReport, reportMediaTypes } from '#libs/reporting';
import type { z } from 'zod';
import { Allow } from '../auth/auth.guard.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { ReportsService } from './reports.service.js';

@Controller('campaigns/:id/report')
@Allow('READ')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get()
  async report(
    @Param('id') id: string,
    @Query(new ZodPipe(reportQuerySchema, 'query')) { format }: z.output<typeof reportQuerySchema>,
    @Res() response: Response,
  ): Promise<void> {
    const report = await this.reports.report(id);
    response.type(reportMediaTypes[format]).set('x-content-type-options', 'nosniff').send(renderReport(report, format));
  }
}
