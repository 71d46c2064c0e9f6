import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Logger, Module } from '@nestjs/common';
import { runQueueName } from '#libs/contracts';
import { producerOptions, runQueueOver, useBackend } from '#libs/platform';
import type { Queue } from 'bullmq';
import { QUEUE_ENDS, type QueueEnds } from '../config/parts.js';
import { DispatchSignal } from './dispatch-signal.js';
import { LifecycleService } from './lifecycle.service.js';
import { RUN_QUEUE, SchedulerService } from './scheduler.service.js';

@Module({
  imports: [
    BullModule.registerQueueAsync({
      name: runQueueName,
      inject: [QUEUE_ENDS],
      useFactory: (ends: QueueEnds) => {
        useBackend(ends.producer);
        return producerOptions(ends.producer);
      },
    }),
  ],
  providers: [
    {
      provide: RUN_QUEUE,
      inject: [getQueueToken(runQueueName)],
      useFactory: async (queue: Queue) => {
        const logger = new Logger('queue');
        queue.on('error', (error) => logger.error(error.message));
        await queue.waitUntilReady();
        return runQueueOver(queue);
      },
    },
    DispatchSignal,
    LifecycleService,
    SchedulerService,
  ],
  exports: [DispatchSignal, LifecycleService, RUN_QUEUE],
})
export class SchedulerModule {}
