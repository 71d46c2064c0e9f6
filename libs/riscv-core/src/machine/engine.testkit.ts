/** An engine whose harts do what a test says, and that keeps nothing. */
import type { Engine } from './engine.js';

export function scriptedEngine(parts: Pick<Engine, 'run' | 'requests'>): Engine {
  return {
    name: 'reference',
    setProbes: () => undefined,
    memoryChanged: () => undefined,
    restored: () => undefined,
    deviceReads: () => undefined,
    deviceWrote: () => undefined,
    ...parts,
  };
}
