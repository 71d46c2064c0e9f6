/** The interpreter as an engine: the generated module, the core module and the record store, wired to one machine's memory. */
import { count64, instantiateCore, waitingRequests, type Core } from '../core/core-module.js';
import { Decoder, type ExtensionSet } from '../decode/decoder.js';
import {
  CORE_SKIP_POLL,
  CROSS_RECORD,
  HARTS,
  HART_STRIDE,
  M_FILTER_SHIFT,
  M_HARTS,
  M_TIMING,
  REC_OP,
  REC_RAW,
} from '../hart/layout.js';
import type { Engine, EngineFactory } from '../machine/engine.js';
import type { StaticCost } from '../timing/static-cost.js';
import { CodeStore } from './code-store.js';
import { buildInterpreterModule } from './module.js';

export interface InterpreterOptions {
  readonly extensions: ExtensionSet;
  /** Static half of the cycle model; undefined without one. */
  readonly staticCost?: StaticCost;
}

/** Compiled interpreters by what they depend on: memory size and timing are part of the module. */
const compiled = new Map<string, WebAssembly.Module>();

function interpreterModule(filterShift: number, timed: boolean): WebAssembly.Module {
  const key = `${filterShift}/${timed}`;
  const found = compiled.get(key);
  if (found) return found;
  const module = new WebAssembly.Module(buildInterpreterModule(1, filterShift, { timed }));
  compiled.set(key, module);
  return module;
}

export function interpreter(options: InterpreterOptions): EngineFactory {
  return (memory, host): Engine => {
    const view = new DataView(memory.buffer);
    const timed = view.getUint32(M_TIMING, true) !== 0;
    const filterShift = view.getUint32(M_FILTER_SHIFT, true);
    const store = new CodeStore(memory, new Decoder(options.extensions), options.staticCost);
    const core = instantiateCore(memory, host, { decode: (h, rec) => store.decode(h, rec) });
    if (timed) core.exports.t_reset();
    const harts = view.getUint32(M_HARTS, true);
    for (let hart = 0; hart < harts; hart++) core.exports.refresh_hart(HARTS + hart * HART_STRIDE);

    const instance = new WebAssembly.Instance(interpreterModule(filterShift, timed), {
      env: {
        memory,
        decode: (h: number, rec: number) => store.decode(h, rec),
        probe: (h: number, rec: number, pc: bigint) => {
          host.probe((h - HARTS) / HART_STRIDE, BigInt.asUintN(64, pc), view.getUint32(rec + REC_RAW, true));
          return store.realOp(rec);
        },
      },
      core: core.exports,
    });
    const run = instance.exports['run'] as (h: number) => number;
    return {
      name: 'interpreter',
      run: (hart, resume) => {
        const h = HARTS + hart * HART_STRIDE;
        if (resume === true) view.setUint32(h + CORE_SKIP_POLL, 1, true);
        return run(h);
      },
      turns: turnsOf(core, instance),
      ...outsideEvents(core, store, view, timed),
    };
  };
}

/** `turns` of an engine whose module is the interpreter's. */
export function turnsOf(core: Core, interpreterInstance: WebAssembly.Instance): NonNullable<Engine['turns']> {
  const turns = interpreterInstance.exports['turns'] as () => number;
  return ({ until, limit, event, pause, quantum }) => {
    core.exports.turns_begin(count64(until), count64(limit), count64(event), count64(pause), count64(quantum));
    return turns();
  };
}

/** What engines with the core and records do between turns, and when something outside a hart happens. */
export function outsideEvents(
  core: Core,
  store: CodeStore,
  view: DataView,
  timed: boolean,
): Pick<Engine, 'requests' | 'setProbes' | 'memoryChanged' | 'restored' | 'deviceReads' | 'deviceWrote'> {
  return {
    requests: timed ? waitingRequests(core) : undefined,
    setProbes: (pageOffsets) => {
      store.watch((offset) => pageOffsets.has(offset));
      core.dropAllCode();
      for (let hart = 0; hart < view.getUint32(M_HARTS, true); hart++)
        view.setUint16(HARTS + hart * HART_STRIDE + CROSS_RECORD + REC_OP, 0, true);
    },
    memoryChanged: () => core.dropAllCode(),
    restored: () => core.refreshHarts(),
    deviceReads: (physical, size) => {
      if (timed) core.exports.t_dma(BigInt(physical), size, 0);
    },
    deviceWrote: (physical, size) => {
      core.exports.memory_written(BigInt(physical), BigInt(size));
      if (timed) core.exports.t_dma(BigInt(physical), size, 1);
    },
  };
}
