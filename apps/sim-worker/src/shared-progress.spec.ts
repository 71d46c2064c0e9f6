import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { backoff } from './backoff.js';
import { SharedProgress } from './shared-progress.js';

describe('shared progress', () => {
  it('is seen on both sides of a thread, and the first reason to stop stays', async () => {
    const here = new SharedProgress();
    here.requestStop('cancelled');
    here.requestStop('released');
    const thread = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const counters = new BigUint64Array(workerData, 8, 2);
       Atomics.store(counters, 0, 2n ** 40n); Atomics.store(counters, 1, 2n ** 63n);
       parentPort.postMessage(Atomics.load(new Int32Array(workerData, 0, 1), 0));`,
      { eval: true, workerData: here.buffer },
    );
    const seen = await new Promise<number>((resolve) => thread.once('message', resolve));
    expect(seen).toBe(1);
    expect(here.stopReason).toBe('cancelled');
    expect(here.read()).toEqual({ instret: 2n ** 40n, cycles: 2n ** 63n });
    await thread.terminate();
  });
});

describe('backoff', () => {
  it('doubles up to its longest', () => {
    const waits = backoff(200, 1000);
    expect(Array.from({ length: 5 }, () => waits.next().value)).toEqual([200, 400, 800, 1000, 1000]);
  });
});
