/** The engines that are compared with one another: those of the machine, and the JIT where its policy makes it work hardest. */
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import type { EngineFactory, EngineSetup } from '../../libs/riscv-core/src/machine/engine.js';

type Choose = (setup: EngineSetup) => EngineFactory;

/** What is executed twice is compiled. */
const eager = { warm: 1, hot: 2 };

const choices = {
  reference: engineFactory('reference'),
  interpreter: engineFactory('interpreter'),
  jit: engineFactory('jit', eager),
  // Every boundary between regions is somewhere else, and room for few of them: modules come and go.
  'jit in small regions': engineFactory('jit', { ...eager, hot: 1, regionInsns: 25, batch: 2, maxRegions: 12 }),
} as const satisfies Record<string, Choose>;

export type Subject = keyof typeof choices;
export const subjects = Object.keys(choices) as Subject[];

export function engineOf(subject: Subject): Choose {
  return choices[subject];
}
