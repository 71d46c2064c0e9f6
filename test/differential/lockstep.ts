/** Runs one program on every engine and compares everything that can be seen, at many points on the way. */
import * as S from '../../libs/riscv-core/src/hart/csr-slots.js';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { registerNames } from '../../libs/riscv-core/src/isa/registers.js';
import { SHARED_TIMING, hartTiming } from '../../libs/riscv-core/src/timing/state.js';
import { RAM_BYTES } from './program-map.js';
import type { RandomProgram } from './random-program.js';
import { engineOf, subjects, type Subject } from './subjects.js';

const ENTRY = 0x8000_0000n;

/** Names of the 64-bit words of a hart that are compared one by one, so that a difference can be told. */
const csrNames = new Map(
  Object.entries<number>(S)
    .filter(([name]) => name !== 'CSR_STORAGE_END')
    .map(([name, offset]) => [offset, name.slice(4).toLowerCase()] as const),
);

function build(program: RandomProgram, subject: Subject, options: MachineOptions): Machine {
  const raw = [{ name: 'random program', bytes: program.image, address: ENTRY }];
  const config = resolveConfig({ memoryBytes: RAM_BYTES, ...options });
  const { machine } = buildMachine(config, { raw, entry: ENTRY }, engineOf(subject), { write: () => undefined });
  for (const [address, value] of program.words) machine.ram.setU64(address, value);
  return machine;
}

/** Everything of every hart that is not RAM, as text lines. */
function snapshot(machine: Machine): Map<string, string> {
  const lines = new Map<string, string>();
  const { memory } = machine;
  for (let hart = 0; hart < machine.config.harts; hart++) {
    const area = L.HARTS + hart * L.HART_STRIDE;
    const word = (name: string, offset: number): void =>
      void lines.set(`hart ${hart} ${name}`, memory.u64(area + offset).toString(16));
    registerNames.forEach((name, i) => word(name, L.X + 8 * i));
    word('pc', L.PC);
    word('instret', L.INSTRET);
    word('cycle', L.CYCLE);
    word('slept', L.SLEPT);
    lines.set(
      `hart ${hart} mode`,
      `prv ${memory.u32(area + L.PRV)} v ${memory.u32(area + L.V)} wfi ${memory.u32(area + L.WFI)}`,
    );
    for (let slot = L.CSRS; slot < S.CSR_STORAGE_END; slot += 8) word(csrNames.get(slot) ?? `csr slot ${slot}`, slot);
    for (let i = 0; i < L.EVENT_BANKS * L.EVENT_BANK_SIZE; i += 8) word(`event count ${i / 8}`, L.EVENT_COUNTS + i);
    for (let i = 0; i < L.TRAP_COUNTS_SIZE; i += 8) word(`trap count ${i / 8}`, L.TRAP_COUNTS + i);
  }
  return lines;
}

function differences(a: Map<string, string>, b: Map<string, string>): string[] {
  return [...a]
    .filter(([name, value]) => b.get(name) !== value)
    .map(([name, value]) => `${name}: ${value} / ${b.get(name) ?? ''}`);
}

export interface LockstepResult {
  readonly instructions: number;
  /** Traps of hart 0 by [from V][to HU, HS, VS, M][cause, or 64 + interrupt]. */
  readonly traps: readonly number[];
  /** How the program ended. */
  readonly end: string;
}

/** Runs a random program on every engine: {@link compareMachines}. */
export function lockstep(program: RandomProgram, options: MachineOptions, limit: number, step: number): LockstepResult {
  return compareMachines((subject) => build(program, subject, options), limit, step);
}

/** Between two stops only registers are compared; every so many, and at the end, the hash of the whole state too. */
const STOPS_PER_HASH = 16;

/**
 * Runs the machine that `make` gives for each engine, and stops them every `step` instructions. Throws an error that lists
 * what differs between the engines at the first stop where something does.
 */
export function compareMachines(make: (subject: Subject) => Machine, limit: number, step: number): LockstepResult {
  const [one, ...others] = subjects.map((subject) => ({ subject, machine: make(subject) }));
  if (one === undefined || others.length === 0) throw new Error('two engines are needed');
  let before = 'the start';
  for (let done = 0, stop = 0; ; stop++) {
    const end = advance(one.machine, step);
    const registers = snapshot(one.machine);
    const hashed = stop % STOPS_PER_HASH === 0 || end !== 'limit' || one.machine.totalInstret() >= limit;
    for (const { subject, machine } of others) {
      const otherEnd = advance(machine, step);
      const found = differences(registers, snapshot(machine));
      if (end !== otherEnd) found.unshift(`end: ${end} / ${otherEnd}`);
      if (found.length === 0 && hashed) found.push(...stateDifferences(one.machine, machine));
      if (found.length === 0) continue;
      const list = found.slice(0, 24).join('\n  ');
      throw new Error(`${one.subject} / ${subject} differ after ${done} instructions, behind ${before}:\n  ${list}`);
    }
    done = one.machine.totalInstret();
    before = `pc ${registers.get('hart 0 pc')} (${registers.get('hart 0 mode')})`;
    if (end !== 'limit' || done >= limit) return { instructions: done, traps: one.machine.traps(0), end };
  }
}

/** Runs `step` instructions; how it ended. */
function advance(machine: Machine, step: number): string {
  const state = machine.run(step, machine.totalSteps() + step);
  return state.kind === 'finisher' ? `finisher ${state.code}` : state.kind;
}

function stateDifferences(one: Machine, other: Machine): string[] {
  return one.stateHash() === other.stateHash() ? [] : memoryDifferences(one, other);
}

function memoryDifferences(a: Machine, b: Machine): string[] {
  const found: string[] = [];
  const compare = (what: string, from: number, size: number): void => {
    for (let at = from; at < from + size && found.length < 8; at += 8) {
      const [x, y] = [a.memory.u64(at), b.memory.u64(at)];
      if (x !== y) found.push(`${what} + 0x${(at - from).toString(16)}: ${x.toString(16)} / ${y.toString(16)}`);
    }
  };
  compare('ram', L.RAM_LINEAR, a.ram.size);
  compare('timing state', ...SHARED_TIMING);
  for (let hart = 0; hart < a.memory.u32(L.M_HARTS); hart++)
    compare(`timing state of hart ${hart}`, ...hartTiming(hart));
  compare('machine block', L.M_MSIP, L.MACHINE_END - L.M_MSIP);
  return found.length > 0 ? found : ['the state hash, by what devices remember'];
}
