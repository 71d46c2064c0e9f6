/** Simulations off the event loop, on a pool of threads: one task each, stopped through shared memory. */
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Engine, RunResult, RunSpec } from '#libs/contracts';
import { Piscina } from 'piscina';
import { WorkerConfig } from './config.js';
import { SharedProgress } from './shared-progress.js';

/** What a simulation thread is given; everything in it survives structured cloning. */
export interface SimulationTask {
  readonly spec: RunSpec;
  readonly engine: Engine;
  /** What the run must be executed with: image name to sha256. */
  readonly images: Readonly<Record<string, string>>;
  readonly maxInstructions: number | null;
  readonly progress: SharedArrayBuffer;
}

export interface RunningSimulation {
  readonly progress: SharedProgress;
  /** The result; after a stop, that of the part that was executed. Rejects when the simulator itself fails. */
  readonly result: Promise<RunResult>;
  /** Ends the thread, computing or not; `result` rejects. */
  kill(): void;
}

@Injectable()
export class SimulationPool implements OnModuleDestroy {
  private readonly pool: Piscina<SimulationTask, RunResult>;

  constructor(config: WorkerConfig) {
    this.pool = new Piscina<SimulationTask, RunResult>({
      filename: new URL('./simulation.thread.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: config.slots,
      idleTimeout: 60_000,
      // A busy thread answers no messages: waiting for it to would hold up the end of the process.
      closeTimeout: 1000,
      // A thread needs none of the process's environment, and gets none.
      env: {},
    });
  }

  start(task: Omit<SimulationTask, 'progress'>): RunningSimulation {
    const progress = new SharedProgress();
    const killer = new AbortController();
    const result = this.pool.run({ ...task, progress: progress.buffer }, { signal: killer.signal });
    return { progress, result, kill: () => killer.abort() };
  }

  /** Ends the threads at once, computing or not. */
  async onModuleDestroy(): Promise<void> {
    await this.pool.destroy();
  }
}
