import { expect, test } from 'vitest';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { PASS } from '../isa/program.js';
import { compareMachines } from './lockstep.js';
import { engineOf, type Subject } from './subjects.js';

const BASE = 0x8000_0000n;

/** Two machines that are not the same: whatever the program shows of the difference must be noticed. */
function compare(
  source: string,
  optionsOf: (engine: Subject) => MachineOptions,
  tweak: (engine: Subject, machine: Machine) => void = () => undefined,
): void {
  const image = assemble(source + PASS, BASE).bytes;
  const make = (engine: Subject): Machine => {
    const raw = [{ name: 'program', bytes: image, address: BASE }];
    const config = resolveConfig({ memoryBytes: 1 << 20, ...optionsOf(engine) });
    const { machine } = buildMachine(config, { raw, entry: BASE }, engineOf(engine), { write: () => undefined });
    tweak(engine, machine);
    return machine;
  };
  compareMachines(make, 1000, 1);
}

test('equal machines are found equal', () => {
  expect(() => compare('nop', () => ({}))).not.toThrow();
});

test('a different register is found and named', () => {
  const withH = (engine: Subject): MachineOptions => ({ isa: engine === 'reference' ? 'rv64gc' : 'rv64gch' });
  expect(() => compare('csrr s3, misa', withH)).toThrow(/hart 0 s3: /);
});

test('a different clock is found and named', () => {
  const slower = (engine: Subject): MachineOptions => ({ timing: engine === 'reference' ? 'rocket' : 'none' });
  expect(() => compare('nop', slower)).toThrow(/hart 0 cycle: /);
});

test('a different word of memory is found and named', () => {
  const tweak = (engine: Subject, machine: Machine): void =>
    machine.ram.setU64(BASE + 0x8_0000n, engine === 'reference' ? 1n : 2n);
  expect(() => compare('nop', () => ({}), tweak)).toThrow(/ram \+ 0x80000: /);
});
