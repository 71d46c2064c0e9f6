/** Reads an instruction's semantics by doing what they say, at once, on BigInt. */
import type { DecodedInsn } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import { registerUse, type RegisterField } from '../isa/insn.js';
import type { Semantics } from '../isa/semantics.js';
import { bit, MASK64, signed, signExtend, wrap } from './bits.js';
import { executeFloat, floatAccess } from './float-ops.js';
import { atomicOperations, type LoadStore } from './load-store.js';
import type { HartState } from './state.js';

const truth = (condition: boolean): bigint => (condition ? 1n : 0n);
const INT64_MIN = -(1n << 63n);

/** Kind of control transfer, for the branch predictor. */
export type Transfer =
  | { readonly kind: 'none' }
  | { readonly kind: 'branch'; readonly taken: boolean; readonly target: bigint }
  | { readonly kind: 'jal' | 'jalr'; readonly target: bigint };

/** What the system instructions need of the engine (system.ts). */
export type SystemHandler = (hart: HartState, op: number, insn: DecodedInsn, pc: bigint) => void;

export class Evaluator implements Semantics<bigint> {
  private hart!: HartState;
  private insn!: DecodedInsn;
  private at = 0n;

  transfer: Transfer = { kind: 'none' };
  /** A device or HTIF took part, or the instruction is a system one: the engine polls after it. */
  yields = false;

  constructor(
    private readonly memory: LoadStore,
    private readonly systemHandler: SystemHandler,
  ) {}

  /** Executes `insn` at `pc`. Leaves the address of the next instruction in the hart's pc. Throws Trap. */
  execute(hart: HartState, insn: DecodedInsn, pc: bigint): void {
    this.hart = hart;
    this.insn = insn;
    this.at = pc;
    this.transfer = { kind: 'none' };
    this.yields = false;
    hart.pc = this.nextPc();
    try {
      insn.insn.semantics(this);
    } catch (trap) {
      hart.pc = pc;
      throw trap;
    }
  }

  rs1(): bigint {
    return this.register(registerUse[this.insn.insn.format].rs1, this.insn.rs1);
  }
  rs2(): bigint {
    return this.register(registerUse[this.insn.insn.format].rs2, this.insn.rs2);
  }
  imm(): bigint {
    return wrap(BigInt(this.insn.imm));
  }
  pc(): bigint {
    return this.at;
  }
  nextPc(): bigint {
    return wrap(this.at + BigInt(this.insn.length));
  }
  setRd(value: bigint): void {
    if (registerUse[this.insn.insn.format].rd === 'f') this.hart.set64(L.F + 8 * this.insn.rd, value);
    else this.hart.writeX(this.insn.rd, value);
  }

  constant(value: bigint): bigint {
    return wrap(value);
  }
  keep(value: bigint): bigint {
    return value;
  }

  add(a: bigint, b: bigint): bigint {
    return wrap(a + b);
  }
  sub(a: bigint, b: bigint): bigint {
    return wrap(a - b);
  }
  and(a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  shl(a: bigint, b: bigint): bigint {
    return wrap(a << (b & 63n));
  }
  shrU(a: bigint, b: bigint): bigint {
    return a >> (b & 63n);
  }
  shrS(a: bigint, b: bigint): bigint {
    return wrap(signed(a) >> (b & 63n));
  }
  rotr(a: bigint, b: bigint): bigint {
    const by = b & 63n;
    return wrap((a >> by) | (a << (64n - by)));
  }
  mul(a: bigint, b: bigint): bigint {
    return wrap(a * b);
  }
  mulhS(a: bigint, b: bigint): bigint {
    return wrap((signed(a) * signed(b)) >> 64n);
  }
  mulhU(a: bigint, b: bigint): bigint {
    return (a * b) >> 64n;
  }
  mulhSU(a: bigint, b: bigint): bigint {
    return wrap((signed(a) * b) >> 64n);
  }
  divS(a: bigint, b: bigint): bigint {
    if (b === 0n) return MASK64;
    if (signed(a) === INT64_MIN && signed(b) === -1n) return a;
    return wrap(signed(a) / signed(b));
  }
  divU(a: bigint, b: bigint): bigint {
    return b === 0n ? MASK64 : a / b;
  }
  remS(a: bigint, b: bigint): bigint {
    if (b === 0n) return a;
    if (signed(a) === INT64_MIN && signed(b) === -1n) return 0n;
    return wrap(signed(a) % signed(b));
  }
  remU(a: bigint, b: bigint): bigint {
    return b === 0n ? a : a % b;
  }

  eq(a: bigint, b: bigint): bigint {
    return truth(a === b);
  }
  ne(a: bigint, b: bigint): bigint {
    return truth(a !== b);
  }
  ltS(a: bigint, b: bigint): bigint {
    return truth(signed(a) < signed(b));
  }
  ltU(a: bigint, b: bigint): bigint {
    return truth(a < b);
  }
  geS(a: bigint, b: bigint): bigint {
    return truth(signed(a) >= signed(b));
  }
  geU(a: bigint, b: bigint): bigint {
    return truth(a >= b);
  }
  select(condition: bigint, whenTrue: bigint, whenFalse: bigint): bigint {
    return condition !== 0n ? whenTrue : whenFalse;
  }
  clz(a: bigint): bigint {
    return BigInt(a === 0n ? 64 : 64 - a.toString(2).length);
  }
  ctz(a: bigint): bigint {
    for (let i = 0; i < 64; i++) if (bit(a, i)) return BigInt(i);
    return 64n;
  }
  popcount(a: bigint): bigint {
    return BigInt(a.toString(2).replaceAll('0', '').length);
  }
  sext8(a: bigint): bigint {
    return signExtend(a, 8);
  }
  sext16(a: bigint): bigint {
    return signExtend(a, 16);
  }
  sext32(a: bigint): bigint {
    return signExtend(a, 32);
  }
  zext32(a: bigint): bigint {
    return BigInt.asUintN(32, a);
  }

  load(kind: number, address: bigint): bigint {
    const access = this.memory.dataAccess(this.hart, L.ACCESS_LOAD);
    const { value, yields } = this.memory.load(this.hart, address, kind, access);
    this.yields ||= yields;
    return value;
  }
  store(kind: number, address: bigint, value: bigint): void {
    const access = this.memory.dataAccess(this.hart, L.ACCESS_STORE);
    if (this.memory.store(this.hart, address, kind, value, access)) this.yields = true;
  }
  amo(op: number, kind: number, address: bigint, value: bigint): bigint {
    const { old, yields } = this.memory.atomic(this.hart, address, kind, value, atomicOperations[op]!);
    this.yields ||= yields;
    return old;
  }
  loadReserved(kind: number, address: bigint): bigint {
    return this.memory.loadReserved(this.hart, address, kind);
  }
  storeConditional(kind: number, address: bigint, value: bigint): bigint {
    const { result, yields } = this.memory.storeConditional(this.hart, address, kind, value);
    this.yields ||= yields;
    return result;
  }

  branch(condition: bigint, target: bigint): void {
    const taken = condition !== 0n;
    this.transfer = { kind: 'branch', taken, target };
    if (taken) this.hart.pc = target;
  }
  jump(target: bigint): void {
    this.transfer = { kind: 'jal', target };
    this.hart.pc = target;
  }
  jumpIndirect(target: bigint): void {
    this.transfer = { kind: 'jalr', target };
    this.hart.pc = target;
  }

  floatAccess(writes: boolean): void {
    floatAccess(this.hart, this.insn, writes);
  }
  float(op: number): void {
    executeFloat(this.hart, this.insn, op);
  }
  system(op: number): void {
    this.yields = true;
    this.systemHandler(this.hart, op, this.insn, this.at);
  }
  fence(): void {
    // Harts run in turns on one memory: nothing to order.
  }

  private register(field: RegisterField, number: number): bigint {
    return field === 'f' ? this.hart.get64(L.F + 8 * number) : this.hart.readX(number);
  }
}
