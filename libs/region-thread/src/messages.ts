/** What the simulating thread and the compiling one tell each other. */
import type { RegionModule, RegionSetting, RegionSource } from '#libs/riscv-core';
import type { MessagePort } from 'node:worker_threads';

/** Where the compiling thread's messages come from and go to. */
export interface ThreadData {
  readonly port: MessagePort;
  /** One i32: modules finished so far, those that failed included. Counted up when the answer is in the port. */
  readonly finished: Int32Array;
}

export interface Request {
  /** Of all requests to the thread, from 1 up. */
  readonly number: number;
  /** Which machine's; equal machines have equal settings. */
  readonly machine: number;
  readonly setting: RegionSetting;
  readonly batch: readonly RegionSource[];
}

export type Answer = { readonly number: number } & (RegionModule | { readonly error: string });
