import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { repeat } from './repeat.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = (error: unknown): never => {
  throw error;
};

it('does its work again and again, and no more after it was stopped', async () => {
  let turns = 0;
  const repeated = repeat(100, async () => void turns++, never);
  await vi.advanceTimersByTimeAsync(350);
  expect(turns).toBe(3);
  await repeated.stop();
  await vi.advanceTimersByTimeAsync(1000);
  expect(turns).toBe(3);
});

it('does it at once when woken; woken while it works, once more afterwards, never twice at a time', async () => {
  let [turns, atOnce, most] = [0, 0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++atOnce);
    turns++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    atOnce--;
  };
  const repeated = repeat(1000, work, never);
  repeated.wake();
  repeated.wake();
  repeated.wake();
  await vi.advanceTimersByTimeAsync(200);
  expect([turns, most]).toEqual([2, 1]);
  await repeated.stop();
});

it('goes on after an error, and reports it', async () => {
  const errors: unknown[] = [];
  const repeated = repeat(
    100,
    () => Promise.reject(new Error('once more')),
    (error) => errors.push(error),
  );
  await vi.advanceTimersByTimeAsync(250);
  expect(errors).toHaveLength(2);
  await repeated.stop();
});

it('waits for the work in hand when it is stopped', async () => {
  let done = false;
  const repeated = repeat(
    10,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      done = true;
    },
    never,
  );
  await vi.advanceTimersByTimeAsync(15);
  const stopped = repeated.stop();
  expect(done).toBe(false);
  await vi.advanceTimersByTimeAsync(50);
  await stopped;
  expect(done).toBe(true);
});
