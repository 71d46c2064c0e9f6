/** Writes a region as one WebAssembly function: loops as `loop`, merge points as the ends of `block`s (graph.ts). */
import { registerUse } from '../isa/insn.js';
import { op, type Code, type ValueType } from '../wasm/module-builder.js';
import { buildGraph, type Graph } from './graph.js';
import { RegionCode, type Known, type RegionFunctions, type RegionOptions, type RegionPage } from './region-code.js';
import { PAGE_BYTES, isCall, successorsOf, type Block, type CodeInsn, type Region } from './region.js';

export function emitRegion(
  region: Region,
  page: RegionPage,
  functions: RegionFunctions,
  options: RegionOptions,
): { locals: readonly ValueType[]; body: Code } {
  return new RegionWriter(region, page, functions, options).write();
}

class RegionWriter {
  private readonly graph: Graph;
  private readonly code: RegionCode;
  /** Labels of blocks that end where a merge node begins, and of loops. */
  private readonly mergeLabels = new Map<number, number>();
  private readonly loopLabels = new Map<number, number>();
  /** What is known on every forward edge to a merge node that was written so far. */
  private readonly atMerge = new Map<number, Known>();

  constructor(
    private readonly region: Region,
    page: RegionPage,
    functions: RegionFunctions,
    options: RegionOptions,
  ) {
    this.graph = buildGraph(region.entry, (node) => successorsOf(this.block(node), region.blocks));
    const insns = this.graph.order.flatMap((node) => this.block(node).insns);
    const uses = {
      loads: insns.some(({ use }) => use.loads),
      stores: insns.some(({ use }) => use.stores),
      branches: insns.some(({ use }) => use.flow === 'branch'),
      jumps: insns.some(({ use }) => use.flow === 'jump' || use.flow === 'indirect'),
    };
    this.code = new RegionCode(functions, options, page, region.entry, uses);
  }

  write(): { locals: readonly ValueType[]; body: Code } {
    this.tree(this.region.entry);
    return this.code.finish();
  }

  private block(node: number): Block {
    return this.region.blocks.get(node)!;
  }

  /** The node and all it dominates. What is known is the code's knowledge on entry. */
  private tree(node: number): void {
    const { code, graph } = this;
    const loop = graph.loops.get(node);
    const merges = graph.merges.get(node)!;
    if (loop === undefined) {
      this.within(node, merges, 0);
      return;
    }
    code.preload(this.registersOf(loop));
    code.fetchBefore(this.block(node).insns[0]!);
    this.loopLabels.set(node, code.openLoop());
    this.within(node, merges, 0);
    code.closeLoop();
  }

  private within(node: number, merges: readonly number[], index: number): void {
    const merge = merges[index];
    if (merge === undefined) {
      this.body(node);
      return;
    }
    this.mergeLabels.set(merge, this.code.open(op.block));
    this.within(node, merges, index + 1);
    this.code.close();
    this.code.knowledge = this.atMerge.get(merge)!;
    this.tree(merge);
  }

  private body(node: number): void {
    const { code } = this;
    const block = this.block(node);
    const last = block.insns[block.insns.length - 1]!;
    for (const insn of block.insns.slice(0, -1)) code.execute(insn);
    const ending = code.execute(last);
    switch (ending.kind) {
      case 'none':
        code.settle();
        this.fallThrough(node, block, last);
        break;
      case 'branch': {
        code.settle();
        code.prepareBranch();
        code.pushCondition(ending.condition);
        const before = code.knowledge;
        code.open(op.if);
        code.chargeBranch(true);
        this.taken(node, block, last);
        code.close();
        code.knowledge = before;
        code.resume(last);
        code.chargeBranch(false);
        this.fallThrough(node, block, last);
        break;
      }
      case 'jump':
        code.settle();
        code.chargeJump();
        this.taken(node, block, last);
        break;
      case 'indirect':
        code.settle();
        code.chargeIndirect();
        code.leave(code.target, true);
        break;
      case 'system':
        code.forget();
        break;
    }
  }

  private fallThrough(node: number, { next }: Block, last: CodeInsn): void {
    const to = next!;
    if (to >= PAGE_BYTES) this.code.leave(this.code.address(to), true);
    else this.go(node, to, false, last);
  }

  private taken(node: number, { target }: Block, last: CodeInsn): void {
    const to = target!;
    if (to < 0 || to >= PAGE_BYTES) this.code.leave(this.code.address(to), true);
    else this.go(node, to, to <= last.offset, last);
  }

  /** To an offset inside the page; `yields`: a yield point. */
  private go(node: number, to: number, yields: boolean, last: CodeInsn): void {
    const { code, graph } = this;
    const inside = this.region.blocks.has(to) && !isCall(last) && !graph.isCut(node, to);
    if (!inside) {
      code.leave(code.address(to), yields);
      return;
    }
    if (yields) code.yieldTo(to);
    if (graph.place.get(to)! <= graph.place.get(node)!) {
      code.jumpTo(this.loopLabels.get(to)!);
    } else if (graph.isMerge.has(to)) {
      const known = this.atMerge.get(to);
      const here = code.knowledge;
      this.atMerge.set(to, {
        registers: here.registers & (known?.registers ?? -1),
        lines: known === undefined ? here.lines : here.lines & known.lines,
      });
      code.jumpTo(this.mergeLabels.get(to)!);
    } else {
      this.tree(to);
    }
  }

  /** Bit per integer register that the blocks read or write. */
  private registersOf(nodes: ReadonlySet<number>): number {
    let found = 0;
    for (const node of nodes) {
      for (const { decoded, use } of this.block(node).insns) {
        const fields = registerUse[decoded.insn.format];
        if (use.readsRs1 && fields.rs1 === 'x') found |= 1 << decoded.rs1;
        if (use.readsRs2 && fields.rs2 === 'x') found |= 1 << decoded.rs2;
        if (use.writesRd && fields.rd === 'x') found |= 1 << decoded.rd;
      }
    }
    return found;
  }
}
