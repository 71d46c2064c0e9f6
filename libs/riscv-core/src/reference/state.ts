/**
 * The architectural state of machine and harts, as BigInt views of the machine's linear memory (hart/layout.ts).
 * State lives only there, so a machine can be handed from one engine to another between two runs.
 */
import * as L from '../hart/layout.js';
import type { Csr } from '../isa/csrs.js';
import { HU } from './mstatus.js';
import { CSR_HSTATUS, CSR_HUSTATUS } from '../hart/csr-slots.js';

/** Where a mode of execution sits: PRV and V. */
export interface Mode {
  readonly prv: number;
  readonly v: boolean;
}

/** One hart's registers. `slot` is a byte offset of hart/csr-slots.ts. */
export class HartState {
  private readonly base: number;
  private readonly view: DataView;

  constructor(
    memory: WebAssembly.Memory,
    readonly index: number,
  ) {
    this.base = L.HARTS + index * L.HART_STRIDE;
    this.view = new DataView(memory.buffer);
  }

  /** Linear address of the hart area: the `h` of the core module's functions. */
  get area(): number {
    return this.base;
  }

  readX(register: number): bigint {
    return register === 0 ? 0n : this.get64(L.X + 8 * register);
  }

  writeX(register: number, value: bigint): void {
    if (register !== 0) this.set64(L.X + 8 * register, value);
  }

  get pc(): bigint {
    return this.get64(L.PC);
  }
  set pc(value: bigint) {
    this.set64(L.PC, value);
  }

  get instret(): bigint {
    return this.get64(L.INSTRET);
  }
  set instret(value: bigint) {
    this.set64(L.INSTRET, value);
  }

  get cycle(): bigint {
    return this.get64(L.CYCLE);
  }
  set cycle(value: bigint) {
    this.set64(L.CYCLE, value);
  }

  get prv(): number {
    return this.get32(L.PRV);
  }

  get v(): boolean {
    return this.get32(L.V) !== 0;
  }

  get mode(): Mode {
    return { prv: this.prv, v: this.v };
  }
  set mode({ prv, v }: Mode) {
    this.set32(L.PRV, prv);
    this.set32(L.V, v ? 1 : 0);
    this.set32(L.COUNTS_ACTIVE, this.base + L.EVENT_COUNTS + (prv | (v ? 4 : 0)) * L.EVENT_BANK_SIZE);
  }

  csr(slot: number): bigint {
    return this.get64(slot);
  }

  setCsr(slot: number, value: bigint): void {
    this.set64(slot, value);
  }

  get8(offset: number): number {
    return this.view.getUint8(this.base + offset);
  }

  get32(offset: number): number {
    return this.view.getUint32(this.base + offset, true);
  }

  set32(offset: number, value: number): void {
    this.view.setUint32(this.base + offset, value, true);
  }

  get64(offset: number): bigint {
    return this.view.getBigUint64(this.base + offset, true);
  }

  set64(offset: number, value: bigint): void {
    this.view.setBigUint64(this.base + offset, value, true);
  }
}

/** The machine block: options, RAM bounds, CLINT. */
export class MachineState {
  readonly view: DataView;
  readonly harts: readonly HartState[];
  readonly ramBase: bigint;
  readonly ramSize: bigint;
  readonly ramLinear: number;
  readonly dvext: number;
  readonly hypervisor: boolean;
  readonly timing: boolean;

  /** The registers of this machine by number. */
  readonly csrs: ReadonlyMap<number, Csr>;

  constructor(memory: WebAssembly.Memory, csrs: readonly Csr[]) {
    this.view = new DataView(memory.buffer);
    this.csrs = new Map(csrs.map((row) => [row.number, row]));
    this.harts = Array.from({ length: this.option(L.M_HARTS) }, (_, i) => new HartState(memory, i));
    this.ramBase = this.get64(L.M_RAM_BASE);
    this.ramSize = this.get64(L.M_RAM_SIZE);
    this.ramLinear = this.option(L.M_RAM_LINEAR);
    this.dvext = this.option(L.M_DVEXT);
    this.hypervisor = (this.option(L.M_EXTENSIONS) & L.MEXT_H) !== 0;
    this.timing = this.option(L.M_TIMING) !== 0;
  }

  /** A u32 of the machine block. */
  option(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  get64(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  set64(offset: number, value: bigint): void {
    this.view.setBigUint64(offset, value, true);
  }

  set32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  get hasDvext(): boolean {
    return this.dvext !== L.DVEXT_NONE;
  }

  /** User mode of a hypervisor thread: U with V = 0 while hstatus.HU is set (dv-ext.md 1). */
  isHu(hart: HartState): boolean {
    return !hart.v && hart.prv === L.PRV_U && (hart.csr(CSR_HSTATUS) & HU) !== 0n;
  }

  /** hstatus as it governs the guest (VTVM, VTW, VTSR); in profile qemu hustatus does (dv-ext.md 2.4). */
  guestControls(hart: HartState): bigint {
    return hart.csr(this.dvext === L.DVEXT_QEMU ? CSR_HUSTATUS : CSR_HSTATUS);
  }

  /** mtime follows the clock of the hart that looks. */
  mtime(hart: HartState): bigint {
    const ticks = hart.cycle / this.get64(L.M_CYCLES_PER_TICK);
    return (ticks + this.get64(L.M_MTIME_OFFSET)) & 0xffff_ffff_ffff_ffffn;
  }
}
