/** The engines that exist, by name, with the cycle model that the machine's configuration asks for. */
import { instantiateCore } from '../core/core-module.js';
import { interpreter } from '../interp/interpreter.js';
import { jit, type JitPolicy } from '../jit/jit.js';
import { reference } from '../reference/engine.js';
import { StaticCosts } from '../timing/pipeline.js';
import type { EngineFactory, EngineName, EngineSetup } from './engine.js';

/** `policy`: when the JIT compiles; for tests. */
export function engineFactory(name: EngineName, policy?: Partial<JitPolicy>): (setup: EngineSetup) => EngineFactory {
  return ({ extensions, csrs, config }) => {
    const timed = config.timing.model === 'rocket';
    const staticCost = timed ? new StaticCosts(config.timing.parameters) : undefined;
    switch (name) {
      case 'jit':
        return jit({
          extensions,
          ...(staticCost === undefined ? {} : { staticCost }),
          ...(policy === undefined ? {} : { policy }),
        });
      case 'interpreter':
        return interpreter({ extensions, ...(staticCost === undefined ? {} : { staticCost }) });
      case 'reference':
        return (memory, host) => {
          if (staticCost === undefined) return reference({ extensions, csrs })(memory, host);
          // Of the core module the reference uses the cycle model only; it decodes for itself.
          const { exports: events } = instantiateCore(memory, host, { decode: () => undefined });
          events.t_reset();
          return reference({ extensions, csrs, timing: { events, staticCost } })(memory, host);
        };
    }
  };
}
