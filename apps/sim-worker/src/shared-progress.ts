/**
 * The one piece of memory a simulation thread shares with the worker's event loop: the thread writes how far it is, the
 * event loop writes whether to stop. No message passes while a simulation computes.
 */

/** Bytes 0..3: stop reason; 8..15: instructions retired; 16..23: target cycles. */
const byteLength = 24;

/** Why a simulation is asked to stop. */
export const stopReasons = ['none', 'cancelled', 'released', 'lease-lost', 'time-limit'] as const;
export type StopReason = (typeof stopReasons)[number];

export class SharedProgress {
  private readonly stop: Int32Array;
  private readonly counters: BigUint64Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(byteLength)) {
    this.stop = new Int32Array(buffer, 0, 1);
    this.counters = new BigUint64Array(buffer, 8, 2);
  }

  /** The first reason stays: what came first decides what becomes of the run. */
  requestStop(reason: Exclude<StopReason, 'none'>): void {
    Atomics.compareExchange(this.stop, 0, 0, stopReasons.indexOf(reason));
  }

  get stopReason(): StopReason {
    return stopReasons[Atomics.load(this.stop, 0)] ?? 'none';
  }

  report(instret: bigint, cycles: bigint): void {
    Atomics.store(this.counters, 0, instret);
    Atomics.store(this.counters, 1, cycles);
  }

  read(): { instret: bigint; cycles: bigint } {
    return { instret: Atomics.load(this.counters, 0), cycles: Atomics.load(this.counters, 1) };
  }
}
