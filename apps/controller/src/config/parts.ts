import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { ArtefactStore, QueueConnection } from '#libs/platform';
import { PrismaClient } from '../db/generated/client.js';
import { SoftwareCatalogue } from '../software/catalogue.js';
import type { ControllerConfig } from './config.js';

/** Tells the time; tests set it. */
export abstract class Clock {
  abstract now(): Date;
}

export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}

/** Where jobs go, and what workers are told about it. */
export interface QueueEnds {
  producer: QueueConnection;
  forWorkers: QueueConnection;
}

/** Everything the application is built over; made by start.ts, replaced piecewise by tests. */
export interface ControllerParts {
  config: ControllerConfig;
  prisma: PrismaClient;
  queue: QueueEnds;
  artefacts: ArtefactStore;
  software: SoftwareCatalogue;
  clock: Clock;
}

export const CONFIG = Symbol('ControllerConfig');
export const QUEUE_ENDS = Symbol('QueueEnds');
export const ARTEFACTS = Symbol('ArtefactStore');

@Global()
@Module({})
export class PartsModule {
  static of(parts: ControllerParts): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: parts.config },
      { provide: QUEUE_ENDS, useValue: parts.queue },
      { provide: ARTEFACTS, useValue: parts.artefacts },
      { provide: PrismaClient, useValue: parts.prisma },
      { provide: SoftwareCatalogue, useValue: parts.software },
      { provide: Clock, useValue: parts.clock },
    ];
    return { module: PartsModule, providers, exports: providers };
  }
}
