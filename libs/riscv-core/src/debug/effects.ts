/** What an instruction is about to do to registers and memory, from its table row and the registers before it. */
import type { DecodedInsn } from '../decode/decoder.js';
import { registerUse } from '../isa/insn.js';
import * as ops from '../isa/sysops.js';
import { atomicOperations } from '../reference/load-store.js';
import type { Inspector } from './inspector.js';

export interface MemoryEffect {
  readonly address: bigint;
  /** Bytes. */
  readonly size: number;
}

export interface Effects {
  readonly load?: MemoryEffect;
  /** `value`: what will be there, zero-extended; of SC, if it succeeds. Undefined where it depends on a device. */
  readonly store?: MemoryEffect & { readonly value: bigint | undefined };
  /** SC stores only if it then finds 0 in rd. */
  readonly conditional: boolean;
  /** Number of the CSR that a CSR instruction writes. */
  readonly csr?: number;
}

const nothing: Effects = { conditional: false };

/** `hart` stands before the instruction. */
export function effectsOf(inspector: Inspector, hart: number, { insn, rs1, rs2, imm }: DecodedInsn): Effects {
  const base = (): bigint => inspector.x(hart, rs1);
  const at = (): bigint => BigInt.asUintN(64, base() + BigInt(imm));
  const size = 1 << ((insn.match >> 12) & 3);
  const low = (value: bigint, bytes: number): bigint => BigInt.asUintN(8 * bytes, value);
  switch (insn.format) {
    case 'load':
    case 'f-load':
      return { load: { address: at(), size }, conditional: false };
    case 'S':
    case 'f-store': {
      const value = registerUse[insn.format].rs2 === 'f' ? inspector.f(hart, rs2) : inspector.x(hart, rs2);
      return { store: { address: at(), size, value: low(value, size) }, conditional: false };
    }
    case 'lr':
      return { load: { address: base(), size }, conditional: false };
    case 'amo': {
      const address = base();
      const operand = inspector.x(hart, rs2);
      if (insn.latency === 'sc') return { store: { address, size, value: low(operand, size) }, conditional: true };
      const old = inspector.read(hart, address, size);
      const value =
        old.length < size ? undefined : low(atomic(insn.name, littleEndian(old), low(operand, size), size), size);
      return { load: { address, size }, store: { address, size, value }, conditional: false };
    }
    case 'hlv':
      return { load: { address: base(), size: 1 << (imm & 3) }, conditional: false };
    case 'hsv': {
      const bytes = 1 << (imm & 3);
      return { store: { address: base(), size: bytes, value: low(inspector.x(hart, rs2), bytes) }, conditional: false };
    }
    case 'csr':
    case 'csri': {
      const onlyReads = insn.name !== 'csrrw' && insn.name !== 'csrrwi' && rs1 === 0;
      return onlyReads ? nothing : { csr: imm & 0xfff, conditional: false };
    }
    default:
      return nothing;
  }
}

/** `amoadd.w` -> AMO_ADD. Operands zero-extended. */
function atomic(name: string, old: bigint, operand: bigint, size: number): bigint {
  const operation = /^amo(\w+)\./.exec(name)?.[1]?.toUpperCase() ?? '';
  const number = (ops as Readonly<Record<string, number>>)[`AMO_${operation}`];
  const perform = number === undefined ? undefined : atomicOperations[number];
  if (perform === undefined) throw new Error(`no atomic operation of ${name}`);
  return perform(old, operand, 8 * size);
}

export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** `size` bytes as hexadecimal digits. */
export function hexOf(size: number, value: bigint): string {
  return `0x${value.toString(16).padStart(2 * size, '0')}`;
}
