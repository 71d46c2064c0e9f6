/** Environment calls, trap returns, WFI and SFENCE.VMA (Unprivileged ISA 2.8, Privileged ISA 3.3 and 4.2). */
import { FenceVma, Word, insn, type Insn } from './insn.js';
import * as ops from './sysops.js';

const system = { extension: 's', latency: 'system' } as const;

export const rvPriv: readonly Insn[] = [
  insn('ecall', Word(0x00000073), { extension: 'i', latency: 'system' }, (x) => x.system(ops.SYS_ECALL)),
  insn('ebreak', Word(0x00100073), { extension: 'i', latency: 'system' }, (x) => x.system(ops.SYS_EBREAK)),
  insn('sret', Word(0x10200073), system, (x) => x.system(ops.SYS_SRET)),
  insn('mret', Word(0x30200073), system, (x) => x.system(ops.SYS_MRET)),
  insn('wfi', Word(0x10500073), { extension: 's', latency: 'wfi' }, (x) => x.system(ops.SYS_WFI)),
  insn('sfence.vma', FenceVma(0b0001001), { extension: 's', latency: 'sfence' }, (x) => x.system(ops.SYS_SFENCE_VMA)),
];
