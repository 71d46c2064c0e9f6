/**
 * Takes runs from the queue and sees each one through: lease, simulate, keep the lease, hand in.
 *
 * Who holds a run is decided by the controller; the worker obeys. Four ends: a result; given back (this worker is stopping);
 * cancelled; lease lost (somebody else has the run: nothing more is said about it). A failure of the simulator itself is reported
 * as a crash and not tried again.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Lease, RunJob, RunResult } from '#libs/contracts';
import { ApiError, type consumeRuns, type RunConsumer as QueueConsumer } from '#libs/platform';
import { backoff } from './backoff.js';
import { WorkerConfig } from './config.js';
import { ControllerClient } from './controller-client.js';
import { type RunningSimulation, SimulationPool } from './simulation-pool.js';

/** How jobs are taken from the queue; `consumeRuns` of libs/platform. */
export const TAKE_JOBS = Symbol('consumeRuns');
/** sha256 of the built simulator: a controller with another one refuses this worker. */
export const SIMULATOR = Symbol('simulator digest');

/** The simulation looks at the flag every few hundredths of a second; a cancelled run is gone within 2 s. */
const killAfterMs = 1000;
const firstProgressMs = 700;

/** One run in hand. */
interface HeldRun {
  readonly lease: Lease;
  simulation: RunningSimulation | null;
  phase: 'preparing' | 'running' | 'collecting';
  /** Asked to stop before the simulation started. */
  stopEarly: 'cancelled' | 'released' | 'lease-lost' | null;
  readonly startedAt: number;
}

@Injectable()
export class RunConsumer {
  private readonly log = new Logger('run');
  private readonly held = new Map<string, HeldRun>();
  /** Aborted when the worker stops: ends waiting, not computing. */
  private readonly stopping = new AbortController();
  private queue: QueueConsumer | null = null;
  private heartbeatMs = 3000;
  private listening: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: WorkerConfig,
    private readonly controller: ControllerClient,
    private readonly pool: SimulationPool,
    @Inject(TAKE_JOBS) private readonly takeJobs: typeof consumeRuns,
    @Inject(SIMULATOR) private readonly simulator: string,
  ) {}

  async start(): Promise<void> {
    const { queue, heartbeatMs, workerId } = await this.controller.register(
      this.simulator,
      this.stopping.signal,
      (error) => this.log.warn(`${error.message}; trying again`),
    );
    this.heartbeatMs = heartbeatMs;
    this.queue = await this.takeJobs(queue, {
      slots: this.config.slots,
      handle: (job) => this.take(job),
      onError: (error) => this.log.warn(`queue: ${error.message}`),
    });
    this.listening = this.listenForCancellations();
    this.log.log(
      `ready: worker ${workerId} "${this.config.name}", ${String(this.config.slots)} slot(s), queue on ${queue.kind}`,
    );
  }

  /** Takes no more, hands back what is held, resolves when the controller knows. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const run of this.held.values()) requestStop(run, 'released');
    await this.queue?.close();
    await this.listening;
  }

  private async take(job: RunJob): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const lease = await this.controller.lease(job);
    if (lease === null) {
      this.log.debug(`run ${job.runId}: epoch ${String(job.epoch)} is out of date, dropped`);
      return;
    }
    const run: HeldRun = { lease, simulation: null, phase: 'preparing', stopEarly: null, startedAt: Date.now() };
    this.held.set(lease.runId, run);
    // Stopping may have begun while the lease was on its way.
    if (this.isStopping()) run.stopEarly = 'released';
    const beating = setInterval(() => void this.beat(run), this.heartbeatMs);
    // Short runs end before the second heartbeat: one soon after the start shows their rate all the same.
    const early = setTimeout(() => void this.beat(run), Math.min(firstProgressMs, this.heartbeatMs));
    try {
      await this.see(run);
    } catch (error) {
      this.log.error(`run ${lease.runId}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearInterval(beating);
      clearTimeout(early);
      this.held.delete(lease.runId);
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** From lease to result or give-up. */
  private async see(run: HeldRun): Promise<void> {
    const { lease } = run;
    if (run.stopEarly !== null) return this.end(run, run.stopEarly);
    run.simulation = this.pool.start({
      spec: lease.spec,
      engine: lease.engine,
      images: lease.images,
      maxInstructions: lease.limits.instructions,
    });
    const { progress } = run.simulation;
    run.phase = 'running';
    this.log.log(`run ${lease.runId}: attempt ${String(lease.attempt)} started`);
    const limit = lease.limits.hostSeconds;
    const timer = limit === null ? null : setTimeout(() => progress.requestStop('time-limit'), limit * 1000);
    let result: RunResult;
    try {
      const [, computed] = await Promise.all([this.beat(run), run.simulation.result]);
      result = computed;
    } catch (error) {
      const reason = progress.stopReason;
      return reason === 'none' || reason === 'time-limit' ? this.crash(run, error) : this.end(run, reason);
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
    const stopped = progress.stopReason;
    if (stopped === 'cancelled' || stopped === 'released' || stopped === 'lease-lost') return this.end(run, stopped);
    await this.handIn(run, stopped === 'time-limit' ? timedOut(result, limit ?? 0) : result);
  }

  private async handIn(run: HeldRun, result: RunResult): Promise<void> {
    const { runId, leaseToken } = run.lease;
    run.phase = 'collecting';
    await this.beat(run);
    const never = new AbortController().signal;
    await this.controller.upload(runId, leaseToken, 'console.txt', Buffer.from(result.console), never);
    const { state, alarms } = await this.controller.handIn(runId, leaseToken, result, never);
    this.log.log(
      `run ${runId}: ${state}, ${result.cycles} cycles, ${result.host.seconds.toFixed(2)} s, ${result.host.mips.toFixed(1)} MIPS`,
    );
    for (const alarm of alarms)
      this.log.error(`run ${runId}: differs from an earlier execution of the same key: ${alarm}`);
  }

  /** Ends a run that has no result to hand in, because it was stopped. */
  private async end(run: HeldRun, reason: 'cancelled' | 'released' | 'lease-lost'): Promise<void> {
    const { runId, leaseToken } = run.lease;
    this.log.log(`run ${runId}: ${reason}`);
    if (reason === 'lease-lost') return;
    await this.controller.giveUp(runId, { leaseToken, reason, detail: '' }, this.stopping.signal);
  }

  /** Our own bug: not tried again, kept for study. */
  private async crash(run: HeldRun, error: unknown): Promise<void> {
    const { runId, leaseToken } = run.lease;
    const detail = (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 20_000);
    this.log.error(`run ${runId}: the simulator failed: ${detail}`);
    await this.controller.giveUp(runId, { leaseToken, reason: 'crashed', detail }, this.stopping.signal);
  }

  /** One heartbeat. An unreachable controller is no reason to stop computing; a lost lease is. */
  private async beat(run: HeldRun): Promise<void> {
    const { instret, cycles } = run.simulation?.progress.read() ?? { instret: 0n, cycles: 0n };
    const seconds = Math.max((Date.now() - run.startedAt) / 1000, 0.001);
    try {
      const answer = await this.controller.heartbeat(run.lease.runId, {
        leaseToken: run.lease.leaseToken,
        phase: run.phase,
        progress: { instret: String(instret), cycles: String(cycles) },
        mips: Number(instret) / seconds / 1e6,
      });
      if (answer.cancel) requestStop(run, 'cancelled');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        this.log.warn(`run ${run.lease.runId}: ${message}`);
        requestStop(run, 'lease-lost');
      } else this.log.warn(`heartbeat: ${message}`);
    }
  }

  /** A cancel is local to the worker that holds the run, so the controller tells it, by long poll. */
  private async listenForCancellations(): Promise<void> {
    const waits = backoff();
    while (!this.isStopping()) {
      try {
        for (const runId of await this.controller.cancellations(this.stopping.signal)) {
          const run = this.held.get(runId);
          if (run !== undefined) requestStop(run, 'cancelled');
        }
      } catch (error) {
        if (this.isStopping()) return;
        this.log.debug(`cancellations: ${error instanceof Error ? error.message : String(error)}`);
        const delay = waits.next().value;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, delay);
          this.stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
        });
      }
    }
  }
}

function requestStop(run: HeldRun, reason: 'cancelled' | 'released' | 'lease-lost'): void {
  // A result that is on its way is handed in whatever happens: it is worth more than a second execution.
  if (run.phase === 'collecting') return;
  const { simulation } = run;
  if (simulation === null) {
    run.stopEarly ??= reason;
    return;
  }
  if (simulation.progress.stopReason !== 'none') return;
  simulation.progress.requestStop(reason);
  // A thread that does not look at the flag in time (another engine, a bug) is ended from outside.
  const timer = setTimeout(() => simulation.kill(), killAfterMs);
  const settled = (): void => clearTimeout(timer);
  simulation.result.then(settled, settled);
}

function timedOut(result: RunResult, limitSeconds: number): RunResult {
  const detail = `host time limit of ${String(limitSeconds)} s reached at cycle ${result.cycles}`;
  return { ...result, outcome: { kind: 'timed-out', exitCode: null, detail } };
}
