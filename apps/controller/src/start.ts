import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Logger, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { apiPrefix, InputError } from '#libs/contracts';
import {
  checkRedis,
  directoryArtefacts,
  homeFiles,
  migrate,
  openDatabase,
  prepareGrafanaRole,
  prepareQueueSchema,
  writePrivateFile,
} from '#libs/platform';
import { AppModule } from './app.module.js';
import { ensureCredentials } from './auth/credentials.js';
import type { ControllerConfig } from './config/config.js';
import { projectRoot } from './config/project-root.js';
import { SystemClock, type Clock, type QueueEnds } from './config/parts.js';
import { openPrisma } from './db/prisma.js';
import { openApiDocument } from './http/openapi.js';
import { makeLogger } from './http/logger.js';
import type { SoftwareCatalogue } from './software/catalogue.js';
import { webApp } from './web/web-app.js';

/** A result holds a console of up to 1 MiB, which JSON may write six times as long. */
const bodyLimit = '16mb';

export interface RunningController {
  url: string;
  database: 'embedded' | 'given';
  queue: 'postgres' | 'redis';
  /** The users' key, when it was made by this start: to be shown once. */
  newApiKey: string | null;
  /** Takes no more, finishes what it is at, ends an embedded database. */
  stop(): Promise<void>;
}

export interface StartOptions {
  software: SoftwareCatalogue;
  clock?: Clock;
  logger?: LoggerService | false;
}

/** Brings everything up in order, or nothing: a failure takes down what was up already. */
export async function startController(config: ControllerConfig, options: StartOptions): Promise<RunningController> {
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    makeHome(config.home);
    // Before anything is started: the most likely mistake, and Nest would log it at length.
    await checkAddress(config);
    const database = await openDatabase({ url: config.databaseUrl, stateDir: config.home });
    undo.push(() => database.stop());
    await migrate(database.url, join(projectRoot(), 'prisma', 'migrations'));
    if (config.grafanaDatabasePassword !== undefined)
      await prepareGrafanaRole(database.url, config.grafanaDatabasePassword);
    const queue = await queueEnds(config, database.url);

    const logger = new Logger('database');
    const prisma = openPrisma(database.url, (error) => logger.error(error.message));
    undo.push(() => prisma.$disconnect());
    const newApiKey = await ensureCredentials(prisma, config.home, config.workerTokenFile);

    const artefacts = directoryArtefacts(homeFiles(config.home).artefacts);
    const parts = {
      config,
      prisma,
      queue,
      artefacts,
      software: options.software,
      clock: options.clock ?? new SystemClock(),
    };
    const app = await NestFactory.create<NestExpressApplication>(AppModule.over(parts), {
      logger: options.logger ?? makeLogger(config.logFormat),
      bodyParser: false,
      abortOnError: false,
      // Streams and long polls would otherwise keep the server open.
      forceCloseConnections: true,
    });
    undo.push(() => app.close());
    app.disable('x-powered-by');
    app.useBodyParser('json', { limit: bodyLimit });
    app.setGlobalPrefix(apiPrefix, { exclude: ['health/live', 'health/ready'] });
    SwaggerModule.setup('docs', app, openApiDocument());
    app.use(webApp(join(projectRoot(), 'dist', 'web')));
    await listen(app, config);

    const { port } = app.getHttpServer().address() as AddressInfo;
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    const record = homeFiles(config.home).controller;
    writePrivateFile(record, `${JSON.stringify({ pid: process.pid, url, startedAt: new Date().toISOString() })}\n`);
    undo.push(() => rmSync(record, { force: true }));
    return { url, database: database.kind, queue: queue.producer.kind, newApiKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function queueEnds(config: ControllerConfig, databaseUrl: string): Promise<QueueEnds> {
  if (config.redisUrl !== undefined) {
    await checkRedis(config.redisUrl);
    const redis = { kind: 'redis' as const, url: config.redisUrl };
    return { producer: redis, forWorkers: redis };
  }
  const forWorkers = await prepareQueueSchema(databaseUrl);
  return { producer: { kind: 'postgres', url: databaseUrl }, forWorkers: { kind: 'postgres', url: forWorkers } };
}

function listen(app: NestExpressApplication, config: ControllerConfig): Promise<unknown> {
  return namingTheVariable(config, () => app.listen(config.port, config.host));
}

function checkAddress(config: ControllerConfig): Promise<unknown> {
  const server = createServer();
  return namingTheVariable(config, async () => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port, config.host, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
  });
}

async function namingTheVariable(
  { host, port }: ControllerConfig,
  listening: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await listening();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw wrongVariable('DVFARM_PORT', `${port}, in use on ${host}`, 'a free port, or 0 for any');
    if (code === 'EACCES')
      throw wrongVariable('DVFARM_PORT', `${port}, not allowed for this user`, 'a port above 1023, or 0 for any');
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw wrongVariable('DVFARM_HOST', `${host}: ${message}`, 'an address of this computer');
    throw error;
  }
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true });
  } catch (error) {
    throw wrongVariable('DVFARM_HOME', `${home}: ${(error as Error).message}`, 'a directory this user may write');
  }
}

function wrongVariable(name: string, found: string, expected: string): InputError {
  return new InputError('environment', [{ path: name, at: [name], found, expected }]);
}
