/**
 * Svinval: invalidation split from its ordering (Privileged ISA ch. 6 "Svinval"). An invalidation here is a whole fence at
 * once, which the extension allows; the two instructions that order it have nothing left to do.
 */
import { FenceVma, Word, insn, type Insn } from './insn.js';
import * as ops from './sysops.js';

const fence = { extension: 'svinval', latency: 'sfence' } as const;
/** Only where there is a guest's translation to invalidate. */
const guestFence = { extension: 'svinval-h', latency: 'sfence' } as const;
const order = { extension: 'svinval', latency: 'system' } as const;

export const rvSvinval: readonly Insn[] = [
  insn('sinval.vma', FenceVma(0b0001011), fence, (x) => x.system(ops.SYS_SFENCE_VMA)),
  insn('hinval.vvma', FenceVma(0b0010011), guestFence, (x) => x.system(ops.SYS_HFENCE_VVMA)),
  insn('hinval.gvma', FenceVma(0b0110011), guestFence, (x) => x.system(ops.SYS_HFENCE_GVMA)),
  insn('sfence.w.inval', Word(0x18000073), order, (x) => x.system(ops.SYS_SFENCE_INVAL)),
  insn('sfence.inval.ir', Word(0x18100073), order, (x) => x.system(ops.SYS_SFENCE_INVAL)),
];
