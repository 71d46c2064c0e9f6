/**
 * The reference engine: the oracle of every other engine. One instruction at a time, BigInt, nothing cached, following
 * the manuals' text. State lives in the machine's linear memory (hart/layout.ts), so engines can take turns on a machine.
 */
import { Decoder, isCompressed, type DecodedInsn, type ExtensionSet } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import { CAUSE_ILLEGAL } from '../isa/causes.js';
import type { Csr } from '../isa/csrs.js';
import type { Engine, EngineFactory, MachineHost, WaitingRequests } from '../machine/engine.js';
import * as events from '../timing/events.js';
import { Evaluator } from './evaluator.js';
import { selectInterrupt, wakes } from './interrupts.js';
import { LoadStore } from './load-store.js';
import { Mmu } from './mmu.js';
import { PhysicalMemory } from './physical-memory.js';
import { MachineState, type HartState } from './state.js';
import { SystemInstructions } from './system.js';
import { untimed, type Timing } from './timing.js';
import { Trap } from './trap.js';
import { takeException, takeInterrupt, type TakenTrap } from './traps.js';

const PAGE = 4096n;
/** x0 as destination, in the arguments of timing events (the sink register of predecoded records). */
const SINK = 32;

/** Index of a handler's mode in TRAP_COUNTS and in EV_TRAP. */
const destinationIndex = { HU: 0, HS: 1, VS: 2, M: 3 } as const;

/** Multiply and divide: argument `kind` of t_muldiv. */
const mulDivKind: Readonly<Record<string, number>> = {
  mul: events.MULDIV_MUL,
  mulw: events.MULDIV_MULW,
  mulh: events.MULDIV_MULH,
  mulhu: events.MULDIV_MULH,
  mulhsu: events.MULDIV_MULH,
  div: events.MULDIV_DIV,
  divu: events.MULDIV_DIVU,
  rem: events.MULDIV_REM,
  remu: events.MULDIV_REMU,
  divw: events.MULDIV_DIVW,
  divuw: events.MULDIV_DIVUW,
  remw: events.MULDIV_REMW,
  remuw: events.MULDIV_REMUW,
};

interface Fetched {
  readonly raw: number;
  readonly insn: DecodedInsn | undefined;
  /** Physical address of the first halfword. */
  readonly pa: bigint;
}

export interface ReferenceOptions {
  /** Extensions by the names of the instruction tables. */
  readonly extensions: ExtensionSet;
  /** The registers of this machine. */
  readonly csrs: readonly Csr[];
  /** The cycle model; undefined = an instruction is a cycle. Must fit M_TIMING. */
  readonly timing?: Timing;
}

/** For src/machine: the engine over a machine's memory. */
export function reference(options: ReferenceOptions): EngineFactory {
  return (memory, host) => new ReferenceEngine(memory, host, options);
}

export class ReferenceEngine implements Engine {
  readonly name = 'reference';
  readonly requests: WaitingRequests | undefined;

  private readonly machine: MachineState;
  private readonly memory: PhysicalMemory;
  private readonly mmu: Mmu;
  private readonly loadStore: LoadStore;
  private readonly evaluator: Evaluator;
  private readonly decoder: Decoder;
  private readonly decoded = new Map<number, DecodedInsn>();
  private readonly timing: Timing;
  /** The instruction in progress is a trap return. */
  private returned = false;
  private probes: ReadonlySet<number> = new Set();

  /** `memory`: machine block and hart areas are filled. */
  constructor(
    memory: WebAssembly.Memory,
    private readonly host: MachineHost,
    { extensions, csrs, timing }: ReferenceOptions,
  ) {
    this.timing = timing ?? untimed;
    this.requests = this.timing.requests;
    this.machine = new MachineState(memory, csrs);
    this.memory = new PhysicalMemory(this.machine, host);
    this.mmu = new Mmu(this.machine, this.memory, this.timing);
    this.loadStore = new LoadStore(this.machine, this.memory, this.mmu, this.timing);
    const system = new SystemInstructions(this.machine, this.loadStore, this.timing, () => (this.returned = true));
    this.evaluator = new Evaluator(this.loadStore, (hart, op, insn, pc) => {
      this.timing.events?.t_settle(hart.area);
      system.execute(hart, op, insn, pc);
    });
    this.decoder = new Decoder(extensions);
  }

  run(index: number, resume = false): number {
    const hart = this.machine.harts[index];
    if (hart === undefined) throw new RangeError(`hart ${index} of ${this.machine.harts.length}`);
    let stop: number = resume ? L.STOP_NONE : this.poll(hart);
    while (stop === L.STOP_NONE) if (this.step(hart)) stop = this.poll(hart);
    hart.set32(L.STOP_REASON, stop);
    return stop;
  }

  setProbes(pageOffsets: ReadonlySet<number>): void {
    this.probes = pageOffsets;
  }

  memoryChanged(): void {
    // Nothing is derived from memory.
  }

  restored(): void {
    // Nor from registers.
  }

  deviceReads(physical: number, size: number): void {
    this.timing.events?.t_dma(BigInt(physical), size, 0);
  }

  deviceWrote(physical: number, size: number): void {
    this.timing.events?.t_dma(BigInt(physical), size, 1);
  }

  /** What happens at a yield point, and nowhere else: wake-up, interrupts, reasons to stop. */
  private poll(hart: HartState): number {
    if (this.machine.option(L.M_EXIT_REQUEST) !== 0) return L.STOP_EXIT;
    if (hart.get32(L.WFI) !== 0) {
      if (!wakes(this.machine, hart)) return L.STOP_WFI;
      hart.set32(L.WFI, 0);
    }
    // Entry to a handler is a yield point itself: another interrupt, one of a higher mode, may have become pending by then.
    for (let next = selectInterrupt(this.machine, hart); next; next = selectInterrupt(this.machine, hart))
      this.trap(hart, () => takeInterrupt(this.machine, hart, next));
    if (hart.instret + hart.get64(L.BARREN_TRAPS) >= hart.get64(L.INSTRET_LIMIT)) return L.STOP_LIMIT;
    if (hart.cycle >= hart.get64(L.TURN_END)) return L.STOP_TURN;
    return L.STOP_NONE;
  }

  /** One instruction, or the trap it takes. True: a yield point. */
  private step(hart: HartState): boolean {
    const pc = hart.pc;
    try {
      const fetched = this.fetch(hart, pc);
      if (this.probes.has(Number(pc % PAGE))) this.host.probe(hart.index, pc, fetched.raw);
      if (fetched.insn === undefined) throw new Trap(CAUSE_ILLEGAL, BigInt(fetched.raw));
      const { insn } = fetched;
      // Sources as they are before rd is written.
      const a = hart.readX(insn.rs1);
      const b = hart.readX(insn.rs2);
      this.evaluator.execute(hart, insn, pc);
      this.retire(hart, insn, fetched.pa, pc, a, b);
      if (this.returned) this.reportReturn(hart);
      return this.isYieldPoint(hart, pc);
    } catch (trap) {
      if (!(trap instanceof Trap)) throw trap;
      this.trap(hart, () => takeException(this.machine, hart, trap));
      return true;
    }
  }

  private fetch(hart: HartState, pc: bigint): Fetched {
    const first = this.loadStore.fetch(hart, pc);
    const space = this.mmu.space(hart, { type: L.ACCESS_FETCH, mode: hart.mode });
    this.timing.events?.t_fetch(hart.area, pc, first.pa, space);
    const second = isCompressed(first.parcel) ? 0 : this.loadStore.fetchSecond(hart, pc, first.pa);
    const raw = (first.parcel | (second << 16)) >>> 0;
    return { raw, insn: this.decode(raw), pa: first.pa };
  }

  /** Decoding depends on the bits alone, so every encoding is decoded once. */
  private decode(bits: number): DecodedInsn | undefined {
    const known = this.decoded.get(bits);
    if (known !== undefined) return known;
    const insn = this.decoder.decode(bits);
    if (insn !== undefined) this.decoded.set(bits, insn);
    return insn;
  }

  /** Counts the instruction and charges it: its static cost, then what depends on the outcome. */
  private retire(hart: HartState, insn: DecodedInsn, pa: bigint, pc: bigint, a: bigint, b: bigint): void {
    hart.instret += 1n;
    const { events: dynamic, staticCost } = this.timing;
    if (dynamic === undefined || staticCost === undefined) {
      hart.cycle += 1n;
      return;
    }
    const successors = this.successors(pa, insn.length, staticCost.lookahead);
    let cost = staticCost.cost(insn, successors);
    const { transfer } = this.evaluator;
    const rd = insn.rd === 0 ? SINK : insn.rd;
    switch (transfer.kind) {
      case 'branch':
        cost += dynamic.t_branch(hart.area, pc, insn.length, transfer.taken ? 1 : 0, transfer.target);
        break;
      case 'jal':
        cost += dynamic.t_jal(hart.area, pc, insn.length, transfer.target, rd);
        break;
      case 'jalr':
        cost += dynamic.t_jalr(hart.area, pc, insn.length, transfer.target, rd, insn.rs1);
        break;
      case 'none':
        break;
    }
    const kind = mulDivKind[insn.insn.name];
    if (kind !== undefined) cost += dynamic.t_muldiv(hart.area, kind, a, b, staticCost.slack(insn, successors));
    hart.cycle += BigInt(cost);
  }

  /** The instructions that follow in memory, as far as they lie in the same page; none behind one that crosses its end. */
  private successors(pa: bigint, length: number, count: number): DecodedInsn[] {
    const found: DecodedInsn[] = [];
    const end = (pa & ~(PAGE - 1n)) + PAGE;
    let at = pa + BigInt(length);
    while (found.length < count && at < end) {
      const low = Number(this.memory.readRam(at, 2));
      if (!isCompressed(low) && at + 2n >= end) break;
      const insn = this.decode(isCompressed(low) ? low : Number(this.memory.readRam(at, 4)));
      if (insn === undefined) break;
      found.push(insn);
      at += BigInt(insn.length);
    }
    return found;
  }

  /** The architectural places where interrupts and limits are noticed (docs: engine design, "Yield points"). */
  private isYieldPoint(hart: HartState, pc: bigint): boolean {
    const next = hart.pc;
    const { transfer, yields } = this.evaluator;
    if (yields || transfer.kind === 'jalr') return true;
    const taken = transfer.kind === 'jal' || (transfer.kind === 'branch' && transfer.taken);
    if (taken && next <= pc) return true;
    return next / PAGE !== pc / PAGE;
  }

  private trap(hart: HartState, take: () => TakenTrap): void {
    // What the hart waits for belongs to the mode that it leaves.
    this.timing.events?.t_settle(hart.area);
    const taken = take();
    const to = destinationIndex[taken.to];
    const fromV = taken.fromV ? 1 : 0;
    const counter = L.TRAP_COUNTS + 8 * ((fromV * 4 + to) * 128 + taken.code + (taken.interrupt ? 64 : 0));
    hart.set64(counter, hart.get64(counter) + 1n);
    if (hart.instret === hart.get64(L.TRAP_INSTRET)) hart.set64(L.BARREN_TRAPS, hart.get64(L.BARREN_TRAPS) + 1n);
    else hart.set64(L.TRAP_INSTRET, hart.instret);
    // Reported before it is charged: the way to the handler belongs to the exit.
    if (this.machine.option(L.M_EVENTS) !== 0) {
      const detail = taken.code | ((taken.interrupt ? 1 : 0) << 8) | (fromV << 16) | (to << 20);
      this.host.event(hart.index, L.EV_TRAP, detail, 0);
    }
    // Without the cycle model a trap counts as one cycle: a program that only traps still comes to the end of its turn.
    if (this.timing.events === undefined) hart.cycle += 1n;
    else this.timing.events.t_trap(hart.area);
  }

  /** Reported when it has been charged: the return itself still belongs to who returns. */
  private reportReturn(hart: HartState): void {
    this.returned = false;
    if (this.machine.option(L.M_EVENTS) === 0) return;
    this.host.event(hart.index, L.EV_RETURN, hart.prv | ((hart.v ? 1 : 0) << 4), 0);
  }
}
