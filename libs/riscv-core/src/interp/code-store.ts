/**
 * Fills predecoded records. The core owns the slots (which physical page has one, when it is dropped); this side decodes,
 * one record at a time, when the interpreter first meets it.
 */
import {
  CODE_SLOTS,
  CODE_SLOT_LINES,
  CODE_SLOT_PAGE,
  CODE_SLOT_RECORDS,
  CODE_SLOT_STRIDE,
  CODE_SLOTS_END,
  CROSS_BITS,
  CODE_RECORD_SIZE,
  CROSS_RECORD,
  HARTS,
  MAX_HARTS,
  HART_STRIDE,
  M_RAM_BASE,
  M_RAM_LINEAR,
  REC_COST,
  REC_IMM,
  REC_LEN,
  REC_OP,
  REC_RAW,
  REC_RD,
  REC_RS1,
  REC_RS2,
} from '../hart/layout.js';
import { Decoder, isCompressed, type DecodedInsn } from '../decode/decoder.js';
import { registerIndex, registerUse } from '../isa/insn.js';
import type { StaticCost } from '../timing/static-cost.js';
import { OP_CROSS, OP_ILLEGAL, OP_PAGE_END, OP_PROBE, opOf } from './ops.js';

const PAGE = 4096;
const SINK = 32;
const none: readonly DecodedInsn[] = [];
const mulDivClasses = new Set<string>(['mul', 'mulh', 'mulw', 'div', 'divw']);

/** What a record says of an instruction wherever it stands. */
interface RecordOf {
  /** As fetched, signed; a compressed instruction's are the low 16. */
  readonly bits: number;
  /** Undefined: illegal. */
  readonly insn: DecodedInsn | undefined;
  readonly op: number;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly length: 2 | 4;
  /** Cost in cycles; undefined: it depends on what follows. */
  readonly cost: number | undefined;
  /** REC_IMM is the slack that t_muldiv asks for, not an immediate. */
  readonly slack: boolean;
}

/** Records remembered by a hash of their bits: decoding is a fifth of a system's boot. */
const KNOWN_BITS = 16;

/** A watched label: the real op of the record it replaced. */
export type ProbeFilter = (pageOffset: number) => boolean;

export class CodeStore {
  private readonly view: DataView;
  private watched: ProbeFilter = () => false;
  private readonly known: (RecordOf | undefined)[] = Array.from({ length: 1 << KNOWN_BITS }, () => undefined);

  constructor(
    memory: WebAssembly.Memory,
    private readonly decoder: Decoder,
    private readonly staticCost: StaticCost | undefined,
  ) {
    this.view = new DataView(memory.buffer);
    for (let i = 0; i < MAX_HARTS; i++) this.writeSentinel(HARTS + i * HART_STRIDE + CROSS_RECORD + 4 * 8);
  }

  /** Labels to report; applies to records decoded from now on, so set it before the machine runs. */
  watch(filter: ProbeFilter): void {
    this.watched = filter;
  }

  /** Import `env.decode(h, rec, pc)`: fills the record at `rec`. */
  decode(h: number, rec: number): void {
    if (rec < CODE_SLOTS || rec >= CODE_SLOTS_END) {
      this.decodeCrossing(h, rec);
      return;
    }
    const slot = CODE_SLOTS + Math.floor((rec - CODE_SLOTS) / CODE_SLOT_STRIDE) * CODE_SLOT_STRIDE;
    const offset = ((rec - slot) / CODE_RECORD_SIZE) * 2;
    this.writeSentinel(slot + CODE_SLOT_RECORDS * CODE_RECORD_SIZE);
    const page = this.linearOfPage(slot);
    const first = this.parcel(page, offset);
    if (!isCompressed(first) && offset === PAGE - 2) {
      this.view.setUint16(rec + REC_OP, OP_CROSS, true);
      this.dependsOn(slot, offset, 2);
      return;
    }
    const known = this.recordOf(this.rawAt(page, offset));
    const end = offset + known.length;
    const { successors, lookedTo } =
      known.insn && this.staticCost ? this.successors(page, end) : { successors: none, lookedTo: end };
    this.dependsOn(slot, offset, lookedTo - offset);
    this.write(rec, known, successors, this.watched(offset));
  }

  /** The real op of a probed record. */
  realOp(rec: number): number {
    return this.recordOf(this.view.getUint32(rec + REC_RAW, true)).op;
  }

  /** An instruction straddling two pages: its bits are in CROSS_BITS of the hart area. It is charged as if nothing followed. */
  private decodeCrossing(h: number, rec: number): void {
    const known = this.recordOf(this.view.getUint32(h + CROSS_BITS, true));
    this.write(rec, known, none, this.watched(PAGE - 2));
  }

  private write(rec: number, known: RecordOf, successors: readonly DecodedInsn[], probed: boolean): void {
    const { view, staticCost } = this;
    const { insn } = known;
    view.setUint8(rec + REC_RD, known.rd);
    view.setUint8(rec + REC_RS1, known.rs1);
    view.setUint8(rec + REC_RS2, known.rs2);
    view.setUint8(rec + REC_LEN, known.length);
    view.setUint16(rec + REC_COST, known.cost ?? staticCost!.cost(insn!, successors), true);
    view.setInt32(rec + REC_IMM, known.slack ? staticCost!.slack(insn!, successors) : (insn?.imm ?? 0), true);
    view.setUint32(rec + REC_RAW, known.bits, true);
    view.setUint16(rec + REC_OP, probed ? OP_PROBE : known.op, true);
  }

  private recordOf(raw: number): RecordOf {
    const bits = isCompressed(raw) ? raw & 0xffff : raw | 0;
    const at = Math.imul(bits, 0x9e37_79b1) >>> (32 - KNOWN_BITS);
    const known = this.known[at];
    if (known !== undefined && known.bits === bits) return known;
    return (this.known[at] = this.makeRecord(bits));
  }

  private makeRecord(bits: number): RecordOf {
    const insn = this.decoder.decode(bits);
    const length = isCompressed(bits) ? 2 : 4;
    if (insn === undefined) {
      return { bits, insn, op: OP_ILLEGAL, rd: SINK, rs1: 0, rs2: 0, length, cost: 1, slack: false };
    }
    const use = registerUse[insn.insn.format];
    return {
      bits,
      insn,
      op: opOf(insn.insn),
      rd: registerIndex(use.rd, insn.rd) || SINK,
      rs1: registerIndex(use.rs1, insn.rs1),
      rs2: registerIndex(use.rs2, insn.rs2),
      length,
      cost: this.staticCost === undefined ? 1 : this.staticCost.fixed(insn),
      slack: this.staticCost !== undefined && mulDivClasses.has(insn.insn.latency),
    };
  }

  private successors(page: number, from: number): { successors: DecodedInsn[]; lookedTo: number } {
    const successors: DecodedInsn[] = [];
    let at = from;
    while (successors.length < this.staticCost!.lookahead && at < PAGE) {
      const next = this.decodeAt(page, at);
      if (next === undefined) break;
      successors.push(next);
      at += next.length;
    }
    // The bytes that stopped the search matter too: 4 more at most.
    return { successors, lookedTo: Math.min(at + 4, PAGE) };
  }

  /** Undefined: illegal, or it does not end inside the page. */
  private decodeAt(page: number, offset: number): DecodedInsn | undefined {
    const first = this.parcel(page, offset);
    if (!isCompressed(first) && offset === PAGE - 2) return undefined;
    return this.recordOf(this.rawAt(page, offset)).insn;
  }

  private rawAt(page: number, offset: number): number {
    const first = this.parcel(page, offset);
    return isCompressed(first) ? first : (first | (this.parcel(page, offset + 2) << 16)) >>> 0;
  }

  private parcel(page: number, offset: number): number {
    return this.view.getUint16(page + offset, true);
  }

  private linearOfPage(slot: number): number {
    const physical = this.view.getBigUint64(slot + CODE_SLOT_PAGE, true);
    return this.view.getUint32(M_RAM_LINEAR, true) + Number(physical - this.view.getBigUint64(M_RAM_BASE, true));
  }

  /** Marks the 64-byte lines that a record was decoded from: a store into one drops the slot. */
  private dependsOn(slot: number, offset: number, bytes: number): void {
    let lines = this.view.getBigUint64(slot + CODE_SLOT_LINES, true);
    for (let lineNumber = offset >> 6; lineNumber <= (offset + bytes - 1) >> 6; lineNumber++)
      lines |= 1n << BigInt(lineNumber);
    this.view.setBigUint64(slot + CODE_SLOT_LINES, lines, true);
  }

  private writeSentinel(rec: number): void {
    this.view.setUint16(rec + REC_OP, OP_PAGE_END, true);
  }
}
