/**
 * The core module (libs/riscv-core/assembly) as TypeScript sees it. Protocol of its functions: assembly/index.ts.
 * `h` = linear address of a hart area, `rec` = linear address of a predecoded record; 64-bit values travel as signed bigint.
 */
import { coreModuleBase64 } from '../generated/core-module.js';
import { HARTS, HART_STRIDE, M_HARTS, M_MMIO_STATUS } from '../hart/layout.js';
import type { AccessSize, MachineHost, WaitingRequests } from '../machine/engine.js';

export interface CoreExports {
  // Slow paths of the interpreter. EVENT in the hart area tells how they ended (EVENT_*).
  readonly load: (h: number, va: bigint, kind: number, rec: number) => bigint;
  readonly store: (h: number, va: bigint, value: bigint, kind: number, rec: number) => void;
  /** `kindAndOp` = log2(size) | AMO_* << 4. */
  readonly amo: (h: number, va: bigint, value: bigint, kindAndOp: number, rec: number) => bigint;
  readonly lr: (h: number, va: bigint, kind: number, rec: number) => bigint;
  readonly sc: (h: number, va: bigint, value: bigint, kind: number, rec: number) => bigint;
  readonly system: (h: number, operation: number, rec: number) => void;
  /** 1: an exception was taken. */
  readonly float: (h: number, operation: number, rec: number) => number;
  readonly float_access: (h: number, writes: number, rec: number) => number;
  readonly illegal: (h: number, rec: number) => void;
  /** Slot of the page `pc` executes from; 0 = trap taken. */
  readonly code_lookup: (h: number, pc: bigint) => number;
  /** Record of the instruction that straddles two pages at `pc`; 0 = trap taken. */
  readonly fetch_cross: (h: number, pc: bigint) => number;
  /** Cycle model: the pc entered another line of the page looked up last. */
  readonly fetch_line: (h: number, pc: bigint) => void;
  /** STOP_*. */
  readonly poll: (h: number) => number;

  // Turns of several harts (assembly/turns.ts), made by JavaScript; made by the interpreter's module: turns_begin, then the others from there.
  readonly answer_requests: () => void;
  readonly answer_all_requests: () => void;
  readonly requests_of_turn: (h: number, quantum: bigint, event: bigint) => void;
  readonly turns_begin: (until: bigint, limit: bigint, event: bigint, pause: bigint, quantum: bigint) => void;
  readonly turn_next: () => number;
  readonly turn_over: (h: number) => number;
  readonly turn_ended: (h: number, reason: number) => number;

  // For the machine.
  /** After registers were written from outside: PMP ranges and context slots. */
  readonly refresh_hart: (h: number) => void;
  /** Cycle at which the hart's next timer whose interrupt is in `enabled` fires; all ones (-1n) = none. */
  readonly next_timer: (h: number, enabled: bigint) => bigint;
  /** RAM was changed from outside: all predecoded records go at the next poll. */
  readonly drop_all_code: () => void;
  /** A device wrote [pa, pa + size), inside RAM: the records decoded from there go at the next poll. */
  readonly memory_written: (pa: bigint, size: bigint) => void;

  // Single questions, for tests and debugging.
  readonly mtime: (h: number) => bigint;
  /** mip. */
  readonly pending: (h: number) => bigint;
  /** Takes exception `cause`; `gpa` 0 = none. */
  readonly raise: (h: number, cause: number, tval: bigint, gva: number, gpa: bigint) => void;
  /** Cause of the fault or 0; then `translated()` is the physical address. `access`: ACCESS_*. */
  readonly translate: (
    h: number,
    va: bigint,
    size: bigint,
    access: number,
    prv: number,
    virtualized: number,
    execute: number,
  ) => number;
  readonly translated: () => bigint;
  /** `need`: 1 read, 2 write, 4 execute. */
  readonly pmp_allows: (h: number, pa: bigint, size: bigint, need: number, prv: number, virtualized: number) => number;
  /** No access check; CSR by its own number whatever V is. */
  readonly read_csr: (h: number, number: number) => bigint;
  readonly write_csr: (h: number, number: number, value: bigint) => void;

  // Cycle model (assembly/timing/api.ts).
  readonly t_reset: () => void;
  readonly t_branch: (h: number, pc: bigint, length: number, taken: number, target: bigint) => number;
  readonly t_jal: (h: number, pc: bigint, length: number, target: bigint, rd: number) => number;
  readonly t_jalr: (h: number, pc: bigint, length: number, target: bigint, rd: number, rs1: number) => number;
  readonly t_site: (h: number, pc: bigint, length: number, site: number) => void;
  readonly t_sites_of_page: (h: number, slot: number, base: bigint) => void;
  readonly t_muldiv: (h: number, kind: number, a: bigint, b: bigint, slack: number) => number;
  readonly t_tlb: (h: number, va: bigint, access: number, space: number) => void;
  readonly t_tlb_fault: (h: number, va: bigint, access: number, space: number) => void;
  readonly t_fetch: (h: number, va: bigint, pa: bigint, space: number) => void;
  readonly t_data: (h: number, pa: bigint, kind: number) => void;
  readonly t_reserve: (h: number) => void;
  readonly t_settle: (h: number) => void;
  readonly t_mmio: (h: number, isStore: number) => void;
  readonly t_trap: (h: number) => void;
  readonly t_dma: (pa: bigint, size: number, write: number) => void;
  readonly t_flush_tlb: (h: number, scope: number, hasVa: number, va: bigint) => void;
  readonly t_flush_icache: (h: number) => void;
}

export interface Core {
  /** As imports of another wasm module. */
  readonly exports: CoreExports & WebAssembly.ModuleImports;
  /** Forgets every predecoded record, at the next poll. */
  dropAllCode(): void;
  /** After registers were written from outside. */
  refreshHarts(): void;
}

export interface CoreCallbacks {
  /** Fills the record at `rec`; a record outside the code slots is the hart's crossing one (CROSS_BITS). */
  decode(h: number, rec: number, pc: bigint): void;
  /** The records of the slot were emptied. */
  codeDropped?(slot: number): void;
}

/** A cycle or a number of steps as the core takes it: all ones = never. */
export function count64(value: number): bigint {
  return value === Infinity ? -1n : BigInt(value);
}

/** `requests` of an engine over the core, whose machine has the cycle model. */
export function waitingRequests({ exports }: Core): WaitingRequests {
  return {
    answer: () => exports.answer_requests(),
    answerAll: () => exports.answer_all_requests(),
    beginTurn: (hart, quantum, event) =>
      exports.requests_of_turn(HARTS + hart * HART_STRIDE, count64(quantum), count64(event)),
  };
}

let compiled: WebAssembly.Module | undefined;

function coreModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(coreModuleBase64), (character) => character.charCodeAt(0)));
  return compiled;
}

/**
 * The core over one machine's memory, whose machine block and hart areas are filled. Its state is in that memory, so a machine
 * may be handed to a new instance; what is derived from registers is computed here.
 */
export function instantiateCore(memory: WebAssembly.Memory, host: MachineHost, callbacks: CoreCallbacks): Core {
  const view = new DataView(memory.buffer);
  const hartOf = (h: number): number => (h - HARTS) / HART_STRIDE;
  const unanswered = (): void => view.setUint32(M_MMIO_STATUS, 1, true);
  const instance = new WebAssembly.Instance(coreModule(), {
    env: {
      memory,
      mmio_load: (pa: bigint, size: number): bigint => {
        const value = host.load(Number(BigInt.asUintN(64, pa)), size as AccessSize);
        if (value === undefined) unanswered();
        return value ?? 0n;
      },
      mmio_store: (pa: bigint, size: number, value: bigint): void => {
        const done = host.store(Number(BigInt.asUintN(64, pa)), size as AccessSize, BigInt.asUintN(64, value));
        if (!done) unanswered();
      },
      decode: (h: number, rec: number, pc: bigint): void => callbacks.decode(h, rec, BigInt.asUintN(64, pc)),
      code_dropped: (slot: number): void => callbacks.codeDropped?.(slot),
      tohost: (): void => host.tohost(),
      event: (h: number, kind: number, a: number, b: number): void => host.event(hartOf(h), kind, a, b),
    },
  });
  const exports = instance.exports as unknown as Core['exports'];
  const refreshHarts = (): void => {
    for (let hart = 0; hart < view.getUint32(M_HARTS, true); hart++) exports.refresh_hart(HARTS + hart * HART_STRIDE);
  };
  refreshHarts();
  return { exports, dropAllCode: () => exports.drop_all_code(), refreshHarts };
}
