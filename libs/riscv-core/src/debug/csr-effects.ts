/**
 * Which control and status registers an instruction writes, under the names that Spike's commit log has for them: a register that is a
 * view of others is logged as those (sstatus as mstatus, sie as mie, fcsr as fflags and frm), a guest's supervisor registers as vs*.
 */
import type { DecodedInsn } from '../decode/decoder.js';
import type { Csr } from '../isa/csrs.js';
import * as K from '../isa/csr-kinds.js';
import type { Insn } from '../isa/insn.js';
import type { Semantics } from '../isa/semantics.js';
import { FS } from '../reference/mstatus.js';
import type { Inspector } from './inspector.js';

const FFLAGS = 0x001;
const FRM = 0x002;
const VSSTATUS = 0x200;
const MSTATUS = 0x300;
const MIE = 0x304;
const MIP = 0x344;
const HSTATUS = 0x600;
const HVIP = 0x645;

/** Views by CSRK_*, and what is behind them. */
const behind: ReadonlyMap<number, readonly number[]> = new Map([
  [K.CSRK_SSTATUS, [MSTATUS]],
  [K.CSRK_SIE, [MIE]],
  [K.CSRK_VSIE, [MIE]],
  [K.CSRK_HIE, [MIE]],
  [K.CSRK_SIP, [MIP]],
  [K.CSRK_VSIP, [MIP]],
  [K.CSRK_HIP, [MIP]],
  [K.CSRK_HVIP, [MIP, HVIP]],
  [K.CSRK_FCSR, [FFLAGS, FRM]],
  // What is written there is lost.
  [K.CSRK_CONSTANT, []],
]);

/** Whose FS field may become dirty. */
const statusRegisters = [MSTATUS, VSSTATUS];

/** Taken before an instruction, asked behind it. */
export class CsrEffects {
  private readonly written: readonly number[];
  /** FS of the status registers. */
  private readonly float: ReadonlyMap<number, bigint>;

  constructor(
    private readonly inspector: Inspector,
    private readonly hart: number,
    insn: DecodedInsn,
    /** Number in a CSR instruction that writes. */
    named: number | undefined,
  ) {
    const row = named === undefined ? undefined : inspector.csrNamed(hart, named);
    this.written = row === undefined ? this.implied(insn) : registersBehind(row);
    this.float = new Map(statusRegisters.map((number) => [number, this.floatState(number)]));
  }

  /** Rows of what was written, the status registers too where floating point became dirty; ascending by number. */
  rows(): Csr[] {
    const dirtied = statusRegisters.filter((number) => this.floatState(number) !== this.float.get(number));
    const numbers = [...new Set([...this.written, ...dirtied])].sort((a, b) => a - b);
    return numbers.map((number) => this.inspector.csrs.get(number)).filter((row) => row !== undefined);
  }

  private floatState(number: number): bigint {
    return (this.inspector.csr(this.hart, number) ?? 0n) & FS;
  }

  private implied(insn: DecodedInsn): readonly number[] {
    switch (insn.insn.name) {
      case 'mret':
        return [MSTATUS];
      case 'sret':
        return this.inspector.mode(this.hart).v ? [VSSTATUS] : [MSTATUS, HSTATUS];
      default: {
        const op = floatOperation(insn.insn);
        // Raised again counts: the flags may have been set before.
        return op !== undefined && this.inspector.raisedFlags(this.hart, insn, op) !== 0 ? [FFLAGS] : [];
      }
    }
  }
}

function registersBehind(row: Csr): readonly number[] {
  return behind.get(row.kind) ?? [row.number];
}

const floatOperations = new Map<string, number | undefined>();

/** FLOAT_* of a row that computes with floating point. Asked of its semantics, the only place where it stands. */
function floatOperation(row: Insn): number | undefined {
  if (row.extension !== 'f' && row.extension !== 'd') return undefined;
  if (!floatOperations.has(row.name)) {
    let found: number | undefined;
    const deaf = new Proxy(
      {},
      {
        get: (_, method) => (method === 'float' ? (op: number): void => void (found = op) : (): undefined => undefined),
      },
    );
    row.semantics(deaf as Semantics<undefined>);
    floatOperations.set(row.name, found);
  }
  return floatOperations.get(row.name);
}
