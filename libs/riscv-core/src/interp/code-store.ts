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
const mulDivClasses = new Set<string>(['mul', 'mulh', 'mulw', 'div', 'divw']);

/** A watched label: the real op of the record it replaced. */
export type ProbeFilter = (pageOffset: number) => boolean;

export class CodeStore {
  private readonly view: DataView;
  private watched: ProbeFilter = () => false;
  /** By the bits of the instruction: a probed one is asked for at each execution. */
  private readonly realOps = new Map<number, number>();

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
    const insn = this.decodeAt(page, offset);
    const end = offset + (isCompressed(first) ? 2 : 4);
    const { successors, lookedTo } =
      insn && this.staticCost ? this.successors(page, end) : { successors: [], lookedTo: end };
    this.dependsOn(slot, offset, lookedTo - offset);
    this.write(rec, insn, this.rawAt(page, offset), successors, this.watched(offset));
  }

  /** The real op of a probed record. */
  realOp(rec: number): number {
    const raw = this.view.getUint32(rec + REC_RAW, true);
    let op = this.realOps.get(raw);
    if (op === undefined) {
      const insn = this.decoder.decode(raw);
      op = insn ? opOf(insn.insn) : OP_ILLEGAL;
      this.realOps.set(raw, op);
    }
    return op;
  }

  /** An instruction straddling two pages: its bits are in CROSS_BITS of the hart area. It is charged as if nothing followed. */
  private decodeCrossing(h: number, rec: number): void {
    const raw = this.view.getUint32(h + CROSS_BITS, true);
    const insn = this.decoder.decode(raw);
    this.write(rec, insn, raw, [], this.watched(PAGE - 2));
  }

  private write(
    rec: number,
    insn: DecodedInsn | undefined,
    raw: number,
    successors: readonly DecodedInsn[],
    probed: boolean,
  ): void {
    const { view, staticCost } = this;
    const use = registerUse[insn?.insn.format ?? 'none'];
    const cost = insn && staticCost ? staticCost.cost(insn, successors) : 1;
    // Multiply and divide have no immediate: the field carries the slack that t_muldiv asks for.
    const imm =
      insn && staticCost && mulDivClasses.has(insn.insn.latency) ? staticCost.slack(insn, successors) : insn?.imm;
    view.setUint8(rec + REC_RD, insn === undefined ? SINK : registerIndex(use.rd, insn.rd) || SINK);
    view.setUint8(rec + REC_RS1, insn === undefined ? 0 : registerIndex(use.rs1, insn.rs1));
    view.setUint8(rec + REC_RS2, insn === undefined ? 0 : registerIndex(use.rs2, insn.rs2));
    view.setUint8(rec + REC_LEN, isCompressed(raw) ? 2 : 4);
    view.setUint16(rec + REC_COST, cost, true);
    view.setInt32(rec + REC_IMM, imm ?? 0, true);
    view.setUint32(rec + REC_RAW, raw, true);
    view.setUint16(rec + REC_OP, probed ? OP_PROBE : insn ? opOf(insn.insn) : OP_ILLEGAL, true);
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
    return this.decoder.decode(this.rawAt(page, offset));
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
