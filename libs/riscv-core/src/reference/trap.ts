/** An exception on its way to a handler. Thrown by whatever notices it, caught by the engine's step. */
import { CAUSE_ILLEGAL } from '../isa/causes.js';

export interface TrapDetail {
  /** tval is a guest virtual address (the GVA bit). */
  readonly gva?: boolean;
  /** Guest physical address that failed in the second stage. */
  readonly gpa?: bigint;
  /** For mtinst and htinst. */
  readonly tinst?: bigint;
}

export class Trap extends Error {
  readonly gva: boolean;
  readonly gpa: bigint | undefined;
  readonly tinst: bigint;

  /** `exception`: CAUSE_* of isa/causes.ts; `tval`: value for xtval. */
  constructor(
    readonly exception: number,
    readonly tval: bigint,
    detail: TrapDetail = {},
  ) {
    super(`exception ${exception}, tval ${tval.toString(16)}`);
    this.gva = detail.gva ?? false;
    this.gpa = detail.gpa;
    this.tinst = detail.tinst ?? 0n;
  }
}

/** Illegal instruction: tval is its bits. */
export function illegal(insn: { readonly raw: number }): Trap {
  return new Trap(CAUSE_ILLEGAL, BigInt(insn.raw));
}
