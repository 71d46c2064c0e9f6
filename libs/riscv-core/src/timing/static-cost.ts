/** The static half of the cycle model, as the engines ask it (timing/pipeline.ts answers for `rocket`). */
import type { DecodedInsn } from '../decode/decoder.js';

/** Cost of an instruction itself, given the instructions that follow it in memory inside its page. */
export interface StaticCost {
  /** How many successors the cost may depend on. */
  readonly lookahead: number;
  /** The cost of an instruction that costs the same whatever follows it; undefined: ask {@link cost}. */
  fixed(insn: DecodedInsn): number | undefined;
  cost(insn: DecodedInsn, successors: readonly DecodedInsn[]): number;
  /** Cycles until a multiply's or divide's result or unit is needed: argument of t_muldiv. */
  slack(insn: DecodedInsn, successors: readonly DecodedInsn[]): number;
}
