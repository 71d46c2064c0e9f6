/** Zicsr, Zifencei and FENCE. The core executes CSR instructions wholly: they may trap, redirect and change what is mapped. */
import { Csr, Csri, FUNCT3, OPCODE, insn, opcode, type Encoding, type Insn } from './insn.js';
import * as ops from './sysops.js';

const csr = { extension: 'zicsr', latency: 'csr' } as const;

/** FENCE and its hints: every encoding with funct3 0 is a fence (unknown fields are ignored, Unprivileged ISA 2.7). */
const fence: Encoding = { format: 'fence', mask: OPCODE | FUNCT3, match: opcode.MISC_MEM };
const fenceI: Encoding = { format: 'none', mask: OPCODE | FUNCT3, match: opcode.MISC_MEM | (1 << 12) };

export const rvZicsr: readonly Insn[] = [
  insn('fence', fence, { extension: 'i', latency: 'fence' }, (x) => x.fence()),
  insn('fence.i', fenceI, { extension: 'zifencei', latency: 'fence-i' }, (x) => x.system(ops.SYS_FENCE_I)),
  insn('csrrw', Csr(0b001), csr, (x) => x.system(ops.SYS_CSRRW)),
  insn('csrrs', Csr(0b010), csr, (x) => x.system(ops.SYS_CSRRS)),
  insn('csrrc', Csr(0b011), csr, (x) => x.system(ops.SYS_CSRRC)),
  insn('csrrwi', Csri(0b101), csr, (x) => x.system(ops.SYS_CSRRWI)),
  insn('csrrsi', Csri(0b110), csr, (x) => x.system(ops.SYS_CSRRSI)),
  insn('csrrci', Csri(0b111), csr, (x) => x.system(ops.SYS_CSRRCI)),
];
