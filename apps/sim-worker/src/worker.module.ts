import { type DynamicModule, Module } from '@nestjs/common';
import { simulatorDigest } from '#libs/duvisor';
import { consumeRuns } from '#libs/platform';
import { WorkerConfig } from './config.js';
import { ControllerClient } from './controller-client.js';
import { RunConsumer, SIMULATOR, TAKE_JOBS } from './run.consumer.js';
import { SimulationPool } from './simulation-pool.js';

@Module({})
export class WorkerModule {
  static with(config: WorkerConfig): DynamicModule {
    return {
      module: WorkerModule,
      providers: [
        { provide: WorkerConfig, useValue: config },
        { provide: TAKE_JOBS, useValue: consumeRuns },
        { provide: SIMULATOR, useFactory: simulatorDigest },
        ControllerClient,
        SimulationPool,
        RunConsumer,
      ],
    };
  }
}
