/**
 * Requests to the shared level are answered in the order of (cycle, hart), however long the turns are (assembly/timing/requests.ts). Harts
 * are scripts here: each asks for lines that nobody has had, at times of its own, so that what is present depends on no order and
 * all that is left is when requests are answered.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantiateCore, waitingRequests, type CoreExports } from '../../libs/riscv-core/src/core/core-module.js';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { scriptedEngine } from '../../libs/riscv-core/src/machine/engine.testkit.js';
import { hartArea, LinearMemory } from '../../libs/riscv-core/src/machine/linear-memory.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { COUNT_L1D_STALL, COUNT_L2_WAIT } from '../../libs/riscv-core/src/timing/counted-events.js';
import {
  HART_REQUESTS,
  MAX_REQUESTS,
  REQUESTS_OF_TURN,
  REQUEST_SIZE,
} from '../../libs/riscv-core/src/timing/limits.js';
import { DATA_LOAD } from '../../libs/riscv-core/src/timing/events.js';
import '../seed.js';

const RAM = 0x8000_0000n;
/** Lines that a hart's requests lie in. */
const OWN_LINES = 1 << 15;

/** `gap` cycles behind what the hart did before, it asks for the line `skip` lines behind the last one. */
interface Ask {
  readonly gap: number;
  readonly skip: number;
  /** What is next depends on the clock. */
  readonly settles?: boolean;
}

type Script = readonly Ask[];

interface Outcome {
  /** Of each hart: its clock behind its script, cycles stalled, cycles waited for others. */
  readonly harts: readonly (readonly number[])[];
  /** Most requests of a hart that waited at a time. */
  readonly mostWaiting: number;
}

interface Scripted {
  readonly machine: Machine;
  readonly core: CoreExports;
  /** Requests of a hart that wait. */
  readonly waiting: (hart: number) => number;
}

/** A machine whose harts do one `step` after the other; `yields`: behind each the turn may end. */
function scripted(
  harts: number,
  quantum: number,
  step: (hart: number, scripted: Scripted) => void,
  yields: () => boolean = () => true,
): Scripted {
  let parts: Pick<Scripted, 'core' | 'waiting'> | undefined;
  const config = resolveConfig({ machine: 'firesim', memoryBytes: 64 << 20, harts, quantum });
  const raw = [{ name: 'nothing', bytes: new Uint8Array(8), address: RAM }];
  const { machine } = buildMachine(
    config,
    { raw },
    () => (memory, host) => {
      const linear = new LinearMemory(memory);
      const core = instantiateCore(memory, host, { decode: () => undefined });
      core.exports.t_reset();
      const waiting = (hart: number): number =>
        linear.u32(hartArea(hart) + L.HART_TIMING + HART_REQUESTS) / REQUEST_SIZE;
      parts = { core: core.exports, waiting };
      return scriptedEngine({
        requests: waitingRequests(core),
        run: (hart) => {
          const area = hartArea(hart);
          while (linear.u32(L.M_EXIT_REQUEST) === 0) {
            if (linear.count(area + L.CYCLE) >= linear.count(area + L.TURN_END) && yields()) return L.STOP_TURN;
            step(hart, made);
            linear.setCount(area + L.INSTRET, linear.count(area + L.INSTRET) + 1);
          }
          return L.STOP_EXIT;
        },
      });
    },
    { write: () => undefined },
  );
  const made: Scripted = { ...parts!, machine };
  return made;
}

function addCycles(machine: Machine, hart: number, cycles: number): void {
  machine.memory.setCount(hartArea(hart) + L.CYCLE, machine.cycles(hart) + cycles);
}

/** Runs the scripts side by side; harts that are through go on without requests. */
function play(scripts: readonly Script[], quantum: number): Outcome {
  const at = scripts.map(() => 0);
  /** The gap has passed: between it and the request another hart may have its turn. */
  const due = scripts.map(() => false);
  const line = scripts.map((_, hart) => hart * OWN_LINES);
  let mostWaiting = 0;
  const { machine } = scripted(scripts.length, quantum, (hart, { machine: its, core, waiting }) => {
    const ask = scripts[hart]![at[hart]!];
    if (ask === undefined) {
      addCycles(its, hart, 50);
      if (scripts.every((script, other) => at[other] === script.length)) its.stop({ kind: 'finisher', code: 0n });
      return;
    }
    due[hart] = !due[hart];
    if (due[hart]) {
      addCycles(its, hart, ask.gap);
      return;
    }
    at[hart]! += 1;
    line[hart]! += ask.skip;
    if (ask.settles === true) core.t_settle(hartArea(hart));
    core.t_data(hartArea(hart), RAM + BigInt(line[hart]!) * 64n, DATA_LOAD);
    mostWaiting = Math.max(mostWaiting, waiting(hart));
  });
  expect(machine.run(1e9, undefined)).toEqual({ kind: 'finisher', code: 0n });
  const counted = (hart: number, event: number): number => {
    const bank = machine.memory.u32(hartArea(hart) + L.COUNTS_ACTIVE);
    return machine.memory.count(bank + 8 * event);
  };
  const harts = machine.harts.map((hart) => {
    const idle = machine.instret(hart) - 2 * scripts[hart]!.length;
    return [machine.cycles(hart) - 50 * idle, counted(hart, COUNT_L1D_STALL), counted(hart, COUNT_L2_WAIT)];
  });
  return { harts, mostWaiting };
}

const ask = fc.record({ gap: fc.integer({ min: 1, max: 400 }), skip: fc.integer({ min: 1, max: 200 }) });
const scripts = fc
  .integer({ min: 2, max: 8 })
  .chain((harts) => fc.array(fc.array(ask, { maxLength: 150 }), { minLength: harts, maxLength: harts }));

describe('requests of several harts', () => {
  it('are answered as with turns of one cycle', () => {
    fc.assert(
      fc.property(scripts, fc.constantFrom(300, 1000, 8000, 1_000_000), (all, quantum) => {
        expect(play(all, quantum).harts).toEqual(play(all, 1).harts);
      }),
      { numRuns: 60 },
    );
  });

  const busy = (length: number): Script => Array.from({ length }, (_, i) => ({ gap: 1 + (i % 7), skip: 1 + (i % 3) }));

  it('wait in long turns, and end them when they are many', () => {
    expect(play([busy(500), busy(500)], 1_000_000).mostWaiting).toBe(REQUESTS_OF_TURN);
    expect(play([busy(500), busy(500)], L.SHARED_AHEAD).mostWaiting, 'not in short ones').toBe(0);
    expect(play([busy(500)], 1_000_000).mostWaiting, 'nor those of a lone hart').toBe(0);
  });

  it('without a yield point are answered when there is no room for more', () => {
    const asked = [0, 0];
    let most = 0;
    const { machine, waiting } = scripted(
      2,
      1_000_000,
      (hart, its) => {
        addCycles(its.machine, hart, 3);
        its.core.t_data(hartArea(hart), RAM + BigInt(hart * OWN_LINES + asked[hart]!) * 64n, DATA_LOAD);
        asked[hart]! += 1;
        most = Math.max(most, its.waiting(hart));
        if (asked[hart] === 2 * MAX_REQUESTS) its.machine.stop({ kind: 'finisher', code: 0n });
      },
      () => false,
    );
    machine.run(1e9, undefined);
    expect(most).toBe(MAX_REQUESTS - 1);
    expect(machine.harts.map(waiting)).toEqual([0, 0]);
  });

  it('are answered before what depends on the clock', () => {
    const script = busy(40);
    const settling = script.map((one, i) => (i === 20 ? { ...one, settles: true } : one));
    const seen = play([settling, []], 1_000_000);
    expect(seen.mostWaiting, 'and at once from then on').toBe(20);
    // Nobody else asks for anything, so the order in which they are answered is the same.
    expect(seen.harts).toEqual(play([script, []], 1).harts);
  });

  it('are all answered when the machine ends', () => {
    const { machine, waiting } = scripted(3, 1_000_000, (hart, its) => {
      addCycles(its.machine, hart, 5);
      if (hart === 2) its.machine.stop({ kind: 'finisher', code: 0n });
      else its.core.t_data(hartArea(hart), RAM + BigInt(hart * OWN_LINES + its.machine.instret(hart)) * 64n, DATA_LOAD);
    });
    machine.run(1e9, undefined);
    expect(machine.harts.map(waiting)).toEqual([0, 0, 0]);
    expect(machine.cycles(0)).toBeGreaterThan(REQUESTS_OF_TURN * 50);
  });
});
