/**
 * The sim-worker process. It holds no database credentials: the controller gives it a token of its own and, for a queue on
 * PostgreSQL, a role that sees the queue and nothing else.
 *
 * Ends on SIGTERM, SIGINT, and when the process that started it with an IPC channel is gone, so that a killed parent leaves no orphan.
 * Exit codes: 0 asked to stop and did, 1 failed (or did not stop in time), 2 bad configuration.
 */
import 'reflect-metadata';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InputError } from '#libs/contracts';
import { ApiError } from '#libs/platform';
import { followBranchHints } from '#libs/wasm-hints';
import { WorkerConfig } from './config.js';
import { RunConsumer } from './run.consumer.js';
import { WorkerModule } from './worker.module.js';

async function main(): Promise<void> {
  // Before the threads compile WebAssembly.
  followBranchHints();
  const config = new WorkerConfig(process.env);
  const logger = new ConsoleLogger('sim-worker', {
    json: config.logFormat === 'json',
    colors: false,
    logLevels: ['log', 'warn', 'error', 'fatal'],
  });
  const app = await NestFactory.createApplicationContext(WorkerModule.with(config), { logger, abortOnError: false });
  const consumer = app.get(RunConsumer);

  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    logger.log(`${why}: handing back what is held`);
    setTimeout(() => {
      logger.error(`not stopped after ${String(config.graceMs)} ms, leaving`);
      process.exit(1);
    }, config.graceMs).unref();
    consumer
      .stop()
      .then(() => app.close())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('disconnect', () => stop('parent process gone'));

  await consumer.start();
  // Tells a parent that waits for it; there is none when the worker was started by hand.
  process.send?.({ kind: 'ready' });
}

function fail(error: unknown): never {
  if (error instanceof InputError) {
    process.stderr.write(`sim-worker: ${error.message}\n`);
    process.exit(2);
  }
  const refused = error instanceof ApiError && error.status < 500;
  const text = error instanceof Error ? (refused ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`sim-worker: ${refused ? 'refused by the controller: ' : ''}${text}\n`);
  process.exit(refused ? 2 : 1);
}

main().catch(fail);
