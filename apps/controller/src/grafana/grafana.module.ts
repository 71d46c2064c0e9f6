import { Module } from '@nestjs/common';
import { GrafanaService } from './grafana.service.js';

@Module({ providers: [GrafanaService] })
export class GrafanaModule {}
