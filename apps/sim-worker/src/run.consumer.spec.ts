import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GiveUp, Heartbeat, HeartbeatAnswer, Lease, RunJob, RunResult } from '#libs/contracts';
import { ApiError, type ConsumerOptions, UnreachableError } from '#libs/platform';
import type { WorkerConfig } from './config.js';
import type { ControllerClient } from './controller-client.js';
import { RunConsumer } from './run.consumer.js';
import { SharedProgress } from './shared-progress.js';
import type { SimulationPool } from './simulation-pool.js';

const runId = '11111111-1111-4111-8111-111111111111';
const job: RunJob = { runId, epoch: 1 };

const lease: Lease = {
  runId,
  leaseToken: 'token',
  attempt: 1,
  expiresAt: '2026-01-01T00:00:00Z',
  spec: {
    machine: { preset: 'firesim', harts: 1, memoryMiB: 512, timing: 'rocket', dvext: 'rocket', quantum: 1000, set: {} },
    hypervisor: 'duvisor',
    workload: { name: 'hypercall', params: { iterations: 1, warmup: 0 } },
    seed: 1,
  },
  key: 'a'.repeat(64),
  images: {},
  engine: 'interpreter',
  limits: { hostSeconds: null, instructions: null },
};

const result: RunResult = {
  outcome: { kind: 'passed', exitCode: 0, detail: '' },
  instret: '10',
  cycles: '20',
  stateHash: 'h',
  metrics: [],
  console: 'hello\n',
  images: {},
  simulator: 'b'.repeat(64),
  host: { seconds: 1, mips: 1, engine: 'interpreter' },
};

/** A controller that writes down what it is told, and a simulation that the test ends. */
class Bench {
  readonly said: string[] = [];
  readonly gaveUp: GiveUp[] = [];
  handedIn: RunResult | null = null;
  answerLease: () => Promise<Lease | null> = () => Promise.resolve(lease);
  answerBeat: (beat: Heartbeat) => Promise<HeartbeatAnswer> = () => Promise.resolve({ expiresAt: '', cancel: false });
  cancelled: (runIds: string[]) => void = () => undefined;
  readonly progress = new SharedProgress();
  finish: (computed: RunResult) => void = () => undefined;
  crash: (error: Error) => void = () => undefined;
  started = 0;
  private options: ConsumerOptions | null = null;
  private handled: Promise<void> = Promise.resolve();
  readonly consumer: RunConsumer;

  constructor() {
    const controller: Partial<Record<keyof ControllerClient, unknown>> = {
      register: () =>
        Promise.resolve({
          workerId: 'w',
          token: 't',
          queue: { kind: 'postgres', url: '' },
          leaseTtlMs: 10_000,
          heartbeatMs: 3000,
        }),
      lease: () => (this.said.push('lease'), this.answerLease()),
      heartbeat: (_id: string, beat: Heartbeat) => (this.said.push(`beat ${beat.phase}`), this.answerBeat(beat)),
      cancellations: (signal: AbortSignal) =>
        new Promise<string[]>((resolve, reject) => {
          this.cancelled = resolve;
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
      upload: (_id: string, _token: string, name: string) => (this.said.push(`upload ${name}`), Promise.resolve()),
      handIn: (_id: string, _token: string, handed: RunResult) => {
        this.said.push('result');
        this.handedIn = handed;
        return Promise.resolve({ state: 'SUCCEEDED', alarms: [] });
      },
      giveUp: (_id: string, message: GiveUp) => {
        this.said.push(`give-up ${message.reason}`);
        this.gaveUp.push(message);
        return Promise.resolve();
      },
    };
    const pool = {
      start: () => {
        this.started += 1;
        const computed = new Promise<RunResult>((resolve, reject) => {
          this.finish = resolve;
          this.crash = reject;
        });
        return { progress: this.progress, result: computed, kill: () => this.crash(new Error('thread killed')) };
      },
    };
    this.consumer = new RunConsumer(
      { slots: 1, name: 'test' } as WorkerConfig,
      controller as unknown as ControllerClient,
      pool as unknown as SimulationPool,
      (_connection, options) => {
        this.options = options;
        return Promise.resolve({ close: () => this.handled });
      },
      'c'.repeat(64),
    );
  }

  /** A job arrives; resolves when the worker has settled it. */
  take(): Promise<void> {
    this.handled = this.options?.handle(job) ?? Promise.reject(new Error('no consumer'));
    return this.handled;
  }

  /** Waits until a simulation computes. */
  async computing(): Promise<void> {
    await vi.waitFor(() => expect(this.started).toBe(1));
    await vi.waitFor(() => expect(this.said).toContain('beat running'));
  }
}

let bench: Bench;
beforeEach(async () => {
  Logger.overrideLogger(false);
  vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'], shouldAdvanceTime: true });
  bench = new Bench();
  await bench.consumer.start();
});
afterEach(() => vi.useRealTimers());

describe('a run', () => {
  it('is leased, started, and ends with its console and its result', async () => {
    const done = bench.take();
    await bench.computing();
    bench.finish(result);
    await done;
    expect(bench.said).toEqual(['lease', 'beat running', 'beat collecting', 'upload console.txt', 'result']);
    expect(bench.handedIn).toEqual(result);
  });

  it('whose job is out of date is dropped without a word', async () => {
    bench.answerLease = () => Promise.resolve(null);
    await bench.take();
    expect(bench.said).toEqual(['lease']);
    expect(bench.started).toBe(0);
  });

  it('keeps its lease while it computes', async () => {
    const done = bench.take();
    await bench.computing();
    await vi.advanceTimersByTimeAsync(9100);
    expect(bench.said.filter((what) => what === 'beat running').length).toBeGreaterThanOrEqual(4);
    bench.finish(result);
    await done;
  });

  it('goes on computing while the controller does not answer', async () => {
    bench.answerBeat = () => Promise.reject(new UnreachableError('http://x', new Error('down')));
    const done = bench.take();
    await bench.computing();
    expect(bench.progress.stopReason).toBe('none');
    bench.finish(result);
    await done;
    expect(bench.said).toContain('result');
  });

  it('is cancelled when a heartbeat is answered so', async () => {
    bench.answerBeat = () => Promise.resolve({ expiresAt: '', cancel: true });
    const done = bench.take();
    await bench.computing();
    await vi.waitFor(() => expect(bench.progress.stopReason).toBe('cancelled'));
    bench.finish(result);
    await done;
    expect(bench.said).not.toContain('result');
    expect(bench.gaveUp).toEqual([{ leaseToken: 'token', reason: 'cancelled', detail: '' }]);
  });

  it('is cancelled at once when the controller says so between heartbeats', async () => {
    const done = bench.take();
    await bench.computing();
    bench.cancelled([runId]);
    await vi.waitFor(() => expect(bench.progress.stopReason).toBe('cancelled'));
    bench.finish(result);
    await done;
    expect(bench.gaveUp).toMatchObject([{ reason: 'cancelled' }]);
  });

  it('that does not stop by itself is ended with its thread', async () => {
    bench.answerBeat = () => Promise.resolve({ expiresAt: '', cancel: true });
    const done = bench.take();
    await bench.computing();
    await vi.waitFor(() => expect(bench.progress.stopReason).toBe('cancelled'));
    await vi.advanceTimersByTimeAsync(1100);
    await done;
    expect(bench.gaveUp).toEqual([{ leaseToken: 'token', reason: 'cancelled', detail: '' }]);
  });

  it('whose lease is lost is dropped: it is somebody else’s now', async () => {
    bench.answerBeat = () => Promise.reject(new ApiError(409, 'LEASE_LOST', 'lost', null));
    const done = bench.take();
    await bench.computing();
    await vi.waitFor(() => expect(bench.progress.stopReason).toBe('lease-lost'));
    bench.finish(result);
    await done;
    expect(bench.said).not.toContain('result');
    expect(bench.gaveUp).toEqual([]);
  });

  it('that the simulator fails on is reported as a crash with the stack', async () => {
    const done = bench.take();
    await bench.computing();
    bench.crash(new Error('index out of bounds'));
    await done;
    expect(bench.gaveUp).toMatchObject([{ reason: 'crashed' }]);
    expect(bench.gaveUp[0]?.detail).toContain('index out of bounds');
  });

  it('that reaches its limit of host time ends as timed out, with what was executed', async () => {
    bench.answerLease = () => Promise.resolve({ ...lease, limits: { hostSeconds: 5, instructions: null } });
    const done = bench.take();
    await bench.computing();
    await vi.advanceTimersByTimeAsync(5000);
    expect(bench.progress.stopReason).toBe('time-limit');
    bench.finish(result);
    await done;
    expect(bench.handedIn?.outcome).toEqual({
      kind: 'timed-out',
      exitCode: null,
      detail: 'host time limit of 5 s reached at cycle 20',
    });
  });
});

describe('a worker that is asked to stop', () => {
  it('hands back what it holds and takes no more', async () => {
    void bench.take();
    await bench.computing();
    const stopped = bench.consumer.stop();
    expect(bench.progress.stopReason).toBe('released');
    bench.finish(result);
    await stopped;
    expect(bench.gaveUp).toMatchObject([{ reason: 'released' }]);
    await bench.take();
    expect(bench.said.filter((what) => what === 'lease')).toHaveLength(1);
  });

  it('hands back a run whose lease was on its way', async () => {
    let answer: (given: Lease) => void = () => undefined;
    bench.answerLease = () => new Promise((resolve) => (answer = resolve));
    void bench.take();
    const stopped = bench.consumer.stop();
    answer(lease);
    await stopped;
    expect(bench.started).toBe(0);
    expect(bench.gaveUp).toMatchObject([{ reason: 'released' }]);
  });

  it('hands in a result that is complete', async () => {
    void bench.take();
    await bench.computing();
    let collected: () => void = () => undefined;
    bench.answerBeat = (beat) =>
      new Promise((resolve) => {
        if (beat.phase === 'collecting') collected = () => resolve({ expiresAt: '', cancel: false });
        else resolve({ expiresAt: '', cancel: false });
      });
    bench.finish(result);
    await vi.waitFor(() => expect(bench.said).toContain('beat collecting'));
    const stopped = bench.consumer.stop();
    collected();
    await stopped;
    expect(bench.said).toContain('result');
    expect(bench.gaveUp).toEqual([]);
  });
});
