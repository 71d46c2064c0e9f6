/** A machine that is stopped before every single instruction of a random program ends as one that never was: interrupts come where they came. */
import { describe, expect, test } from 'vitest';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { engineNames, type EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { flavours } from '../differential/flavours.js';
import { RAM_BYTES } from '../differential/program-map.js';
import { makeProgram } from '../differential/random-program.js';
import { Random } from '../differential/random.js';

const LIMIT = 3000;
const ENTRY = 0x8000_0000n;
const kinds = flavours.filter(({ name }) => ['guests', 'cycle model, firesim', 'two harts'].includes(name));

describe.each(kinds)('$name', (flavour) => {
  test.each([1, 2, 3, 4])('seed %i', (seed) => {
    const program = makeProgram(new Random(seed), flavour, 60);
    const make = (engine: EngineName): Machine => {
      const config = resolveConfig({ memoryBytes: RAM_BYTES, ...flavour.options });
      const raw = [{ name: 'random program', bytes: program.image, address: ENTRY }];
      const { machine } = buildMachine(config, { raw, entry: ENTRY }, engineFactory(engine), {
        write: () => undefined,
      });
      for (const [address, value] of program.words) machine.ram.setU64(address, value);
      return machine;
    };
    const free = make('interpreter');
    const end = free.run(10 * LIMIT, LIMIT);
    for (const engine of engineNames) {
      const machine = make(engine);
      machine.observeInstructions({ before: () => true });
      let stops = 0;
      let state = machine.runObserved(10 * LIMIT, LIMIT, false);
      for (; state.kind === 'stopped'; stops++) state = machine.runObserved(10 * LIMIT, LIMIT, false);
      expect(state).toEqual(end);
      expect(stops).toBeGreaterThan(100);
      expect([machine.totalCycles(), machine.totalInstret()]).toEqual([free.totalCycles(), free.totalInstret()]);
      expect(machine.stateHash()).toBe(free.stateHash());
    }
  });
});
