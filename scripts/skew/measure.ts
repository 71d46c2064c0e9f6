/** Cycles of the harts of a program with turns of some length Q, against those with turns of one cycle (docs/timing-model.md, "Harts"). */
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import type { SkewProgram } from './programs.js';

const ENTRY = 0x8000_0000n;
const LIMIT = 20_000_000;

export interface Skew {
  readonly quantum: number;
  /** Of each hart. */
  readonly cycles: readonly number[];
  /** Percent by which all harts together, and each hart, differ from turns of one cycle. */
  readonly sum: number;
  readonly harts: readonly number[];
}

/** What each hart took for its part. `seed`: start of the caches' random replacement, 1 by default; it decides nothing but luck. */
export function hartCycles({ source, harts }: SkewProgram, quantum: number, seed = 1): number[] {
  const { bytes, symbols } = assemble(source, ENTRY);
  const set = Object.fromEntries(['l1i', 'l1d', 'l2', 'llc'].map((part) => [`${part}.seed`, seed]));
  const options: MachineOptions = { machine: 'firesim', timing: 'rocket', memoryBytes: 64 << 20, harts, quantum, set };
  const raw = [{ name: 'program', bytes, address: ENTRY }];
  const { machine } = buildMachine(resolveConfig(options), { raw, entry: ENTRY }, engineFactory('jit'), {
    write: () => undefined,
  });
  const state = machine.run(LIMIT, LIMIT);
  if (state.kind !== 'finisher' || state.code !== 0n) throw new Error(`skew: ended by ${state.kind}`);
  const at = symbols.get('figures')!;
  return Array.from({ length: harts }, (_, hart) => Number(machine.ram.u64(at + BigInt(8 * hart))));
}

/** `reference`: the cycles with turns of one cycle, of the same seed. */
export function skewOf(reference: readonly number[], cycles: readonly number[], quantum: number): Skew {
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const percent = (now: number, then: number): number => 100 * (now / then - 1);
  return {
    quantum,
    cycles,
    sum: percent(total(cycles), total(reference)),
    harts: cycles.map((value, hart) => percent(value, reference[hart]!)),
  };
}
