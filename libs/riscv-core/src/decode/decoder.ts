/** Bits -> instruction, built from the tables in isa/. */
import { immediate } from '../isa/encode.js';
import { OPCODE, type Insn } from '../isa/insn.js';
import { expand, rvC, type CompressedInsn } from '../isa/rv-c.js';
import { instructions } from '../isa/table.js';

export interface DecodedInsn {
  readonly insn: Insn;
  /** Set when the instruction was fetched in its 16-bit form. */
  readonly compressed?: CompressedInsn;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  /** Sign-extended immediate, or the row's fixed one. */
  readonly imm: number;
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  /** The bits as fetched: 16 or 32 of them. */
  readonly raw: number;
}

/** Which extensions a hart offers, by the names used in the tables. */
export type ExtensionSet = ReadonlySet<string>;

/** A 16-bit parcel whose low two bits are not 11 is a whole compressed instruction. */
export function isCompressed(parcel: number): boolean {
  return (parcel & 3) !== 3;
}

function bucketsByOpcode(rows: readonly Insn[]): readonly (readonly Insn[])[] {
  const buckets: Insn[][] = Array.from({ length: 128 }, () => []);
  for (const row of rows) buckets[row.match & OPCODE]!.push(row);
  // The most specific row first: WFI before a row that only fixes the opcode.
  for (const bucket of buckets) bucket.sort((a, b) => popcount(b.mask) - popcount(a.mask));
  return buckets;
}

function popcount(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Encodings remembered: more than a kernel has; random programs must not fill the memory. */
const MAX_KNOWN = 1 << 16;

/** Decodes for one set of extensions; `undefined` is an illegal instruction. */
export class Decoder {
  private readonly buckets: readonly (readonly Insn[])[];
  private readonly compressedRows: readonly CompressedInsn[];
  /** Answers by encoding: programs repeat themselves, and cold code waits for the search below (bench/engine, "cold"). */
  private readonly known = new Map<number, DecodedInsn | undefined>();

  constructor(private readonly extensions: ExtensionSet) {
    this.buckets = bucketsByOpcode(instructions.filter((row) => extensions.has(row.extension)));
    this.compressedRows = extensions.has('c') ? [...rvC].sort((a, b) => popcount(b.mask) - popcount(a.mask)) : [];
  }

  /** `bits`: the 32 bits at the pc; only the low 16 count when they form a compressed instruction. */
  decode(bits: number): DecodedInsn | undefined {
    const encoding = isCompressed(bits) ? bits & 0xffff : bits >>> 0;
    const answer = this.known.get(encoding);
    if (answer !== undefined || this.known.has(encoding)) return answer;
    const decoded = isCompressed(bits) ? this.decode16(encoding) : this.decode32(encoding);
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(encoding, decoded);
    return decoded;
  }

  private decode16(parcel: number): DecodedInsn | undefined {
    for (const row of this.compressedRows) {
      if ((parcel & row.mask) !== row.match || !row.valid(parcel)) continue;
      const decoded = this.decode32(expand(row, parcel));
      return decoded && { ...decoded, compressed: row, length: 2, raw: parcel };
    }
    return undefined;
  }

  has(extension: string): boolean {
    return this.extensions.has(extension);
  }

  private decode32(bits: number): DecodedInsn | undefined {
    for (const row of this.buckets[bits & OPCODE]!) {
      if ((bits & row.mask) >>> 0 !== row.match) continue;
      return {
        insn: row,
        rd: (bits >>> 7) & 31,
        rs1: (bits >>> 15) & 31,
        rs2: (bits >>> 20) & 31,
        imm: immediate(row, bits | 0),
        length: 4,
        raw: bits,
      };
    }
    return undefined;
  }
}

/** The set for an ISA string's letters plus the always-present parts. */
export function extensionSet(names: Iterable<string>): ExtensionSet {
  return new Set(names);
}
