/**
 * What every hart retires, a line each, in the format of Spike's `--log-commits`:
 *
 *   core   0: 3 0x0000000080000004 (0x00053503) x10 0x0000000000000001 mem 0x0000000080001000
 *
 * hart, privilege, pc, bits, then registers and CSRs written, addresses read, addresses and values written. An instruction that traps is
 * not there. Of CSRs only those that a CSR instruction names; changes that follow from it (fflags, a trap's registers) are not listed.
 */
import { Decoder, type DecodedInsn } from '../decode/decoder.js';
import { registerUse } from '../isa/insn.js';
import { extensionNames } from '../machine/config.js';
import type { InstructionObserver, Machine } from '../machine/machine.js';
import { effectsOf, type Effects } from './effects.js';
import { Inspector } from './inspector.js';

interface Begun {
  readonly insn: DecodedInsn;
  readonly pc: bigint;
  readonly prv: number;
  readonly instret: number;
  readonly effects: Effects;
}

export class CommitLog implements InstructionObserver {
  private readonly inspector: Inspector;
  private readonly decoder: Decoder;
  private readonly begun = new Map<number, Begun>();

  constructor(
    private readonly machine: Machine,
    private readonly write: (line: string) => void,
  ) {
    this.inspector = new Inspector(machine);
    this.decoder = new Decoder(extensionNames(machine.config));
  }

  before(hart: number, pc: bigint, raw: number): boolean {
    this.finish(hart);
    const insn = this.decoder.decode(raw);
    if (insn !== undefined) {
      const effects = effectsOf(this.inspector, hart, insn);
      const { prv } = this.inspector.mode(hart);
      this.begun.set(hart, { insn, pc, prv, instret: this.machine.instret(hart), effects });
    }
    return false;
  }

  /** The machine has ended: what was begun last. */
  end(): void {
    for (const hart of this.machine.harts) this.finish(hart);
  }

  private finish(hart: number): void {
    const begun = this.begun.get(hart);
    if (begun === undefined) return;
    this.begun.delete(hart);
    // Otherwise it trapped.
    if (this.machine.instret(hart) > begun.instret) this.write(this.line(hart, begun));
  }

  private line(hart: number, { insn, pc, prv, effects }: Begun): string {
    const bits = hexOf(insn.length, BigInt(insn.length === 2 ? insn.raw & 0xffff : insn.raw >>> 0));
    let text = `core${String(hart).padStart(4)}: ${prv} ${hexOf(8, pc)} (${bits})`;
    const { rd } = registerUse[insn.insn.format];
    if (rd === 'x' && insn.rd !== 0)
      text += ` x${String(insn.rd).padEnd(2)} ${hexOf(8, this.inspector.x(hart, insn.rd))}`;
    if (rd === 'f') text += ` f${String(insn.rd).padEnd(2)} ${hexOf(8, this.inspector.f(hart, insn.rd))}`;
    if (effects.csr !== undefined) {
      const value = this.inspector.csr(hart, effects.csr);
      const name = this.inspector.csrs.get(effects.csr)?.name;
      if (value !== undefined) text += ` c${effects.csr}_${name} ${hexOf(8, value)}`;
    }
    if (effects.load !== undefined) text += ` mem ${hexOf(8, effects.load.address)}`;
    const { store } = effects;
    const stored = store !== undefined && !(effects.conditional && this.inspector.x(hart, insn.rd) !== 0n);
    if (stored) {
      text += ` mem ${hexOf(8, store.address)}`;
      if (store.value !== undefined) text += ` ${hexOf(store.size, store.value)}`;
    }
    return text;
  }
}

/** `size` bytes as hexadecimal digits. */
function hexOf(size: number, value: bigint): string {
  return `0x${value.toString(16).padStart(2 * size, '0')}`;
}
