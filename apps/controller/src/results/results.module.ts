import { Module } from '@nestjs/common';
import { SchedulerModule } from '../scheduler/scheduler.module.js';
import { ResultsService } from './results.service.js';

@Module({ imports: [SchedulerModule], providers: [ResultsService], exports: [ResultsService] })
export class ResultsModule {}
