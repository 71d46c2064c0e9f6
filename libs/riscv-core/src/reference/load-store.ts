/** Data accesses and instruction fetch: alignment, translation, protection, RAM or device, cycle model. */
import { CSR_MSTATUS } from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import { CAUSE_LOAD_MISALIGNED, CAUSE_STORE_MISALIGNED } from '../isa/causes.js';
import { DATA_LOAD, DATA_RESERVE, DATA_STORE } from '../timing/events.js';
import { NAN_BOX, signExtend, wrap } from './bits.js';
import { accessFault, pmpNeed, type Access, type Mmu } from './mmu.js';
import { MPP, MPP_SHIFT, MPRV, MPV } from './mstatus.js';
import type { PhysicalMemory } from './physical-memory.js';
import { pmpAllows } from './pmp.js';
import type { HartState, MachineState, Mode } from './state.js';
import type { Timing } from './timing.js';
import { Trap } from './trap.js';

const PAGE = 4096n;
const LINE = 64n;

/** Part of an access that lies in one page. */
interface Piece {
  readonly va: bigint;
  readonly size: number;
}

/** New value of the memory word from the old one and rs2, both as unsigned `width`-bit values. */
export type AtomicOperation = (old: bigint, operand: bigint, width: number) => bigint;

export class LoadStore {
  constructor(
    private readonly machine: MachineState,
    private readonly memory: PhysicalMemory,
    private readonly mmu: Mmu,
    private readonly timing: Timing,
  ) {}

  /** Mode of explicit loads and stores: mstatus.MPRV lends them that of MPP and MPV (3.1.6.3). */
  dataMode(hart: HartState): Mode {
    const mstatus = hart.csr(CSR_MSTATUS);
    if (hart.prv !== L.PRV_M || (mstatus & MPRV) === 0n) return hart.mode;
    const prv = Number((mstatus & MPP) >> BigInt(MPP_SHIFT));
    return { prv, v: prv !== L.PRV_M && this.machine.hypervisor && (mstatus & MPV) !== 0n };
  }

  /** `kind`: ACCESS_* bits. Gives the register value; `yields` tells that a device answered. */
  load(hart: HartState, va: bigint, kind: number, access: Access): { value: bigint; yields: boolean } {
    const size = 1 << (kind & L.ACCESS_SIZE);
    const extend = (raw: bigint): bigint => {
      if ((kind & L.ACCESS_FLOAT) !== 0) return size === 4 ? raw | NAN_BOX : raw;
      return (kind & L.ACCESS_UNSIGNED) !== 0 ? raw : signExtend(raw, 8 * size);
    };
    if (va % BigInt(size) !== 0n) return { value: extend(this.loadMisaligned(hart, va, size, access)), yields: false };
    const pa = this.translate(hart, va, size, access);
    if (this.memory.isRam(pa, size)) {
      this.timing.events?.t_data(hart.area, pa, DATA_LOAD);
      return { value: extend(this.memory.readRam(pa, size)), yields: false };
    }
    const value = this.loadDevice(hart, pa, size);
    if (value === undefined) throw accessFault(access, va);
    return { value: extend(value), yields: true };
  }

  /** True: a yielding access (device or HTIF). */
  store(hart: HartState, va: bigint, kind: number, value: bigint, access: Access): boolean {
    const size = 1 << (kind & L.ACCESS_SIZE);
    if (va % BigInt(size) !== 0n) return this.storeMisaligned(hart, va, size, value, access);
    const pa = this.translate(hart, va, size, access);
    if (this.memory.isRam(pa, size)) {
      this.timing.events?.t_data(hart.area, pa, DATA_STORE);
      this.memory.writeRam(pa, size, value);
      return this.memory.noticeTohost(pa, size);
    }
    if (!this.storeDevice(hart, pa, size, value)) throw accessFault(access, va);
    return true;
  }

  /** AMO: gives the old value, sign-extended. */
  atomic(
    hart: HartState,
    va: bigint,
    kind: number,
    operand: bigint,
    operation: AtomicOperation,
  ): { old: bigint; yields: boolean } {
    const size = 1 << (kind & L.ACCESS_SIZE);
    const access = this.dataAccess(hart, L.ACCESS_STORE);
    const pa = this.atomicAddress(hart, va, size, access, CAUSE_STORE_MISALIGNED);
    this.timing.events?.t_data(hart.area, pa, DATA_STORE);
    const width = 8 * size;
    const old = this.memory.readRam(pa, size);
    this.memory.writeRam(pa, size, operation(old, BigInt.asUintN(width, operand), width));
    return { old: signExtend(old, width), yields: this.memory.noticeTohost(pa, size) };
  }

  loadReserved(hart: HartState, va: bigint, kind: number): bigint {
    const size = 1 << (kind & L.ACCESS_SIZE);
    const pa = this.atomicAddress(hart, va, size, this.dataAccess(hart, L.ACCESS_LOAD), CAUSE_LOAD_MISALIGNED);
    this.timing.events?.t_data(hart.area, pa, DATA_RESERVE);
    const raw = this.memory.readRam(pa, size);
    hart.set32(L.RES_VALID, 1);
    hart.set32(L.RES_SIZE, size);
    hart.set64(L.RES_ADDR, pa);
    hart.set64(L.RES_VALUE, signExtend(raw, 8 * size));
    this.timing.events?.t_reserve(hart.area);
    return signExtend(raw, 8 * size);
  }

  /** 0 on success, 1 on failure. Harts run in turns: a reservation holds while memory still has the value that LR read. */
  storeConditional(hart: HartState, va: bigint, kind: number, value: bigint): { result: bigint; yields: boolean } {
    const size = 1 << (kind & L.ACCESS_SIZE);
    const pa = this.atomicAddress(hart, va, size, this.dataAccess(hart, L.ACCESS_STORE), CAUSE_STORE_MISALIGNED);
    this.timing.events?.t_settle(hart.area);
    const held =
      hart.get32(L.RES_VALID) !== 0 &&
      (this.timing.events === undefined || hart.cycle < hart.get64(L.RES_END)) &&
      hart.get32(L.RES_SIZE) === size &&
      hart.get64(L.RES_ADDR) === pa &&
      hart.get64(L.RES_VALUE) === signExtend(this.memory.readRam(pa, size), 8 * size);
    hart.set32(L.RES_VALID, 0);
    if (!held) return { result: 1n, yields: false };
    this.timing.events?.t_data(hart.area, pa, DATA_STORE);
    this.memory.writeRam(pa, size, value);
    return { result: 0n, yields: this.memory.noticeTohost(pa, size) };
  }

  /** One 16-bit parcel of code and its physical address. */
  fetch(hart: HartState, va: bigint): { parcel: number; pa: bigint } {
    const access: Access = { type: L.ACCESS_FETCH, mode: hart.mode };
    return this.fetchAt(hart, va, this.mmu.translate(hart, va, access), access);
  }

  /** The second parcel of an instruction whose first is at `va` = `pa`. */
  fetchSecond(hart: HartState, va: bigint, pa: bigint): number {
    const next = wrap(va + 2n);
    if (next % PAGE === 0n) return this.fetch(hart, next).parcel;
    return this.fetchAt(hart, next, pa + 2n, { type: L.ACCESS_FETCH, mode: hart.mode }).parcel;
  }

  private fetchAt(hart: HartState, va: bigint, pa: bigint, access: Access): { parcel: number; pa: bigint } {
    if (!this.memory.isRam(pa, 2) || !this.permitted(hart, pa, 2, access)) throw accessFault(access, va);
    return { parcel: Number(this.memory.readRam(pa, 2)), pa };
  }

  /** An ordinary access of the hart's present data mode. */
  dataAccess(hart: HartState, type: number): Access {
    return { type, mode: this.dataMode(hart) };
  }

  private translate(hart: HartState, va: bigint, size: number, access: Access): bigint {
    const pa = this.mmu.translate(hart, va, access);
    if (!this.permitted(hart, pa, size, access)) throw accessFault(access, va);
    this.timing.events?.t_tlb(hart.area, va, access.type, this.mmu.space(hart, access));
    return pa;
  }

  /** Inside the physical address space, and allowed by PMP. */
  private permitted(hart: HartState, pa: bigint, size: number, access: Access): boolean {
    const { prv, v } = access.mode;
    if (pa + BigInt(size) > this.machine.get64(L.M_PHYS_LIMIT)) return false;
    return pmpAllows(this.machine, hart, pa, size, { prv, need: pmpNeed(access), virtualized: v });
  }

  /** Atomics are always naturally aligned and always in RAM (Unprivileged ISA, "A"; PMA of devices: no AMO). */
  private atomicAddress(hart: HartState, va: bigint, size: number, access: Access, misaligned: number): bigint {
    if (va % BigInt(size) !== 0n) throw new Trap(misaligned, va, { gva: access.mode.v });
    const pa = this.translate(hart, va, size, access);
    if (!this.memory.isRam(pa, size)) throw accessFault(access, va);
    return pa;
  }

  private loadDevice(hart: HartState, pa: bigint, size: number): bigint | undefined {
    this.timing.events?.t_mmio(hart.area, 0);
    return this.memory.loadDevice(hart, pa, size);
  }

  private storeDevice(hart: HartState, pa: bigint, size: number, value: bigint): boolean {
    this.timing.events?.t_mmio(hart.area, 1);
    return this.memory.storeDevice(hart, pa, size, value);
  }

  /** Where misaligned accesses to RAM succeed, both pages are checked before anything is read or written. */
  private misalignedPieces(hart: HartState, va: bigint, size: number, access: Access): { pa: bigint; size: number }[] {
    const cause = access.type === L.ACCESS_STORE ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED;
    const refused = new Trap(cause, va, { gva: access.mode.v });
    if (this.machine.option(L.M_MISALIGNED_OK) === 0) throw refused;
    return splitAt(va, size, PAGE).map((piece) => {
      const pa = this.translate(hart, piece.va, piece.size, access);
      if (!this.memory.isRam(pa, piece.size)) throw refused;
      return { pa, size: piece.size };
    });
  }

  private loadMisaligned(hart: HartState, va: bigint, size: number, access: Access): bigint {
    let value = 0n;
    let shift = 0;
    for (const piece of this.misalignedPieces(hart, va, size, access)) {
      this.touchLines(hart, piece.pa, piece.size, DATA_LOAD);
      value |= this.memory.readRam(piece.pa, piece.size) << BigInt(shift);
      shift += 8 * piece.size;
    }
    return value;
  }

  private storeMisaligned(hart: HartState, va: bigint, size: number, value: bigint, access: Access): boolean {
    let rest = value;
    let yields = false;
    for (const piece of this.misalignedPieces(hart, va, size, access)) {
      this.touchLines(hart, piece.pa, piece.size, DATA_STORE);
      this.memory.writeRam(piece.pa, piece.size, rest);
      rest >>= BigInt(8 * piece.size);
      if (this.memory.noticeTohost(piece.pa, piece.size)) yields = true;
    }
    return yields;
  }

  private touchLines(hart: HartState, pa: bigint, size: number, kind: number): void {
    for (const line of splitAt(pa, size, LINE)) this.timing.events?.t_data(hart.area, line.va, kind);
  }
}

/** Cuts [va, va+size) at multiples of `unit`; addresses wrap at 2^64. */
function splitAt(va: bigint, size: number, unit: bigint): Piece[] {
  const room = Number(unit - (va % unit));
  if (size <= room) return [{ va, size }];
  return [
    { va, size: room },
    { va: wrap(va + BigInt(room)), size: size - room },
  ];
}

const signedOf = (value: bigint, width: number): bigint => BigInt.asIntN(width, value);

/** AMO_* of isa/sysops.ts, in their order. */
export const atomicOperations: readonly AtomicOperation[] = [
  (_old, operand) => operand,
  (old, operand) => old + operand,
  (old, operand) => old ^ operand,
  (old, operand) => old & operand,
  (old, operand) => old | operand,
  (old, operand, width) => (signedOf(old, width) <= signedOf(operand, width) ? old : operand),
  (old, operand, width) => (signedOf(old, width) >= signedOf(operand, width) ? old : operand),
  (old, operand) => (old <= operand ? old : operand),
  (old, operand) => (old >= operand ? old : operand),
];
