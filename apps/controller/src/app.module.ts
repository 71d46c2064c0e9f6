import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthGuard } from './auth/auth.guard.js';
import { CampaignsModule } from './campaigns/campaigns.module.js';
import { PartsModule, type ControllerParts } from './config/parts.js';
import { DashboardsModule } from './dashboards/dashboards.module.js';
import { EventsModule } from './events/events.module.js';
import { GrafanaModule } from './grafana/grafana.module.js';
import { HealthModule } from './health/health.module.js';
import { ProblemFilter } from './http/problem.filter.js';
import { SchemasController } from './http/schemas.controller.js';
import { ReportsModule } from './reports/reports.module.js';
import { RunsModule } from './runs/runs.module.js';
import { WorkersModule } from './workers/workers.module.js';

@Module({})
export class AppModule {
  static over(parts: ControllerParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PartsModule.of(parts),
        HealthModule,
        CampaignsModule,
        RunsModule,
        WorkersModule,
        ReportsModule,
        EventsModule,
        DashboardsModule,
        GrafanaModule,
      ],
      controllers: [SchemasController],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
