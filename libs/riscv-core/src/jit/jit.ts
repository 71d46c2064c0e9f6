/**
 * The JIT as an engine: an interpreter that counts where control goes, and compiled regions for where it goes often.
 * When and what is compiled never shows in the machine's state (engine design, section 5).
 */
import { instantiateCore } from '../core/core-module.js';
import { Decoder, type ExtensionSet } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import { CodeStore } from '../interp/code-store.js';
import { outsideEvents, turnsOf } from '../interp/interpreter.js';
import { buildInterpreterModule } from '../interp/module.js';
import type { Engine, EngineFactory } from '../machine/engine.js';
import type { StaticCost } from '../timing/static-cost.js';
import { Compiler } from './compiler.js';
import { buildInPlace, settingOf, type RegionBuilderFactory } from './region-builder.js';
import { RegionTable } from './regions.js';
import { Scheduler } from './scheduler.js';
import { TimingCode } from './timing-code.js';

/** When to compile, and how much. Software cannot tell. */
export interface JitPolicy {
  /**
   * Transfers to a place until it is noted as hot and until it is compiled without waiting for others, of `window` transfers that
   * the interpreter makes in all. Compiling an instruction, V8's optimizing compiler included, costs what interpreting it
   * thousands of times costs, and compiled code is twenty times as large as records: code that is used evenly and all over
   * is better interpreted (bench/engine, "cold"), while what is left beside compiled code is counted for as long as it takes.
   */
  readonly warm: number;
  readonly hot: number;
  readonly window: number;
  /** Hot places that are compiled together, as one module. */
  readonly batch: number;
  /** Most instructions of a region. */
  readonly regionInsns: number;
  /** Most regions at a time; most bytes of WebAssembly code of the modules that they are in. */
  readonly maxRegions: number;
  readonly maxCodeBytes: number;
}

export const defaultPolicy: JitPolicy = {
  warm: 10_000,
  hot: 30_000,
  window: 3_000_000,
  batch: 128,
  regionInsns: 300,
  maxRegions: 16384,
  maxCodeBytes: 32 << 20,
};

export interface JitOptions {
  readonly extensions: ExtensionSet;
  /** Static half of the cycle model; undefined without one. */
  readonly staticCost?: StaticCost;
  readonly policy?: Partial<JitPolicy>;
  /** Who compiles; default: the simulating thread itself, which waits meanwhile. */
  readonly builder?: RegionBuilderFactory;
}

/** Instructions of all harts between two looks at what was counted, as a multiple of the window: an interpreter makes no more transfers. */
const LOOK_AT_WINDOW = 4;
/** Steps of all harts between two looks at a builder that is at work: a millisecond or a few. */
const LOOK_EVERY = 500_000;

/** Compiled interpreters by what they depend on. */
const compiled = new Map<string, WebAssembly.Module>();

function interpreterModule(filterShift: number, timed: boolean, policy: JitPolicy): WebAssembly.Module {
  const key = [filterShift, timed, policy.warm, policy.hot, policy.maxRegions].join();
  let found = compiled.get(key);
  if (found === undefined) {
    const scheduler = new Scheduler(policy, policy.maxRegions);
    found = new WebAssembly.Module(buildInterpreterModule(1, filterShift, { timed }, scheduler));
    compiled.set(key, found);
  }
  return found;
}

export function jit(jitOptions: JitOptions): EngineFactory {
  const policy = { ...defaultPolicy, ...jitOptions.policy };
  if (policy.batch >= policy.maxRegions) throw new RangeError(`JIT: a batch of ${policy.batch} needs more regions`);
  return (memory, host): Engine => {
    const view = new DataView(memory.buffer);
    const timed = view.getUint32(L.M_TIMING, true) !== 0;
    const filterShift = view.getUint32(L.M_FILTER_SHIFT, true);
    const decoder = new Decoder(jitOptions.extensions);
    const store = new CodeStore(memory, decoder, jitOptions.staticCost);
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: policy.maxRegions, maximum: policy.maxRegions });
    const regions = new RegionTable(memory, table, { regions: policy.maxRegions, bytes: policy.maxCodeBytes }, (rec) =>
      store.realOp(rec),
    );
    const core = instantiateCore(memory, host, {
      decode: (h, rec) => store.decode(h, rec),
      codeDropped: (slot) => compiler.dropSlot(slot),
    });
    if (timed) core.exports.t_reset();
    const harts = view.getUint32(L.M_HARTS, true);
    for (let hart = 0; hart < harts; hart++) core.exports.refresh_hart(L.HARTS + hart * L.HART_STRIDE);

    const instance = new WebAssembly.Instance(interpreterModule(filterShift, timed, policy), {
      env: {
        memory,
        regions: table,
        decode: (h: number, rec: number) => store.decode(h, rec),
        probe: (h: number, rec: number, pc: bigint) => {
          host.probe((h - L.HARTS) / L.HART_STRIDE, BigInt.asUintN(64, pc), view.getUint32(rec + L.REC_RAW, true));
          return store.realOp(rec);
        },
        hot: (rec: number, now: number) => {
          compiler.note(rec, now !== 0);
          if (compiler.busy) view.setUint32(L.M_TURNS_BREAK, 1, true);
        },
      },
      core: core.exports,
    });
    // Regions read the table of tree bits that this writes.
    if (timed) new TimingCode(memory);
    const builder = (jitOptions.builder ?? buildInPlace)(settingOf(memory, jitOptions.extensions));
    const compiler = new Compiler(memory, store, decoder, regions, builder, policy, {
      core: core.exports,
      support: instance.exports as WebAssembly.ModuleImports,
    });
    const run = instance.exports['run'] as (h: number) => number;
    const turns = turnsOf(core, instance);
    /** Instructions of all harts, modulo 2^32. */
    const executed = (): number => {
      let sum = 0;
      for (let hart = 0; hart < harts; hart++) sum += view.getUint32(L.HARTS + hart * L.HART_STRIDE + L.INSTRET, true);
      return sum >>> 0;
    };
    /** As the goal of turns counts. */
    const steps = (): number => {
      let sum = 0n;
      for (let hart = 0; hart < harts; hart++) {
        const h = L.HARTS + hart * L.HART_STRIDE;
        sum += view.getBigUint64(h + L.INSTRET, true) + view.getBigUint64(h + L.BARREN_TRAPS, true);
      }
      return Number(sum);
    };
    let lookedAt = executed();
    const between = (): void => {
      compiler.advance();
      const now = executed();
      if ((now - lookedAt) >>> 0 < LOOK_AT_WINDOW * policy.window) return;
      lookedAt = now;
      if (regions.counted() < policy.window) return;
      compiler.windowClosed();
    };
    return {
      name: 'jit',
      run: (hart, resume) => {
        const h = L.HARTS + hart * L.HART_STRIDE;
        if (resume === true) view.setUint32(h + L.CORE_SKIP_POLL, 1, true);
        const stop = run(h);
        between();
        return stop;
      },
      turns: (goal) => {
        // Turns that go on and on come back for what is being compiled.
        const until = compiler.busy ? Math.min(goal.until, steps() + LOOK_EVERY) : goal.until;
        const stop = turns({ ...goal, until });
        between();
        return stop;
      },
      ...outsideEvents(core, store, view, timed),
    };
  };
}
