import { Controller, Get, Param } from '@nestjs/common';
import type { ReportPage, RunHistory } from '#libs/contracts';
import { Allow } from '../auth/auth.guard.js';
import { ReportsService } from '../reports/reports.service.js';
import { reportPage } from './report-page.js';
import { RunHistoryService } from './run-history.service.js';

/** What pages of the dashboard read besides the resources themselves. */
@Controller()
@Allow('READ')
export class DashboardsController {
  constructor(
    private readonly reports: ReportsService,
    private readonly histories: RunHistoryService,
  ) {}

  @Get('campaigns/:id/report/page')
  async page(@Param('id') id: string): Promise<ReportPage> {
    return reportPage(await this.reports.report(id));
  }

  @Get('runs/:id/history')
  history(@Param('id') id: string): Promise<RunHistory> {
    return this.histories.history(id);
  }
}
