/** Instructions of a page, read through its predecoded records, so that a store into what was read drops what was made of it. */
import type { Decoder } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import type { CodeStore } from '../interp/code-store.js';
import { FIRST_INSN_OP, OP_DECODE, OP_REGION } from '../interp/ops.js';
import { useOf } from './flow.js';
import type { CodeInsn } from './region.js';

export class CodeReaderOfSlot {
  private readonly view: DataView;

  constructor(
    memory: WebAssembly.Memory,
    private readonly store: CodeStore,
    private readonly decoder: Decoder,
    private readonly slot: number,
  ) {
    this.view = new DataView(memory.buffer);
  }

  offsetOf(rec: number): number {
    return ((rec - this.slot) / L.CODE_RECORD_SIZE) * 2;
  }

  /** Undefined: a probe, an illegal instruction, or one that straddles the page's end. */
  read(offset: number): CodeInsn | undefined {
    const rec = this.slot + (offset / 2) * L.CODE_RECORD_SIZE;
    let operation = this.view.getUint16(rec + L.REC_OP, true);
    if (operation === OP_DECODE) {
      this.store.decode(0, rec);
      operation = this.view.getUint16(rec + L.REC_OP, true);
    }
    if (operation < FIRST_INSN_OP && operation !== OP_REGION) return undefined;
    const decoded = this.decoder.decode(this.view.getUint32(rec + L.REC_RAW, true));
    if (decoded === undefined) return undefined;
    return {
      offset,
      decoded,
      use: useOf(decoded.insn),
      rec,
      cost: this.view.getUint16(rec + L.REC_COST, true),
      slack: this.view.getInt32(rec + L.REC_IMM, true),
    };
  }
}
