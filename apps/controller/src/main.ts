import 'reflect-metadata';
import { InputError } from '#libs/contracts';
import { readConfig } from './config/config.js';
import { DuvisorCatalogue } from './software/duvisor-catalogue.js';
import { startController, type RunningController } from './start.js';

/** Exit codes: 0 stopped as asked, 2 bad environment (port, database, Redis), 1 anything else. */
let stopping = false;

try {
  const controller = await startController(readConfig(process.env), { software: new DuvisorCatalogue() });
  process.stdout.write(`controller: ${controller.url} (database ${controller.database}, queue ${controller.queue})\n`);
  if (controller.newApiKey !== null)
    process.stdout.write(`controller: API key, shown this once: ${controller.newApiKey}\n`);
  stopWith(controller);
  process.send?.({ kind: 'ready', url: controller.url });
} catch (error) {
  const lines =
    error instanceof InputError
      ? error.message
      : `controller: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${lines}\n`);
  process.exit(error instanceof InputError ? 2 : 1);
}

/** A controller started by another program ends with it, even if that one is killed. */
function stopWith(controller: RunningController): void {
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    controller.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(
          `controller: not stopped cleanly: ${error instanceof Error ? error.message : String(error)}\n`,
        );
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.connected) process.once('disconnect', stop);
}
