/** Register names. Integer registers of the calling convention (psABI). */
export const registerNames = [
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
] as const; // prettier-ignore

/** Floating-point register names of the calling convention. */
export const floatRegisterNames = [
  'ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1', 'fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5',
  'fa6', 'fa7', 'fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11',
] as const; // prettier-ignore

/** Rounding modes as written in assembly, by their encoding (Unprivileged ISA, table "Rounding mode encoding"). */
export const roundingModes: readonly (string | undefined)[] = [
  'rne',
  'rtz',
  'rdn',
  'rup',
  'rmm',
  undefined,
  undefined,
  'dyn',
];

const floatNumbers = new Map<string, number>([
  ...floatRegisterNames.map((name, i): [string, number] => [name, i]),
  ...floatRegisterNames.map((_, i): [string, number] => [`f${i}`, i]),
]);

/** Number of a floating-point register named `f5`, `ft0` ...; undefined if there is none. */
export function floatRegisterNumber(name: string): number | undefined {
  return floatNumbers.get(name);
}

const numbers = new Map<string, number>([
  ...registerNames.map((name, i): [string, number] => [name, i]),
  ...registerNames.map((_, i): [string, number] => [`x${i}`, i]),
  ['fp', 8],
]);

/** Number of a register named `x5`, `t0`, `fp` ...; undefined if there is none. */
export function registerNumber(name: string): number | undefined {
  return numbers.get(name);
}
