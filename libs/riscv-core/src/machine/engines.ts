/** The engines that exist, by name, with the cycle model that the machine's configuration asks for. */
import { instantiateCore, waitingRequests } from '../core/core-module.js';
import { interpreter } from '../interp/interpreter.js';
import { jit, type JitOptions } from '../jit/jit.js';
import { reference } from '../reference/engine.js';
import { StaticCosts } from '../timing/pipeline.js';
import type { EngineFactory, EngineName, EngineSetup } from './engine.js';

/** What the simulation host decides; software cannot tell. */
export interface EngineChoices {
  /** Who compiles for the JIT, and when (for tests). */
  readonly builder?: JitOptions['builder'];
  readonly policy?: JitOptions['policy'];
}

export function engineFactory(
  name: EngineName,
  { builder, policy }: EngineChoices = {},
): (setup: EngineSetup) => EngineFactory {
  return ({ extensions, csrs, config }) => {
    const timed = config.timing.model === 'rocket';
    const staticCost = timed ? new StaticCosts(config.timing.parameters) : undefined;
    switch (name) {
      case 'jit':
        return jit({
          extensions,
          ...(staticCost === undefined ? {} : { staticCost }),
          ...(policy === undefined ? {} : { policy }),
          ...(builder === undefined ? {} : { builder }),
        });
      case 'interpreter':
        return interpreter({ extensions, ...(staticCost === undefined ? {} : { staticCost }) });
      case 'reference':
        return (memory, host) => {
          if (staticCost === undefined) return reference({ extensions, csrs })(memory, host);
          // Of the core module the reference uses the cycle model only; it decodes for itself.
          const core = instantiateCore(memory, host, { decode: () => undefined });
          core.exports.t_reset();
          const timing = { events: core.exports, staticCost, requests: waitingRequests(core) };
          return reference({ extensions, csrs, timing })(memory, host);
        };
    }
  };
}
