/** Integer register names of the calling convention (psABI). */
export const registerNames = [
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
] as const; // prettier-ignore

const numbers = new Map<string, number>([
  ...registerNames.map((name, i): [string, number] => [name, i]),
  ...registerNames.map((_, i): [string, number] => [`x${i}`, i]),
  ['fp', 8],
]);

/** Number of a register named `x5`, `t0`, `fp` ...; undefined if there is none. */
export function registerNumber(name: string): number | undefined {
  return numbers.get(name);
}
