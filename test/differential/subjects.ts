/** The engines that are compared with one another: those of the machine, and the JIT where its policy makes it work hardest. */
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import { followBranchHints } from '../../libs/wasm-hints/src/index.js';
import type { EngineFactory, EngineSetup } from '../../libs/riscv-core/src/machine/engine.js';
import { lateBuilder, type Deliveries } from './late-builder.js';

followBranchHints();

type Choose = (setup: EngineSetup) => EngineFactory;

/** `short`: programs of some thousand instructions, where what is executed twice is compiled. `long`: millions of them. */
export type Length = 'short' | 'long';

const often = { short: { warm: 1, hot: 2 }, long: { warm: 16, hot: 64 } } as const;
// Every boundary between regions is somewhere else, and room for few of them: modules come and go.
const small = { short: { batch: 2, maxRegions: 12 }, long: { batch: 16, maxRegions: 200 } } as const;

/** Questions until a module comes: compiled code may come at any time. */
const delays = [0, 1, 4, 0, 13];

const choices = {
  reference: () => engineFactory('reference'),
  interpreter: () => engineFactory('interpreter'),
  jit: (length: Length) => engineFactory('jit', { policy: often[length] }),
  'jit in small regions': (length: Length, deliveries?: Deliveries) =>
    engineFactory('jit', {
      policy: { ...often[length], ...small[length], regionInsns: 25 },
      builder: lateBuilder((module) => delays[module % delays.length]!, deliveries),
    }),
} as const satisfies Record<string, (length: Length, deliveries?: Deliveries) => Choose>;

export type Subject = keyof typeof choices;
export const subjects = Object.keys(choices) as Subject[];

/** `deliveries` is told of the modules that a late builder makes. */
export function engineOf(subject: Subject, length: Length = 'short', deliveries?: Deliveries): Choose {
  return choices[subject](length, deliveries);
}
