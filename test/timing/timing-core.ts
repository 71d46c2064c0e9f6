/** The dynamic events of the cycle model, compiled from assembly/timing alone and driven without an engine. */
import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { SPACE_BARE } from '../../libs/riscv-core/src/timing/events.js';
import { resolveParameters, writeParameters } from '../../libs/riscv-core/src/timing/parameters.js';

interface Events {
  t_reset(): void;
  t_tlb_misses(h: number, va: bigint, access: number, space: number): number;
  t_tlb(h: number, va: bigint, access: number, space: number): void;
  t_tlb_fault(h: number, va: bigint, access: number, space: number): void;
  t_fetch(h: number, va: bigint, pa: bigint, space: number): void;
  t_data(h: number, pa: bigint, kind: number): void;
  t_filter_enter(h: number, va: bigint, linear: number, writable: number): void;
  t_memory_edge(cycle: bigint): bigint;
  t_core_edge(cycle: bigint): bigint;
  t_mmio(h: number, isStore: number): void;
  t_dma(pa: bigint, size: number, write: number): void;
  t_trap(h: number): void;
  t_flush_tlb(h: number, scope: number, hasVa: number, va: bigint): void;
  t_flush_icache(h: number): void;
  t_branch(h: number, pc: bigint, length: number, taken: number, target: bigint): number;
  t_jal(h: number, pc: bigint, length: number, target: bigint, rd: number): number;
  t_jalr(h: number, pc: bigint, length: number, target: bigint, rd: number, rs1: number): number;
  t_muldiv(h: number, kind: number, a: bigint, b: bigint, slack: number): number;
}

/** A PTE read of a walk. */
export interface TracedRead {
  readonly pa: bigint;
  readonly stage: 0 | 1;
  readonly level: number;
}

export const RAM_BASE = 0x8000_0000n;
const MEMORY_PAGES = L.TIMING_END / 0x1_0000;

/** Compiles the events; about a second. */
export async function compileEvents(): Promise<WebAssembly.Module> {
  const source = fileURLToPath(new URL('../../libs/riscv-core/assembly/timing/api.ts', import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), 'dvfarm-timing-'));
  try {
    const output = join(directory, 'events.wasm');
    const { error, stderr } = await asc.main([
      source,
      ...['--outFile', output, '-O2', '--importMemory', '--runtime', 'stub', '--noAssert', '--enable', 'simd'],
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    return new WebAssembly.Module(readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Beyond an L1 hit. rocket-timing.md 6: L1 miss, L2 hit, clean and unshared. */
export const L2_HIT = 16;
/** In memory cycles. 7: tag stage and beats; 8: a closed bank, an open row, another row open. */
export const LLC_HIT = 3 + 8;
export const DRAM_CLOSED = LLC_HIT + 33;
export const DRAM_ROW_HIT = LLC_HIT + 19;
export const DRAM_CONFLICT = LLC_HIT + 47;

/**
 * What an access waits that begins at core cycle `begin`, misses the L2 and takes `cycles` memory cycles behind it (6, 1): the L2's 16
 * and 6; the next edge of the memory clock; 3 memory cycles of crossing each way; the next edge of the core clock. 3.2 : 1.
 */
export function beyondL2(begin: number, cycles: number): number {
  const edge = Math.ceil(((begin + L2_HIT + 6) * 5) / 16);
  return Math.ceil(((edge + 3 + cycles + 3) * 16) / 5) - begin;
}

/** A machine of which only the timing region, the machine block and the hart areas are used. */
export class TimingCore {
  readonly memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  readonly view = new DataView(this.memory.buffer);
  readonly events: Events;

  constructor(
    module: WebAssembly.Module,
    { harts = 1, set = {} }: { harts?: number; set?: Record<string, number> } = {},
  ) {
    const abort = (): never => {
      throw new Error('abort in the timing model');
    };
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory, abort } });
    this.events = instance.exports as unknown as Events;
    this.view.setUint32(L.M_HARTS, harts, true);
    this.view.setUint32(L.M_RAM_LINEAR, L.RAM_LINEAR, true);
    this.view.setBigUint64(L.M_RAM_BASE, RAM_BASE, true);
    writeParameters(resolveParameters(undefined, set), this.memory, L.TIMING);
    this.events.t_reset();
    for (let hart = 0; hart < harts; hart++) {
      this.view.setUint32(this.h(hart) + L.HART_ID, hart, true);
      this.selectContext(hart, 0);
    }
  }

  /** Linear address of a hart area: the first argument of every event. */
  h(hart = 0): number {
    return L.HARTS + hart * L.HART_STRIDE;
  }

  /** Makes the filter tables of a context the active ones. */
  selectContext(hart: number, context: number): void {
    const read = this.h(hart) + L.FILTERS + context * L.FILTER_CONTEXT_SIZE;
    this.view.setUint32(this.h(hart) + L.RFILTER, read, true);
    this.view.setUint32(this.h(hart) + L.WFILTER, read + L.FILTER_TABLE_SIZE, true);
  }

  /** Cycles that `action` adds to the clock of a hart. */
  cost(action: (events: Events, h: number) => void, hart = 0): number {
    const at = this.h(hart) + L.CYCLE;
    const before = this.view.getBigUint64(at, true);
    action(this.events, this.h(hart));
    return Number(this.view.getBigUint64(at, true) - before);
  }

  /** Clock of a hart. */
  now(hart = 0): number {
    return Number(this.view.getBigUint64(this.h(hart) + L.CYCLE, true));
  }

  /** All harts go on at the time of the latest, or at `cycle` if that is later: nothing of one is under way for another. */
  sync(cycle = 0): void {
    const harts = this.view.getUint32(L.M_HARTS, true);
    const latest = Math.max(cycle, ...Array.from({ length: harts }, (_, hart) => this.now(hart)));
    for (let hart = 0; hart < harts; hart++) this.view.setBigUint64(this.h(hart) + L.CYCLE, BigInt(latest), true);
  }

  /** Event counter COUNT_* of a hart, all modes together. */
  counted(event: number, hart = 0): number {
    let total = 0;
    for (let bank = 0; bank < L.EVENT_BANKS; bank++) {
      const at = this.h(hart) + L.EVENT_COUNTS + bank * L.EVENT_BANK_SIZE + event * 8;
      total += Number(this.view.getBigUint64(at, true));
    }
    return total;
  }

  data(pa: bigint, kind: number, hart = 0): number {
    return this.cost((events, h) => events.t_data(h, pa, kind), hart);
  }

  /** What the functional walker leaves behind. */
  setWalk(pageShift: number, reads: readonly TracedRead[], hart = 0): void {
    const h = this.h(hart);
    this.view.setUint32(h + L.TR_LEVEL, pageShift, true);
    this.view.setUint32(h + L.PTE_TRACE, reads.length, true);
    reads.forEach(({ pa, stage, level }, index) => {
      const entry = h + L.PTE_TRACE_ENTRIES + 16 * index;
      this.view.setBigUint64(entry, pa, true);
      this.view.setUint32(entry + 8, stage, true);
      this.view.setUint32(entry + 12, level, true);
    });
  }

  /** Does the active read (or write) filter prove an 8-byte access at `va`? Gives the linear address, as the inline fast path would. */
  filtered(va: bigint, write = false, hart = 0): number | undefined {
    const table = this.view.getUint32(this.h(hart) + (write ? L.WFILTER : L.RFILTER), true);
    const entry = table + (Number(va >> 6n) & (L.FILTER_ENTRIES - 1)) * L.FILTER_ENTRY_SIZE;
    const tag = this.view.getBigInt64(entry, true);
    if ((BigInt.asIntN(64, va) & (-64n | 7n)) !== tag) return undefined;
    return (Number(BigInt.asUintN(32, va)) + this.view.getInt32(entry + 8, true)) >>> 0;
  }

  /** A load or store as the core's slow path does it: translation, data, filter. Returns its cycles. */
  access(va: bigint, pa: bigint, kind: number, space: number = SPACE_BARE, hart = 0): number {
    return this.cost((events, h) => {
      events.t_tlb(h, va, kind === 0 ? L.ACCESS_LOAD : L.ACCESS_STORE, space);
      events.t_data(h, pa, kind);
      events.t_filter_enter(h, va, L.RAM_LINEAR + Number(pa - RAM_BASE), kind === 1 ? 1 : 0);
    }, hart);
  }
}
