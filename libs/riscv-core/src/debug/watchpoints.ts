/**
 * Which accesses of instructions hit a watchpoint: told from the instruction and the registers before it. Addresses are virtual, of whatever
 * address space the hart is in; page-table walks and devices are not seen.
 */
import { Decoder, type DecodedInsn } from '../decode/decoder.js';
import { extensionNames } from '../machine/config.js';
import type { Machine } from '../machine/machine.js';
import { effectsOf, type Effects, type MemoryEffect } from './effects.js';
import type { Inspector } from './inspector.js';

export type WatchKind = 'write' | 'read' | 'access';

export interface Watchpoint {
  readonly kind: WatchKind;
  readonly address: bigint;
  readonly size: number;
}

export interface WatchHit {
  readonly watchpoint: Watchpoint;
  readonly insn: DecodedInsn;
  readonly effects: Effects;
}

/** Formats of instructions that access memory. */
const accesses: ReadonlySet<string> = new Set(['load', 'f-load', 'S', 'f-store', 'lr', 'amo', 'hlv', 'hsv']);
/** Different instructions remembered; a program has some thousand. */
const MAX_KNOWN = 1 << 16;

export class Watchpoints {
  list: readonly Watchpoint[] = [];
  private readonly decoder: Decoder;
  /** By its bits, an instruction that accesses memory; undefined: one that does not. */
  private readonly known = new Map<number, DecodedInsn | undefined>();

  constructor(
    machine: Machine,
    private readonly inspector: Inspector,
  ) {
    this.decoder = new Decoder(extensionNames(machine.config));
  }

  /** The first watchpoint that the instruction, before which the hart stands, is about to hit. */
  hit(hart: number, raw: number): WatchHit | undefined {
    if (this.list.length === 0) return undefined;
    const insn = this.accessOf(raw);
    if (insn === undefined) return undefined;
    const effects = effectsOf(this.inspector, hart, insn);
    const { load, store } = effects;
    const watchpoint = this.list.find(
      (range) =>
        (range.kind !== 'read' && store !== undefined && overlap(store, range)) ||
        (range.kind !== 'write' && load !== undefined && overlap(load, range)),
    );
    return watchpoint === undefined ? undefined : { watchpoint, insn, effects };
  }

  private accessOf(raw: number): DecodedInsn | undefined {
    const there = this.known.get(raw);
    if (there !== undefined || this.known.has(raw)) return there;
    if (this.known.size === MAX_KNOWN) this.known.clear();
    const insn = this.decoder.decode(raw);
    const access = insn !== undefined && accesses.has(insn.insn.format) ? insn : undefined;
    this.known.set(raw, access);
    return access;
  }
}

function overlap(a: MemoryEffect, b: MemoryEffect): boolean {
  return a.address < b.address + BigInt(b.size) && b.address < a.address + BigInt(a.size);
}
