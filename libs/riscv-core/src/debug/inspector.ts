/** Looks into a machine without disturbing it: registers, CSRs, memory through the translation that a hart uses now. For every engine. */
import type { DecodedInsn } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import type { Csr } from '../isa/csrs.js';
import { machineCsrs } from '../machine/config.js';
import { hartArea } from '../machine/linear-memory.js';
import type { Machine } from '../machine/machine.js';
import { csrInMode } from '../reference/csr-access.js';
import { readCsr } from '../reference/csr-file.js';
import { floatOutcome } from '../reference/float-ops.js';
import { Mmu } from '../reference/mmu.js';
import { PhysicalMemory } from '../reference/physical-memory.js';
import { MachineState, type HartState, type Mode } from '../reference/state.js';
import { untimed } from '../reference/timing.js';
import { Trap } from '../reference/trap.js';

/** A walk that sets no accessed or dirty bits. */
class Unwritten extends PhysicalMemory {
  override writeRam(): void {
    // Looking leaves no trace.
  }
}

export class Inspector {
  /** The registers of this machine by number. */
  readonly csrs: ReadonlyMap<number, Csr>;
  private readonly state: MachineState;
  private readonly mmu: Mmu;
  private readonly ram: PhysicalMemory;

  constructor(private readonly machine: Machine) {
    const { config, memory } = machine;
    this.state = new MachineState(memory.memory, machineCsrs(config));
    this.csrs = this.state.csrs;
    this.ram = new Unwritten(this.state, machine.host);
    this.mmu = new Mmu(this.state, this.ram, untimed);
  }

  x(hart: number, register: number): bigint {
    return this.hart(hart).readX(register);
  }

  setX(hart: number, register: number, value: bigint): void {
    this.hart(hart).writeX(register, BigInt.asUintN(64, value));
  }

  /** NaN-boxed bits. */
  f(hart: number, register: number): bigint {
    return this.hart(hart).get64(L.F + 8 * register);
  }

  setF(hart: number, register: number, value: bigint): void {
    this.hart(hart).set64(L.F + 8 * register, BigInt.asUintN(64, value));
  }

  pc(hart: number): bigint {
    return this.hart(hart).pc;
  }

  setPc(hart: number, value: bigint): void {
    this.hart(hart).pc = BigInt.asUintN(64, value);
  }

  mode(hart: number): Mode {
    return this.hart(hart).mode;
  }

  /** What reading the register would give, whoever may read it; undefined = there is none of this number. */
  csr(hart: number, number: number): bigint | undefined {
    if (!this.csrs.has(number)) return undefined;
    const state = this.hart(hart);
    return readCsr(this.state, state, csrInMode(this.state, state, number));
  }

  /** The register that a number names in the hart's present mode: a guest's own where V = 1. */
  csrNamed(hart: number, number: number): Csr | undefined {
    return this.csrs.has(number) ? csrInMode(this.state, this.hart(hart), number) : undefined;
  }

  /** fflags that the instruction, FLOAT_* `op`, is about to raise; 0 where it will trap instead. */
  raisedFlags(hart: number, insn: DecodedInsn, op: number): number {
    try {
      return floatOutcome(this.hart(hart), insn, op).flags;
    } catch (trap) {
      if (trap instanceof Trap) return 0;
      throw trap;
    }
  }

  /** Physical address of a virtual one, whatever permission says; undefined = not mapped. */
  translate(hart: number, va: bigint): bigint | undefined {
    const state = this.hart(hart);
    const trace = this.traceOf(hart);
    const kept = trace.slice();
    try {
      const { v, prv } = state.mode;
      const modes: Mode[] = [{ prv, v }, ...(prv === L.PRV_S ? [{ prv: L.PRV_U, v }] : [])];
      for (const mode of modes)
        for (const type of [L.ACCESS_LOAD, L.ACCESS_FETCH]) {
          try {
            return this.mmu.translate(state, va, { type, mode });
          } catch (trap) {
            if (!(trap instanceof Trap)) throw trap;
          }
        }
      return undefined;
    } finally {
      trace.set(kept);
    }
  }

  /** RAM at a virtual address; shorter than `size` where it ends. Devices are not looked at: a read could change them. */
  read(hart: number, va: bigint, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let done = 0;
    for (const piece of this.pieces(hart, va, size)) {
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes.subarray(0, done);
  }

  /** False: not all of it is RAM, and nothing was written. The engine must be told (Machine.memoryChanged). */
  write(hart: number, va: bigint, bytes: Uint8Array): boolean {
    const pieces = [...this.pieces(hart, va, bytes.length)];
    if (pieces.reduce((sum, { length }) => sum + length, 0) !== bytes.length) return false;
    let done = 0;
    for (const piece of pieces) {
      piece.set(bytes.subarray(done, done + piece.length));
      done += piece.length;
    }
    return true;
  }

  /** The RAM bytes themselves, page by page. */
  private *pieces(hart: number, va: bigint, size: number): Generator<Uint8Array> {
    for (let done = 0; done < size;) {
      const at = BigInt.asUintN(64, va + BigInt(done));
      const length = Math.min(size - done, 4096 - Number(at & 0xfffn));
      const pa = this.translate(hart, at);
      if (pa === undefined || !this.machine.ram.contains(pa, BigInt(length))) return;
      yield this.machine.ram.slice(pa, BigInt(length));
      done += length;
    }
  }

  private hart(index: number): HartState {
    const state = this.state.harts[index];
    if (state === undefined) throw new RangeError(`hart ${index} of ${this.state.harts.length}`);
    return state;
  }

  /** What a walk leaves behind. */
  private traceOf(hart: number): Uint8Array {
    const area = hartArea(hart);
    return this.machine.memory.bytes.subarray(area + L.PTE_TRACE, area + L.CORE_PRIVATE);
  }
}
