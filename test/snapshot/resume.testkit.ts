/** A machine saved in the middle of a program, in a machine made from that file, against one that was never stopped. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect } from 'vitest';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import {
  buildMachine,
  type BuiltMachine,
  type ConsolePorts,
  type NamedBytes,
} from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { makeElf } from '../../libs/riscv-core/src/machine/elf.testkit.js';
import type { Machine, RunState } from '../../libs/riscv-core/src/machine/machine.js';
import type { Compression } from '../../libs/riscv-core/src/snapshot/pages.js';
import { readSnapshot, takeSnapshot, type PeerMaker } from '../../libs/riscv-core/src/snapshot/snapshot.js';
import { engineOf, type Subject } from '../differential/subjects.js';

export const zlib: Compression = {
  compress: (bytes) => deflateRawSync(bytes, { level: 1 }),
  decompress: (bytes, size) => inflateRawSync(bytes, { maxOutputLength: size }),
};

export function save(built: BuiltMachine, name = 'saved'): NamedBytes {
  return { name, bytes: Buffer.concat(takeSnapshot(built, zlib)) };
}

/** Makes the machine of a program, ready to run; nothing but what it writes to its console may leave it. */
export type Make = (subject: Subject, ports: ConsolePorts) => BuiltMachine;

/** Makes machines of 2 MiB with the program `source`; `input` waits at their console. */
export function maker(source: string, options: () => MachineOptions, input = ''): Make {
  const { base, bytes, symbols } = assemble(source, 0x8000_0000n);
  const elf = makeElf({ entry: base, segments: [{ base, data: bytes }], symbols: Object.fromEntries(symbols) });
  return (subject, ports) => {
    const config = resolveConfig({ memoryBytes: 2 << 20, ...options() });
    const built = buildMachine(config, { elf: { name: 'elf', bytes: elf } }, engineOf(subject), ports);
    built.machine.receive(Buffer.from(input));
    return built;
  };
}

export interface Outcome {
  readonly state: RunState;
  readonly harts: readonly { readonly cycles: number; readonly instret: number; readonly slept: number }[];
  readonly traps: readonly (readonly number[])[];
  readonly hash: string;
  readonly disk: string;
  readonly console: string;
}

const SLICE = 100_000;

function finish(machine: Machine, limit: number, text: () => string): Outcome {
  let state = machine.run(SLICE, limit);
  while (state.kind === 'running') state = machine.run(SLICE, limit);
  const { harts } = machine;
  return {
    state,
    harts: harts.map((hart) => ({
      cycles: machine.cycles(hart),
      instret: machine.instret(hart),
      slept: machine.slept(hart),
    })),
    traps: harts.map((hart) => machine.traps(hart)),
    hash: machine.stateHash(),
    disk: Buffer.from(machine.config.block?.image ?? []).toString('base64'),
    console: text(),
  };
}

function collector(before = ''): { ports: ConsolePorts; text: () => string } {
  let text = before;
  return { ports: { write: (bytes) => void (text += Buffer.from(bytes).toString('latin1')) }, text: () => text };
}

/** Runs the program once through. */
export function straight(make: Make, subject: Subject, limit: number): Outcome {
  const { ports, text } = collector();
  return finish(make(subject, ports).machine, limit, text);
}

/**
 * Saves the program at every one of `points` (fractions of its time), goes on with the machine that was saved, and with two more made from
 * the file on the engines `to`: all must end as `expected`.
 */
export function expectResumes(
  make: Make,
  from: Subject,
  to: readonly Subject[],
  points: readonly number[],
  limit: number,
  makePeer: PeerMaker = () => undefined,
): Outcome {
  const expected = straight(make, from, limit);
  const end = Math.max(...expected.harts.map(({ cycles }) => cycles));
  for (const point of points) {
    const { ports, text } = collector();
    const built = make(from, ports);
    const until = Math.floor(end * point);
    let state: RunState = { kind: 'running' };
    while (state.kind === 'running' && built.machine.time() < until)
      state = built.machine.run(SLICE, limit, false, until);
    if (state.kind !== 'running') throw new Error(`the program had ended (${state.kind}) before cycle ${until}`);
    const file = save(built);
    const soFar = text();
    expect(finish(built.machine, limit, text), `saved at cycle ${until}, gone on`).toEqual(expected);
    for (const subject of to) {
      const out = collector(soFar);
      const restored = readSnapshot(file, zlib).restore(engineOf(subject), out.ports, makePeer);
      const outcome = finish(restored.machine, limit, out.text);
      expect(outcome, `saved at cycle ${until} of ${from}, resumed by ${subject}`).toEqual(expected);
    }
  }
  return expected;
}
