/**
 * What every hart retires, a line each, in the format of Spike's `--log-commits`:
 *
 *   core   0: 3 0x0000000080000004 (0x00053503) x10 0x0000000000000001 mem 0x0000000080001000
 *
 * hart, privilege, pc, bits, then registers and CSRs written in the order of their numbers, addresses read, addresses and values
 * written. An instruction that traps is not there, nor what a trap writes. What differs from Spike: registers of its other
 * extensions (mvip beside sip); values of CSRs are those that the next instruction finds, behind an interrupt taken in between, and
 * of counters those that have counted on.
 */
import { Decoder, type DecodedInsn } from '../decode/decoder.js';
import { registerUse } from '../isa/insn.js';
import { extensionNames } from '../machine/config.js';
import type { Machine } from '../machine/machine.js';
import { CsrEffects } from './csr-effects.js';
import { effectsOf, hexOf, type Effects } from './effects.js';
import { Inspector } from './inspector.js';
import { RetiredLog } from './retired-log.js';

interface Begun {
  readonly insn: DecodedInsn;
  readonly pc: bigint;
  readonly prv: number;
  readonly effects: Effects;
  readonly csrs: CsrEffects;
}

/** Kinds of registers in the order in which Spike sorts those of one number. */
const kinds = ['x', 'f', 'c'] as const;

interface Write {
  readonly kind: (typeof kinds)[number];
  readonly number: number;
  /** Behind a CSR's number. */
  readonly name?: string;
  readonly value: bigint;
}

export class CommitLog extends RetiredLog<Begun> {
  private readonly inspector: Inspector;
  private readonly decoder: Decoder;

  constructor(
    machine: Machine,
    private readonly write: (line: string) => void,
  ) {
    super(machine);
    this.inspector = new Inspector(machine);
    this.decoder = new Decoder(extensionNames(machine.config));
  }

  protected look(hart: number, pc: bigint, raw: number): Begun | undefined {
    const insn = this.decoder.decode(raw);
    if (insn === undefined) return undefined;
    const effects = effectsOf(this.inspector, hart, insn);
    const { prv } = this.inspector.mode(hart);
    return { insn, pc, prv, effects, csrs: new CsrEffects(this.inspector, hart, insn, effects.csr) };
  }

  protected retired(hart: number, begun: Begun): void {
    this.write(this.line(hart, begun));
  }

  private line(hart: number, begun: Begun): string {
    const { insn, pc, prv, effects } = begun;
    const bits = hexOf(insn.length, BigInt(insn.length === 2 ? insn.raw & 0xffff : insn.raw >>> 0));
    let text = `core${String(hart).padStart(4)}: ${prv} ${hexOf(8, pc)} (${bits})`;
    for (const { kind, number, name, value } of this.writes(hart, begun))
      text += ` ${kind}${name === undefined ? String(number).padEnd(2) : `${number}_${name}`} ${hexOf(8, value)}`;
    if (effects.load !== undefined) text += ` mem ${hexOf(8, effects.load.address)}`;
    const { store } = effects;
    const stored = store !== undefined && !(effects.conditional && this.inspector.x(hart, insn.rd) !== 0n);
    if (stored) {
      text += ` mem ${hexOf(8, store.address)}`;
      if (store.value !== undefined) text += ` ${hexOf(store.size, store.value)}`;
    }
    return text;
  }

  /** Registers written, sorted by number. */
  private writes(hart: number, { insn, csrs }: Begun): Write[] {
    const found: Write[] = [];
    const { rd } = registerUse[insn.insn.format];
    if (rd === 'x' && insn.rd !== 0) found.push({ kind: rd, number: insn.rd, value: this.inspector.x(hart, insn.rd) });
    if (rd === 'f') found.push({ kind: rd, number: insn.rd, value: this.inspector.f(hart, insn.rd) });
    for (const { number, name } of csrs.rows())
      found.push({ kind: 'c', number, name, value: this.inspector.csr(hart, number) ?? 0n });
    const place = ({ kind, number }: Write): number => number * kinds.length + kinds.indexOf(kind);
    return found.sort((a, b) => place(a) - place(b));
  }
}
