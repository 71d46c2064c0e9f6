/**
 * Finds a region: the basic blocks that are reachable from an entry inside its page without a call, a return or a system
 * instruction. Whatever is not in the region is an exit.
 */
import type { DecodedInsn } from '../decode/decoder.js';
import type { InsnUse } from './flow.js';

/** An instruction and what the static half of the cycle model says of it. */
export interface CodeInsn {
  readonly offset: number;
  readonly decoded: DecodedInsn;
  readonly use: InsnUse;
  /** Linear address of its predecoded record. */
  readonly rec: number;
  /** Static cost in cycles. */
  readonly cost: number;
  /** Multiply and divide under the cycle model: argument `slack` of t_muldiv. */
  readonly slack: number;
}

/** The instruction at a page offset; undefined: the interpreter must execute it. */
export type CodeReader = (offset: number) => CodeInsn | undefined;

export interface Block {
  readonly start: number;
  /** At least one. */
  readonly insns: readonly CodeInsn[];
  /** Where control goes when no transfer is taken: behind the last instruction; undefined: it never does. */
  readonly next: number | undefined;
  /** Target of the last instruction's direct transfer, as an offset that may lie outside the page. */
  readonly target: number | undefined;
}

export interface Region {
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, Block>;
}

export const PAGE_BYTES = 4096;

/** Undefined: nothing at the entry can be compiled. At most about `limit` instructions. */
export function findRegion(read: CodeReader, entry: number, limit: number): Region | undefined {
  const insns = new Map<number, CodeInsn>();
  const leaders = new Set([entry]);
  const work = [entry];
  for (let start = work.shift(); start !== undefined; start = work.shift()) {
    for (let offset: number | undefined = start; offset !== undefined && !insns.has(offset);) {
      if (insns.size >= limit || offset >= PAGE_BYTES) break;
      const insn = read(offset);
      if (insn === undefined) break;
      insns.set(offset, insn);
      const { flow } = insn.use;
      const next: number = offset + insn.decoded.length;
      offset = flow === 'sequential' || flow === 'branch' ? next : undefined;
      if (flow === 'branch') leaders.add(next);
      const target = targetOf(insn);
      if (target === undefined || target < 0 || target >= PAGE_BYTES || isCall(insn)) continue;
      leaders.add(target);
      work.push(target);
    }
  }
  if (!insns.has(entry)) return undefined;
  const blocks = new Map<number, Block>();
  for (const start of leaders) if (insns.has(start)) blocks.set(start, blockAt(start, insns, leaders));
  return { entry, blocks };
}

function blockAt(start: number, insns: ReadonlyMap<number, CodeInsn>, leaders: ReadonlySet<number>): Block {
  const found: CodeInsn[] = [];
  let offset = start;
  for (;;) {
    const insn = insns.get(offset)!;
    found.push(insn);
    offset += insn.decoded.length;
    const { flow } = insn.use;
    if (flow !== 'sequential') {
      return { start, insns: found, next: flow === 'branch' ? offset : undefined, target: targetOf(insn) };
    }
    if (leaders.has(offset) || !insns.has(offset)) return { start, insns: found, next: offset, target: undefined };
  }
}

function targetOf({ offset, decoded, use }: CodeInsn): number | undefined {
  return use.flow === 'branch' || use.flow === 'jump' ? offset + decoded.imm : undefined;
}

/** A jump that notes where it came from: the callee is a region of its own. */
export function isCall({ decoded, use }: CodeInsn): boolean {
  return use.flow === 'jump' && decoded.rd !== 0;
}

/** Offsets of the blocks of the region that follow a block. */
export function successorsOf(block: Block, blocks: ReadonlyMap<number, Block>): number[] {
  const last = block.insns[block.insns.length - 1]!;
  const found: number[] = [];
  if (block.target !== undefined && !isCall(last) && blocks.has(block.target)) found.push(block.target);
  if (block.next !== undefined && blocks.has(block.next)) found.push(block.next);
  return found;
}
