/**
 * Breakpoints, watchpoints and single steps, on every engine and at no target cost: instructions are shown to it before they execute. With a
 * watchpoint, or while it steps, that is every instruction; such runs are interpreted one by one and slower.
 *
 * A watchpoint stops before the instruction that is about to make the access, which is what GDB expects of this architecture.
 */
import type { InstructionObserver, Machine, RunState } from '../machine/machine.js';
import { Inspector } from './inspector.js';
import { Watchpoints, type WatchKind } from './watchpoints.js';

export type StopReason =
  | { readonly kind: 'breakpoint' | 'step' | 'interrupted' }
  | { readonly kind: 'watchpoint'; readonly watch: WatchKind; readonly address: bigint };

export interface DebuggerStop {
  readonly kind: 'stopped';
  readonly hart: number;
  readonly reason: StopReason;
}

const EVERYWHERE: ReadonlySet<number> = new Set(Array.from({ length: 2048 }, (_, i) => 2 * i));

export class Debugger implements InstructionObserver {
  readonly inspector: Inspector;
  readonly breakpoints = new Set<bigint>();
  readonly watchpoints: Watchpoints;
  private stepping: number | undefined;
  /** Where the machine was stopped: the instruction there has been shown already. */
  private at: { readonly hart: number; readonly pc: bigint } | undefined;
  /** The instruction that a step begins with, when the machine will show it. */
  private first: { readonly hart: number; readonly pc: bigint } | undefined;
  private reason: StopReason = { kind: 'interrupted' };
  private placed = '';

  constructor(readonly machine: Machine) {
    this.inspector = new Inspector(machine);
    this.watchpoints = new Watchpoints(machine, this.inspector);
  }

  /** Goes on; `step`: until that hart has executed one instruction or taken a trap. Then call {@link run}, again while it says `running`. */
  resume(step?: number): void {
    this.stepping = step;
    this.first = undefined;
    const hart = step ?? this.at?.hart;
    const pc = hart === undefined ? undefined : this.inspector.pc(hart);
    const shown = this.at !== undefined && this.at.hart === hart && this.at.pc === pc;
    if (hart !== undefined && pc !== undefined && !shown) this.first = { hart, pc };
    this.at = undefined;
    this.place();
  }

  /** `budget`: about so many instructions. */
  run(budget: number, maxInstructions: number | undefined, inputOpen: boolean): RunState | DebuggerStop {
    const state = this.machine.runObserved(budget, maxInstructions, inputOpen);
    return state.kind === 'stopped' ? { ...state, reason: this.reason } : state;
  }

  /** Nobody looks any more. */
  detach(): void {
    this.breakpoints.clear();
    this.watchpoints.list = [];
    this.machine.observeInstructions(undefined);
    this.placed = '';
  }

  before(hart: number, pc: bigint, raw: number): boolean {
    const begins = this.first?.hart === hart && this.first.pc === pc;
    if (this.first?.hart === hart) this.first = undefined;
    const reason = begins ? undefined : this.reasonAt(hart, pc, raw);
    if (reason === undefined) return false;
    this.reason = reason;
    this.at = { hart, pc };
    return true;
  }

  private reasonAt(hart: number, pc: bigint, raw: number): StopReason | undefined {
    if (this.breakpoints.has(pc)) return { kind: 'breakpoint' };
    if (this.stepping === hart) return { kind: 'step' };
    const hit = this.watchpoints.hit(hart, raw)?.watchpoint;
    return hit === undefined ? undefined : { kind: 'watchpoint', watch: hit.kind, address: hit.address };
  }

  /** Probes where they are needed; moving them costs the engine what it knows of the code. */
  private place(): void {
    const all = this.stepping !== undefined || this.watchpoints.list.length > 0;
    const offsets = all ? EVERYWHERE : new Set([...this.breakpoints].map((address) => Number(address & 0xfffn)));
    const key = all ? 'everywhere' : [...offsets].sort((a, b) => a - b).join();
    if (key === this.placed) return;
    this.placed = key;
    this.machine.observeInstructions(this, offsets);
  }
}
