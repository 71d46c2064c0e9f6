/**
 * Who compiles regions. The engine hands over what hot regions are made from and asks, now and then, whether the module is there:
 * a builder may work while the simulation goes on, since software cannot tell when compiled code comes.
 */
import { Decoder } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import { PARAMETER_BLOCK_SIZE } from '../timing/limits.js';
import { addArithmeticHelpers } from '../wasm/arithmetic.js';
import { ModuleBuilder } from '../wasm/module-builder.js';
import { emitRegion } from './emit-region.js';
import { importRegionCalls, regionType } from './region-calls.js';
import type { RegionOptions } from './region-code.js';
import { regionOf, type RegionSource } from './region-source.js';
import { TimingCode } from './timing-code.js';

/** What all regions of a machine have in common. Survives structured cloning. */
export interface RegionSetting {
  /** Extensions by the names of the instruction tables. */
  readonly extensions: readonly string[];
  /** M_FILTER_SHIFT. */
  readonly filterShift: number;
  /** The cycle model's parameter block; undefined without one. */
  readonly parameters?: Uint8Array;
}

/** The functions of a module are exported under the addresses of the records that they begin at. */
export interface RegionModule {
  readonly module: WebAssembly.Module;
  /** Size of its WebAssembly code. */
  readonly bytes: number;
}

export interface RegionBuilder {
  /** Begins to compile these regions as one module. Not before the one submitted last was collected. */
  submit(batch: readonly RegionSource[]): void;
  /** The module, once, when it is finished. Asked often: must cost next to nothing while it is not. */
  collect(): RegionModule | undefined;
}

export type RegionBuilderFactory = (setting: RegionSetting) => RegionBuilder;

/** What the regions of the machine in this memory have in common. */
export function settingOf(memory: WebAssembly.Memory, extensions: Iterable<string>): RegionSetting {
  const view = new DataView(memory.buffer);
  const timed = view.getUint32(L.M_TIMING, true) !== 0;
  return {
    extensions: [...extensions],
    filterShift: view.getUint32(L.M_FILTER_SHIFT, true),
    ...(timed ? { parameters: new Uint8Array(memory.buffer, L.TIMING, PARAMETER_BLOCK_SIZE).slice() } : {}),
  };
}

/** Makes modules for one machine. */
export class RegionMaker {
  private readonly decoder: Decoder;
  private readonly options: RegionOptions;

  constructor({ extensions, filterShift, parameters }: RegionSetting) {
    this.decoder = new Decoder(new Set(extensions));
    this.options = { filterShift, ...(parameters === undefined ? {} : { timing: timingCode(parameters) }) };
  }

  /** The bytes of a module with these regions. */
  make(batch: readonly RegionSource[]): Uint8Array<ArrayBuffer> {
    const module = new ModuleBuilder(1);
    const calls = importRegionCalls(module);
    const helpers = addArithmeticHelpers(module);
    const timing = this.options.timing?.addFunctions(module, calls);
    const functions = { helpers, calls, ...(timing === undefined ? {} : { timing }) };
    for (const source of batch) {
      const { locals, body } = emitRegion(regionOf(source, this.decoder), source.page, functions, this.options);
      module.addFunction(String(source.rec), regionType, locals, body);
    }
    return module.build();
  }
}

/** Compiles while the simulation waits. */
export function buildInPlace(setting: RegionSetting): RegionBuilder {
  let maker: RegionMaker | undefined;
  let built: RegionModule | undefined;
  return {
    submit: (batch) => {
      maker ??= new RegionMaker(setting);
      const bytes = maker.make(batch);
      built = { module: new WebAssembly.Module(bytes), bytes: bytes.length };
    },
    collect: () => {
      const module = built;
      built = undefined;
      return module;
    },
  };
}

/** It reads its parameters from a memory, where the machine has them. */
function timingCode(parameters: Uint8Array): TimingCode {
  const pages = Math.ceil((L.TIMING + PARAMETER_BLOCK_SIZE) / 0x1_0000);
  const memory = new WebAssembly.Memory({ initial: pages });
  new Uint8Array(memory.buffer).set(parameters, L.TIMING);
  return new TimingCode(memory);
}
