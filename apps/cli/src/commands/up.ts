/** `dvfarm up`: controller and workers in the foreground, until interrupted. */
import { availableParallelism } from 'node:os';
import { homeFiles } from '#libs/platform';
import { apiKey, Cluster } from '../cluster/cluster.js';
import { CommandError, exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { stateDirectory } from '../paths.js';

interface Options {
  home?: string;
  workers?: number;
  port?: number;
}

/**
 * An address that signs in by itself. The key is in the fragment, which a browser sends to nobody; it is shown on a
 * terminal only, so that no log file keeps it.
 */
export function dashboardAddress(url: string, home: string, terminal: boolean): string {
  return terminal ? `${url}/#key=${apiKey(home)}` : `${url}/ (sign in with the API key)`;
}

export async function up(options: Options): Promise<number> {
  const home = stateDirectory(options);
  const interrupt = onInterrupt();
  let cluster: Cluster | null = null;
  try {
    cluster = await Cluster.open({
      home,
      workers: options.workers,
      usefulWorkers: availableParallelism(),
      port: options.port,
      say: (line) => process.stderr.write(`${line}\n`),
      signal: interrupt.signal,
    });
    if (!cluster.owned)
      throw new CommandError(`a cluster is up already at ${cluster.api.url} (state directory ${home})`);
    const files = homeFiles(home);
    process.stdout.write(
      `controller ${cluster.api.url} (API under /api/v1, documentation at /docs)\n` +
        `dashboard ${dashboardAddress(cluster.api.url, home, process.stdout.isTTY)}\n` +
        `API key ${files.apiKey}\nlogs ${files.logs}\nCtrl-C stops everything\n`,
    );
    await Promise.race([
      new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve(), { once: true })),
      cluster.breaksDown(),
    ]);
    return exitCodes.done;
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    throw error;
  } finally {
    await cluster?.stop(false);
    interrupt.release();
  }
}
