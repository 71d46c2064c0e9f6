/** Types of programs.mjs, for the tests that run the same programs. */
export type ProgramName = 'integer' | 'memory' | 'strings' | 'cold';

export interface Variant {
  readonly hartBytes?: number;
  readonly few?: boolean;
  readonly folder?: string;
}

export const compiler: string;
export const RAM_BASE: number;
export function build(name: ProgramName, rounds: number, harts?: number, variant?: Variant): string;
export function rawImage(file: string): Uint8Array;
