/**
 * What a region is made from, as plain numbers that survive structured cloning. Instructions are read through the predecoded
 * records of their page, so that a store into what was read drops what was made of it.
 */
import type { Decoder } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import type { CodeStore } from '../interp/code-store.js';
import { FIRST_INSN_OP, OP_DECODE, OP_REGION } from '../interp/ops.js';
import { useOf } from './flow.js';
import type { RegionPage } from './region-code.js';
import { findRegion, type CodeInsn, type CodeReader, type Region } from './region.js';
import { slotOf } from './regions.js';

export interface RegionSource {
  /** Linear address of the record that the region begins at. */
  readonly rec: number;
  readonly page: RegionPage;
  /** Per instruction of the region: page offset, bits as fetched, static cost, slack (see {@link CodeInsn}). */
  readonly insns: Int32Array;
}

const FIELDS = 4;

export function instructionsOf({ insns }: RegionSource): number {
  return insns.length / FIELDS;
}

/** Reads the region of at most about `limit` instructions at a record. Undefined: nothing there can be compiled. */
export function readRegion(
  memory: WebAssembly.Memory,
  store: CodeStore,
  decoder: Decoder,
  rec: number,
  limit: number,
): RegionSource | undefined {
  const view = new DataView(memory.buffer);
  const slot = slotOf(rec);
  const insns: number[] = [];
  const read: CodeReader = (offset) => {
    const insn = readInsn(view, store, decoder, slot, offset);
    if (insn !== undefined) insns.push(offset, insn.decoded.raw, insn.cost, insn.slack);
    return insn;
  };
  const region = findRegion(read, offsetOf(rec, slot), limit);
  if (region === undefined || region.blocks.get(region.entry)!.insns[0]!.use.flow === 'system') return undefined;
  const physical = view.getBigUint64(slot + L.CODE_SLOT_PAGE, true);
  return { rec, page: { slot, physical }, insns: Int32Array.from(insns) };
}

/** The region itself. */
export function regionOf({ rec, page: { slot }, insns }: RegionSource, decoder: Decoder): Region {
  const byOffset = new Map<number, CodeInsn>();
  for (let i = 0; i < insns.length; i += FIELDS) {
    const [offset, raw, cost, slack] = insns.subarray(i, i + FIELDS) as unknown as [number, number, number, number];
    const decoded = decoder.decode(raw)!;
    byOffset.set(offset, { offset, decoded, use: useOf(decoded.insn), rec: recordAt(slot, offset), cost, slack });
  }
  // What was found within a limit is now all there is.
  return findRegion((offset) => byOffset.get(offset), offsetOf(rec, slot), Infinity)!;
}

/** Undefined: a probe, an illegal instruction, or one that straddles the page's end. */
function readInsn(
  view: DataView,
  store: CodeStore,
  decoder: Decoder,
  slot: number,
  offset: number,
): CodeInsn | undefined {
  const rec = recordAt(slot, offset);
  let operation = view.getUint16(rec + L.REC_OP, true);
  if (operation === OP_DECODE) {
    store.decode(0, rec);
    operation = view.getUint16(rec + L.REC_OP, true);
  }
  if (operation < FIRST_INSN_OP && operation !== OP_REGION) return undefined;
  const decoded = decoder.decode(view.getUint32(rec + L.REC_RAW, true));
  if (decoded === undefined) return undefined;
  const cost = view.getUint16(rec + L.REC_COST, true);
  return { offset, decoded, use: useOf(decoded.insn), rec, cost, slack: view.getInt32(rec + L.REC_IMM, true) };
}

function recordAt(slot: number, offset: number): number {
  return slot + (offset / 2) * L.CODE_RECORD_SIZE;
}

function offsetOf(rec: number, slot: number): number {
  return ((rec - slot) / L.CODE_RECORD_SIZE) * 2;
}
