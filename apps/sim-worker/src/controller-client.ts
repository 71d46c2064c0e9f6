/** What the worker says to the controller. Every message but the first two goes with the lease token of the run. */
import { arch, cpus, platform, totalmem } from 'node:os';
import { Injectable } from '@nestjs/common';
import {
  artefactStoredSchema,
  cancellationsSchema,
  handInAnswerSchema,
  heartbeatAnswerSchema,
  leaseSchema,
  leaseTokenHeader,
  workerRegisteredSchema,
  type GiveUp,
  type HandInAnswer,
  type Heartbeat,
  type HeartbeatAnswer,
  type Lease,
  type RunJob,
  type RunResult,
  type WorkerRegistered,
} from '#libs/contracts';
import { ApiError, apiClient, type ApiClient, UnreachableError } from '#libs/platform';
import { z } from 'zod';
import { WorkerConfig } from './config.js';
import { backoff } from './backoff.js';

/** The controller answers a long poll after 20 s at the latest. */
const longPollMs = 30_000;

@Injectable()
export class ControllerClient {
  private client: ApiClient | null = null;

  constructor(private readonly config: WorkerConfig) {}

  /** Joins the cluster; waits for a controller that is still starting. Refusals (wrong token, other simulator) are final. */
  async register(simulator: string, giveUp: AbortSignal, onWait: (error: Error) => void): Promise<WorkerRegistered> {
    const { controllerUrl, joinToken, name, slots } = this.config;
    const anonymous = apiClient(controllerUrl, joinToken);
    const registered = await retry(
      () =>
        anonymous.call('/workers/register', workerRegisteredSchema, {
          json: { name, slots, simulator, host: hostFacts() },
        }),
      giveUp,
      onWait,
    );
    this.client = apiClient(controllerUrl, registered.token);
    return registered;
  }

  /** Null when the job is out of date: an older epoch, or a run that is not waiting any more. */
  async lease(job: RunJob): Promise<Lease | null> {
    try {
      return await this.joined().call('/workers/lease', leaseSchema, { json: job });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) return null;
      throw error;
    }
  }

  heartbeat(runId: string, heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    return this.joined().call(`/workers/runs/${runId}/heartbeat`, heartbeatAnswerSchema, {
      json: heartbeat,
      timeoutMs: 5000,
    });
  }

  /** Runs of this worker that are to be stopped; empty after a quiet while. */
  async cancellations(signal: AbortSignal): Promise<string[]> {
    const answer = await this.joined().call('/workers/cancellations', cancellationsSchema, {
      json: {},
      timeoutMs: longPollMs,
      signal,
    });
    return answer.runIds;
  }

  async upload(runId: string, leaseToken: string, name: string, bytes: Uint8Array, giveUp: AbortSignal): Promise<void> {
    await retry(
      () =>
        this.joined().call(`/workers/runs/${runId}/artefacts/${name}`, artefactStoredSchema, {
          bytes,
          headers: { [leaseTokenHeader]: leaseToken },
          timeoutMs: 30_000,
        }),
      giveUp,
    );
  }

  /** Sending the same result again is harmless, so an unanswered hand-in is repeated until it is answered. */
  handIn(runId: string, leaseToken: string, result: RunResult, giveUp: AbortSignal): Promise<HandInAnswer> {
    return retry(
      () =>
        this.joined().call(`/workers/runs/${runId}/result`, handInAnswerSchema, {
          json: { leaseToken, result },
          timeoutMs: 30_000,
        }),
      giveUp,
    );
  }

  async giveUp(runId: string, message: GiveUp, giveUp: AbortSignal): Promise<void> {
    await retry(() => this.joined().call(`/workers/runs/${runId}/give-up`, z.unknown(), { json: message }), giveUp);
  }

  private joined(): ApiClient {
    if (this.client === null) throw new Error('controller client: found a call before register(), expected it after');
    return this.client;
  }
}

/** Repeats `send` while nobody answers or the controller is in trouble (5xx), until `giveUp`. A refusal (4xx) is thrown. */
async function retry<T>(send: () => Promise<T>, giveUp: AbortSignal, onWait?: (error: Error) => void): Promise<T> {
  for (const delay of backoff()) {
    try {
      return await send();
    } catch (error) {
      const again = error instanceof UnreachableError || (error instanceof ApiError && error.status >= 500);
      if (!again || giveUp.aborted) throw error;
      onWait?.(error);
      await pause(delay, giveUp);
    }
  }
  throw new Error('backoff ended, expected it to go on');
}

function pause(ms: number, wake: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      wake.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    wake.addEventListener('abort', done);
  });
}

function hostFacts(): { cpu: string; cores: number; memoryMiB: number; node: string } {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.slice(0, 200) ?? `${platform()} ${arch()}`,
    cores: Math.max(1, processors.length),
    memoryMiB: Math.max(1, Math.floor(totalmem() / 2 ** 20)),
    node: process.version,
  };
}
