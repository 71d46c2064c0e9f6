/** Registers by GDB's numbers: x0..x31, pc 32, f0..f31 from 33, CSRs from 65; and their description in XML. */
import { registerNames } from '../../isa/registers.js';
import type { Inspector } from '../inspector.js';

const PC = 32;
const FIRST_F = 33;
const FIRST_CSR = 65;

/** Undefined: no such register. */
export function readRegister(inspector: Inspector, hart: number, number: number): bigint | undefined {
  if (number < PC) return inspector.x(hart, number);
  if (number === PC) return inspector.pc(hart);
  if (number < FIRST_CSR) return inspector.f(hart, number - FIRST_F);
  return inspector.csr(hart, number - FIRST_CSR);
}

/** False: not a register that may be written from here. CSRs have side effects and are the program's to write. */
export function writeRegister(inspector: Inspector, hart: number, number: number, value: bigint): boolean {
  if (number < PC) inspector.setX(hart, number, value);
  else if (number === PC) inspector.setPc(hart, value);
  else if (number < FIRST_CSR) inspector.setF(hart, number - FIRST_F, value);
  else return false;
  return true;
}

const pointerTypes: Readonly<Record<string, string>> = {
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
};

export function targetDescription(inspector: Inspector, floatingPoint: boolean): string {
  const reg = (name: string, number: number, type: string): string =>
    `<reg name="${name}" bitsize="64" regnum="${number}" type="${type}"/>`;
  const feature = (name: string, registers: readonly string[]): string =>
    `<feature name="org.gnu.gdb.riscv.${name}">${registers.join('')}</feature>`;
  const x = registerNames.map((name, i) => reg(name, i, pointerTypes[name] ?? 'int'));
  const f = Array.from({ length: 32 }, (_, i) => reg(`f${i}`, FIRST_F + i, 'ieee_double'));
  const csrs = [...inspector.csrs.values()].map(({ name, number }) => reg(name, FIRST_CSR + number, 'int'));
  const features = [
    feature('cpu', [...x, reg('pc', PC, 'code_ptr')]),
    ...(floatingPoint ? [feature('fpu', f)] : []),
    feature('csr', csrs),
  ];
  return `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>riscv:rv64</architecture>${features.join('')}</target>`;
}
