/** The engines that exist, by name. */
import { interpreter } from '../interp/interpreter.js';
import { reference } from '../reference/engine.js';
import type { EngineFactory, EngineName, EngineSetup } from './engine.js';

export function engineFactory(name: EngineName): (setup: EngineSetup) => EngineFactory {
  switch (name) {
    case 'interpreter':
      return ({ extensions }) => interpreter({ extensions });
    case 'reference':
      return ({ extensions, csrs }) => reference({ extensions, csrs });
  }
}
