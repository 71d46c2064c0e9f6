import { type DynamicModule, Module } from '@nestjs/common';
import { WorkerConfig } from './config.js';
import { ControllerClient } from './controller-client.js';
import { RunConsumer } from './run.consumer.js';
import { SimulationPool } from './simulation-pool.js';

@Module({})
export class WorkerModule {
  static with(config: WorkerConfig): DynamicModule {
    return {
      module: WorkerModule,
      providers: [{ provide: WorkerConfig, useValue: config }, ControllerClient, SimulationPool, RunConsumer],
    };
  }
}
