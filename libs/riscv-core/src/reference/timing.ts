/**
 * The cycle model as the reference engine asks it. Dynamic events are functions of the core module, shared by all engines
 * (assembly/timing/api.ts); what an instruction costs by itself comes from src/timing.
 */
import type { WaitingRequests } from '../machine/engine.js';
import type { StaticCost } from '../timing/static-cost.js';

/** The t_* functions of the core module; `h` is the linear address of the hart area. */
export interface TimingEvents {
  t_tlb(h: number, va: bigint, access: number, space: number): void;
  t_tlb_fault(h: number, va: bigint, access: number, space: number): void;
  t_fetch(h: number, va: bigint, pa: bigint, space: number): void;
  t_data(h: number, pa: bigint, kind: number): void;
  t_reserve(h: number): void;
  t_settle(h: number): void;
  t_mmio(h: number, isStore: number): void;
  t_trap(h: number): void;
  t_dma(pa: bigint, size: number, write: number): void;
  t_flush_tlb(h: number, scope: number, hasVa: number, va: bigint): void;
  t_flush_icache(h: number): void;
  t_branch(h: number, pc: bigint, length: number, taken: number, target: bigint): number;
  t_jal(h: number, pc: bigint, length: number, target: bigint, rd: number): number;
  t_jalr(h: number, pc: bigint, length: number, target: bigint, rd: number, rs1: number): number;
  t_muldiv(h: number, kind: number, a: bigint, b: bigint, slack: number): number;
}

/** Timing model `none`: an instruction is a cycle, nothing else costs anything. */
export interface Timing {
  readonly events: TimingEvents | undefined;
  readonly staticCost: StaticCost | undefined;
  readonly requests: WaitingRequests | undefined;
}

export const untimed: Timing = { events: undefined, staticCost: undefined, requests: undefined };
