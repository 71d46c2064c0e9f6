/**
 * The simulating thread's side. It never waits and never turns its event loop for this: it looks at a counter in shared memory
 * and takes the answer from the port when there is one.
 */
import {
  buildInPlace,
  instructionsOf,
  type RegionBuilder,
  type RegionBuilderFactory,
  type RegionModule,
  type RegionSetting,
  type RegionSource,
} from '#libs/riscv-core';
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { Answer, Request, ThreadData } from './messages.js';

/**
 * A module takes tens of milliseconds. A thread that has answered nothing for so long, in milliseconds, is gone: how it ended cannot be
 * heard while a simulation runs.
 */
const GIVEN_UP_MS = 30_000;

/** Answers kept for machines that have not come for them: some of them never will, for they are gone. */
const MOST_KEPT = 16;

/** The thread of this simulating thread, for all its machines; begun when the first module is due. */
class CompilingThread {
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly finished = new Int32Array(new SharedArrayBuffer(4));
  private requests = 0;
  private received = 0;
  /** Answers that nobody has come for yet, the oldest first. */
  private readonly kept = new Map<number, Answer>();
  private sentAt = 0;
  /** Why it is of no use any more. */
  failure: string | undefined;

  constructor(script: URL) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const data: ThreadData = { port: port2, finished: this.finished };
    this.worker = new Worker(script, { workerData: data, transferList: [port2], execArgv: [], env: {} });
    this.worker.on('error', (error) => (this.failure ??= error.message));
    this.worker.on('exit', (code) => (this.failure ??= `it ended with code ${code}`));
    // It keeps no process alive.
    this.worker.unref();
    this.port.unref();
  }

  send(request: Omit<Request, 'number'>): number {
    const number = ++this.requests;
    this.sentAt = performance.now();
    this.port.postMessage({ number, ...request } satisfies Request);
    return number;
  }

  /** The answer to that request. */
  answer(number: number): Answer | undefined {
    while (Atomics.load(this.finished, 0) > this.received) {
      const { message } = receiveMessageOnPort(this.port) as { message: Answer };
      this.received++;
      this.kept.set(message.number, message);
      if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value!);
    }
    const answer = this.kept.get(number);
    this.kept.delete(number);
    if (answer !== undefined) return answer;
    if (performance.now() - this.sentAt > GIVEN_UP_MS) this.failure ??= `no answer for ${GIVEN_UP_MS / 1000} s`;
    return undefined;
  }
}

/**
 * Instructions that a machine's first modules have in place, one batch more at most: a program of a few hot loops needs no thread. To
 * begin one costs as much processor time as to compile so many here, and its first answer is later.
 */
const FIRST_IN_PLACE = 4000;

let machines = 0;

/** `script` and `warn`: for tests. */
export function makeRegionThread(script: URL, warn: (line: string) => void): RegionBuilderFactory {
  let thread: CompilingThread | undefined;
  return (setting) => new ThreadBuilder(() => (thread ??= new CompilingThread(script)), setting, warn);
}

/** Builds in place at first, then on the thread; when that fails, in place again. */
class ThreadBuilder implements RegionBuilder {
  private readonly machine = ++machines;
  private readonly inPlace: RegionBuilder;
  private leftInPlace = FIRST_IN_PLACE;
  /** What the thread has; undefined: it has nothing of this machine. */
  private sent: { readonly number: number; readonly batch: readonly RegionSource[] } | undefined;

  constructor(
    private readonly thread: () => CompilingThread,
    private readonly setting: RegionSetting,
    private readonly warn: (line: string) => void,
  ) {
    this.inPlace = buildInPlace(setting);
  }

  submit(batch: readonly RegionSource[]): void {
    if (this.leftInPlace <= 0 && this.thread().failure !== undefined) this.giveUp();
    if (this.leftInPlace > 0) {
      this.leftInPlace -= batch.reduce((sum, source) => sum + instructionsOf(source), 0);
      this.inPlace.submit(batch);
    } else {
      this.sent = { number: this.thread().send({ machine: this.machine, setting: this.setting, batch }), batch };
    }
  }

  collect(): RegionModule | undefined {
    const { sent } = this;
    if (sent === undefined) return this.inPlace.collect();
    const thread = this.thread();
    const answer = thread.answer(sent.number);
    if (answer !== undefined && 'error' in answer) thread.failure ??= answer.error;
    if (answer === undefined && thread.failure === undefined) return undefined;
    this.sent = undefined;
    if (answer !== undefined && 'module' in answer) return answer;
    this.giveUp();
    this.inPlace.submit(sent.batch);
    return this.inPlace.collect();
  }

  private giveUp(): void {
    this.leftInPlace = Infinity;
    const reason = this.thread().failure ?? '';
    this.warn(`JIT: the compiling thread failed (${reason}); this machine's code is compiled in place from now on`);
  }
}

export const regionThread = makeRegionThread(new URL('./thread.js', import.meta.url), (line) =>
  process.stderr.write(`${line}\n`),
);
