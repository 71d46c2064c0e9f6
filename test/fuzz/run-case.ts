/** Runs a hostile program on the engines: it must come to a defined end, the same on all of them, and leave the machine whole. */
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { engineOf, subjects, type Subject } from '../differential/subjects.js';
import { RAM, type FuzzCase } from './cases.js';

/** Instructions, and traps in a row: enough for what a program does, little enough for the reference engine. */
const LIMIT = 6000;

interface Ending {
  readonly kind: string;
  readonly code: string;
  readonly instret: number;
  readonly cycles: number;
  readonly hash: string;
}

function build({ options, image }: FuzzCase, subject: Subject): Machine {
  const raw = [{ name: 'hostile program', bytes: image, address: RAM }];
  return buildMachine(resolveConfig(options()), { raw, entry: RAM }, engineOf(subject), { write: () => undefined })
    .machine;
}

/** What no guest may change: the machine's options and the table of its registers. */
function walls(machine: Machine): string {
  const { buffer } = machine.memory.memory;
  const options = new BigUint64Array(buffer, L.MACHINE, 8);
  const table = new BigUint64Array(buffer, L.CSR_TABLE, (4096 * L.CSR_DESC_SIZE) / 8);
  const sum = (words: BigUint64Array): bigint =>
    words.reduce((all, word) => BigInt.asUintN(64, all * 0x100_0000_01b3n + word), 0n);
  return `${sum(options)} ${sum(table)}`;
}

/** In one piece, or in slices of so many instructions: a guest must not be able to tell. */
function runOn(fuzzCase: FuzzCase, subject: Subject, slice: number): Ending {
  const machine = build(fuzzCase, subject);
  const before = walls(machine);
  let state = machine.run(slice, LIMIT);
  while (state.kind === 'running') state = machine.run(slice, LIMIT);
  if (walls(machine) !== before) throw new Error(`${subject}: the guest changed the machine itself`);
  const code = 'code' in state ? String(state.code) : '';
  const hash = machine.stateHash();
  return { kind: state.kind, code, instret: machine.totalInstret(), cycles: machine.totalCycles(), hash };
}

const show = ({ kind, code, instret, cycles, hash }: Ending): string =>
  `${kind} ${code}, ${instret} instructions, ${cycles} cycles, state ${hash.slice(0, 12)}`;

/** Throws an error that tells what differs. Returns how the program ended. */
export function runCase(fuzzCase: FuzzCase): string {
  const endings = subjects.map((subject) => ({ subject, ending: runOn(fuzzCase, subject, LIMIT) }));
  const [first] = endings;
  for (const { subject, ending } of endings) {
    if (fuzzCase.comparable && show(ending) !== show(first!.ending))
      throw new Error(`${first!.subject}: ${show(first!.ending)}\n  ${subject}: ${show(ending)}`);
    if (subject === 'reference') continue;
    const again = runOn(fuzzCase, subject, 700);
    if (show(again) !== show(ending)) throw new Error(`${subject}: ${show(ending)}\n  in slices: ${show(again)}`);
  }
  return first!.ending.kind;
}
