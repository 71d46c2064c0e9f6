import { Module } from '@nestjs/common';
import { ResultsModule } from '../results/results.module.js';
import { SchedulerModule } from '../scheduler/scheduler.module.js';
import { WorkersController } from './workers.controller.js';
import { WorkersService } from './workers.service.js';

@Module({ imports: [SchedulerModule, ResultsModule], controllers: [WorkersController], providers: [WorkersService] })
export class WorkersModule {}
