/** What an instruction does besides computing, read off its semantics. */
import type { Insn } from '../isa/insn.js';
import type { Semantics } from '../isa/semantics.js';

/** How control leaves an instruction. */
export type Flow = 'sequential' | 'branch' | 'jump' | 'indirect' | 'system';

export interface InsnUse {
  readonly flow: Flow;
  readonly loads: boolean;
  readonly stores: boolean;
  readonly readsRs1: boolean;
  readonly readsRs2: boolean;
  readonly writesRd: boolean;
}

const known = new Map<Insn, InsnUse>();

export function useOf(row: Insn): InsnUse {
  let use = known.get(row);
  if (use === undefined) {
    use = read(row);
    known.set(row, use);
  }
  return use;
}

/** Evaluates the semantics with operations that only note their names. */
function read(row: Insn): InsnUse {
  const called = new Set<string>();
  const recorder = new Proxy({} as Semantics<null>, {
    get: (_, operation: string) => (): null => {
      called.add(operation);
      return null;
    },
  });
  row.semantics(recorder);
  const flow: Flow = called.has('branch')
    ? 'branch'
    : called.has('jump')
      ? 'jump'
      : called.has('jumpIndirect')
        ? 'indirect'
        : called.has('system')
          ? 'system'
          : 'sequential';
  return {
    flow,
    loads: called.has('load'),
    stores: called.has('store'),
    readsRs1: called.has('rs1'),
    readsRs2: called.has('rs2'),
    writesRd: called.has('setRd'),
  };
}
