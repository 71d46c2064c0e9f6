/**
 * The vocabulary in which the ISA tables state what an instruction does. An engine is a way of reading it:
 * the reference evaluates at once (V = bigint), the interpreter and the JIT turn it into WebAssembly (V = an expression).
 *
 * All values are 64 bits wide, unsigned two's complement; a condition is a value that is 0 or 1.
 * Operations are written in program order; a value that must be read before a register is overwritten is fixed by `keep`.
 */
export interface Semantics<V> {
  /** Register operands: of the file that the format says; a binary32 value is NaN-boxed. */
  rs1(): V;
  rs2(): V;
  /** The immediate, sign-extended to 64 bits. */
  imm(): V;
  /** Address of this instruction. */
  pc(): V;
  /** Address of the next instruction in memory order. */
  nextPc(): V;
  /** Writes rd; a write to x0 has no effect. */
  setRd(value: V): void;

  constant(value: bigint): V;
  /** Evaluates now: later register writes do not change it. */
  keep(value: V): V;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  /** Shifts use the low 6 bits of `b`. */
  shl(a: V, b: V): V;
  shrU(a: V, b: V): V;
  shrS(a: V, b: V): V;
  /** Rotation to the right. */
  rotr(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** High 64 bits of the 128-bit product: signed, unsigned, signed x unsigned. */
  mulhS(a: V, b: V): V;
  mulhU(a: V, b: V): V;
  mulhSU(a: V, b: V): V;
  /** Division as the M extension defines it: x / 0 = all ones, x % 0 = x, overflow = dividend and 0. */
  divS(a: V, b: V): V;
  divU(a: V, b: V): V;
  remS(a: V, b: V): V;
  remU(a: V, b: V): V;

  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  ltS(a: V, b: V): V;
  ltU(a: V, b: V): V;
  geS(a: V, b: V): V;
  geU(a: V, b: V): V;
  select(condition: V, whenTrue: V, whenFalse: V): V;

  /** Zeros above the highest one, below the lowest one (64 if there is none); number of ones. */
  clz(a: V): V;
  ctz(a: V): V;
  popcount(a: V): V;

  sext8(a: V): V;
  sext16(a: V): V;
  sext32(a: V): V;
  zext32(a: V): V;

  /** Memory. `kind`: ACCESS_* bits of hart/layout.ts (log2 size, 4 = zero-extend, 8 = NaN-box). A trap abandons the instruction. */
  load(kind: number, address: V): V;
  store(kind: number, address: V, value: V): void;
  /** `op`: AMO_* of isa/sysops.ts. Gives the old value, sign-extended. */
  amo(op: number, kind: number, address: V, value: V): V;
  loadReserved(kind: number, address: V): V;
  /** Gives 0 on success, 1 on failure. */
  storeConditional(kind: number, address: V, value: V): V;

  /** Conditional transfer to a pc-relative target. */
  branch(condition: V, target: V): void;
  /** JAL: unconditional pc-relative transfer. */
  jump(target: V): void;
  /** JALR: transfer to a computed address (bit 0 already clear). */
  jumpIndirect(target: V): void;

  /** Illegal instruction while floating point is off; `writes`: its state becomes dirty. Comes first in a row. */
  floatAccess(writes: boolean): void;
  /** Executed by the core (FLOAT_* of isa/floatops.ts), operands, result and `floatAccess` included; may trap. */
  float(op: number): void;

  /** Executed wholly by the core (SYS_* of isa/sysops.ts). */
  system(op: number): void;
  /** FENCE: memory is sequentially consistent here, so only the cycle model sees it. */
  fence(): void;
}
