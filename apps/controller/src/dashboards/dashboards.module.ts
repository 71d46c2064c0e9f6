import { Module } from '@nestjs/common';
import { ReportsModule } from '../reports/reports.module.js';
import { DashboardsController } from './dashboards.controller.js';
import { RunHistoryService } from './run-history.service.js';

@Module({ imports: [ReportsModule], controllers: [DashboardsController], providers: [RunHistoryService] })
export class DashboardsModule {}
