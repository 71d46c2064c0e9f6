/** One run, from its specification to its result. Synchronous and bound to the processor: the caller gives it a thread. */
import { maxConsoleLength, type Engine, type Outcome, type RunResult, type RunSpec } from '#libs/contracts';
import {
  buildMachine,
  engineFactory,
  type RegionBuilderFactory,
  takeSnapshot,
  type BuiltMachine,
  type ConsolePorts,
  type RunState,
} from '#libs/riscv-core';
import { planBoot } from './boot-plan.js';
import { imageNames, type ImageStore } from './images.js';
import { measureLabels, measureLoad, type Measure } from './measure.js';
import { readSavedRun, type ConsoleState, type ResumeOptions, type SavedRun, type SaveOptions } from './saved-run.js';
import { LOAD_KIND } from './service-boot.js';
import { simulatorDigest } from './simulator-digest.js';
import { createHash } from 'node:crypto';

export interface SimulateOptions {
  readonly engine: Engine;
  readonly images: ImageStore;
  /** Who compiles for the JIT; default: the calling thread, in place. */
  readonly builder?: RegionBuilderFactory;
  /** Called some times a second with what was executed so far. */
  readonly onProgress?: (progress: { instret: number; cycles: number }) => void;
  /** Asked as often; true ends the run with outcome `timed-out`. */
  readonly shouldStop?: () => boolean;
  /** Default {@link defaultMaxInstructions}. */
  readonly maxInstructions?: number;
  /** Saves the run on its way. */
  readonly save?: SaveOptions;
  /** Goes on from a saved run of this specification instead of from the start: the result is that of the whole run. */
  readonly resume?: ResumeOptions;
}

/** A run that goes on for longer hangs: a minute of the JIT, minutes of the interpreter, hundreds of times a run of the campaigns. */
export const defaultMaxInstructions = 20_000_000_000;

/** Instructions between two reports: some hundredths of a second. */
const SLICE: Record<Engine, number> = { interpreter: 4_000_000, reference: 20_000, jit: 8_000_000 };

type Ending = Exclude<RunState, { kind: 'running' | 'needs-input' }> | { readonly kind: 'stopped' };

/** Throws ConfigError or ImageError when the run cannot be set up; anything else it throws is our bug. */
export function simulateRun(spec: RunSpec, options: SimulateOptions): RunResult {
  // A run that was saved can be saved again.
  const plan = planBoot(spec, options.images, options.save !== undefined || options.resume !== undefined);
  const images = digests(spec, options.images);
  const saved = options.resume === undefined ? undefined : readSavedRun(options.resume, spec, images);
  const consoleOutput = new ConsoleLog(saved?.saved.console);
  const ports: ConsolePorts = { write: (bytes) => consoleOutput.append(bytes) };
  const engine = engineFactory(options.engine, options.builder === undefined ? {} : { builder: options.builder });
  const built =
    saved === undefined
      ? buildMachine(plan.config, plan.images, engine, ports)
      : saved.restore(engine, ports, (kind) => (kind === LOAD_KIND ? plan.load?.peer(true) : undefined));
  const { machine } = built;
  const measure = plan.load === undefined ? measureLabels(machine, plan, spec) : measureLoad(machine, plan.load, spec);
  if (saved !== undefined) machine.goOnMeasuring(saved.saved.measured);
  const beside = (): SavedRun => ({
    simulator: simulatorDigest(),
    spec,
    images,
    console: consoleOutput.state(),
    measured: machine.measuredSoFar(),
  });

  // The simulation host's clock: reported beside the result, never part of it.
  const begin = process.hrtime.bigint();
  const ending = runToEnd(built, options, beside);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;

  const instret = machine.totalInstret();
  return {
    outcome: outcomeOf(ending, measure, instret),
    instret: String(instret),
    cycles: String(machine.totalCycles()),
    stateHash: machine.stateHash(),
    metrics: measure.metrics(),
    console: consoleOutput.text(),
    images,
    simulator: simulatorDigest(),
    host: { seconds, mips: seconds > 0 ? instret / seconds / 1e6 : 0, engine: options.engine },
  };
}

function runToEnd(built: BuiltMachine, options: SimulateOptions, beside: () => SavedRun): Ending {
  const { machine } = built;
  const limit = options.maxInstructions ?? defaultMaxInstructions;
  let { save } = options;
  for (;;) {
    const state = machine.run(SLICE[options.engine], limit, false, save?.atCycle);
    if (state.kind === 'running' && save !== undefined && machine.time() >= save.atCycle) {
      save.write(takeSnapshot(built, save.compression, beside()));
      save = undefined;
    }
    options.onProgress?.({ instret: machine.totalInstret(), cycles: machine.totalCycles() });
    if (state.kind === 'needs-input') throw new Error('a run has no console input to wait for');
    if (state.kind !== 'running') return state;
    if (options.shouldStop?.() === true) return { kind: 'stopped' };
  }
}

function outcomeOf(ending: Ending, measure: Measure, instret: number): Outcome {
  switch (ending.kind) {
    case 'finisher':
    case 'htif': {
      const exitCode = Number(ending.code);
      if (exitCode !== 0) return { kind: 'failed', exitCode, detail: `the target ended with code ${exitCode}` };
      const wrong = measure.fault();
      return { kind: wrong === '' ? 'passed' : 'failed', exitCode, detail: wrong };
    }
    case 'reset':
      return { kind: 'failed', exitCode: null, detail: 'the target asked for a reset' };
    case 'limit':
      return { kind: 'timed-out', exitCode: null, detail: measure.hung() ?? `no end after ${instret} instructions` };
    case 'stopped':
      return { kind: 'timed-out', exitCode: null, detail: `stopped after ${instret} instructions` };
    case 'deadlock':
      return {
        kind: 'deadlock',
        exitCode: null,
        detail: `every hart sleeps and no event is due, after ${instret} instructions`,
      };
  }
}

function digests(spec: RunSpec, images: ImageStore): Record<string, string> {
  return Object.fromEntries(
    imageNames(spec).map((name) => [name, createHash('sha256').update(images.read(name)).digest('hex')]),
  );
}

/** The console as text; bytes that are no UTF-8 become U+FFFD. What is beyond the limit is counted, not kept. */
class ConsoleLog {
  private readonly bytes: number[];
  private dropped: number;

  constructor({ bytes, dropped }: ConsoleState = { bytes: new Uint8Array(), dropped: 0 }) {
    this.bytes = [...bytes];
    this.dropped = dropped;
  }

  state(): ConsoleState {
    return { bytes: Uint8Array.from(this.bytes), dropped: this.dropped };
  }

  append(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.bytes.length < maxConsoleLength - NOTICE_ROOM) this.bytes.push(byte);
      else this.dropped += 1;
    }
  }

  text(): string {
    const text = new TextDecoder().decode(Uint8Array.from(this.bytes));
    return this.dropped === 0 ? text : `${text}\n[${this.dropped} more bytes not kept]\n`;
  }
}

/** Characters kept free for the notice of a cut console. */
const NOTICE_ROOM = 64;
