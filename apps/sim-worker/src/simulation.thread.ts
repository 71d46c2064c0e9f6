/** The worker thread: builds the machine and runs it to its end. Nothing else happens here. */
import type { RunResult } from '#libs/contracts';
import { simulateRun } from '#libs/duvisor';
import { regionThread } from '#libs/region-thread';
import { ImageCache } from './image-cache.js';
import { SharedProgress } from './shared-progress.js';
import type { SimulationTask } from './simulation-pool.js';

/** Lives as long as the thread: the next run with the same images reads no file. */
const cache = new ImageCache();

export default function simulate(task: SimulationTask): RunResult {
  const progress = new SharedProgress(task.progress);
  return simulateRun(task.spec, {
    engine: task.engine,
    builder: regionThread,
    images: cache.storeFor(task.images),
    onProgress: ({ instret, cycles }) => progress.report(BigInt(instret), BigInt(cycles)),
    shouldStop: () => progress.stopReason !== 'none',
    ...(task.maxInstructions === null ? {} : { maxInstructions: task.maxInstructions }),
  });
}
