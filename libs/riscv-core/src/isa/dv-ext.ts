/** DV-ext: delegated virtualization (docs/spec/dv-ext.md 4, 6, 7 and 2.5). */
import { FenceVma, Word, insn, opcode, type Encoding, type Insn } from './insn.js';
import { guestMemoryAccesses } from './rv-h.js';
import * as ops from './sysops.js';

const system = { extension: 'dvext', latency: 'system' } as const;

/**
 * The 0x77-opcode words that the Rocket implementation uses for the virtual timer, the vCPU identity and the vIPI bitmap.
 * Reads: rd in 11:7. Writes, set, clear: source register in 24:20. All other bits are fixed.
 */
const dvRead = (word: number): Encoding => ({
  format: 'rd',
  mask: (~0xf80 & 0xffffffff) >>> 0,
  match: (word & ~0xf80) >>> 0,
});
const dvWrite = (word: number): Encoding => ({
  format: 'rs2',
  mask: (~0x1f00000 & 0xffffffff) >>> 0,
  match: (word & ~0x1f00000) >>> 0,
});

interface DvRegister {
  readonly name: string;
  readonly register: number;
  readonly read: number;
  readonly write?: number;
  readonly set?: number;
  readonly clear?: number;
}

const registers: readonly DvRegister[] = [
  { name: 'vtimecmp', register: ops.DVREG_VTIMECMP, read: 0xe0102577, write: 0xe0a01077 },
  { name: 'vtimectl', register: ops.DVREG_VTIMECTL, read: 0xf0202577, write: 0xf0a01077 },
  { name: 'vcpuid', register: ops.DVREG_VCPUID, read: 0xf8102577, write: 0xf8a01077 },
  { name: 'vipi0', register: ops.DVREG_VIPI0, read: 0xc8101577, set: 0xc8a03077, clear: 0xc8a02077 },
  { name: 'vipi1', register: ops.DVREG_VIPI0 + 1, read: 0xd0101577, set: 0xd0a03077, clear: 0xd0a02077 },
  { name: 'vipi2', register: ops.DVREG_VIPI0 + 2, read: 0xd8101577, set: 0xd8a03077, clear: 0xd8a02077 },
  { name: 'vipi3', register: ops.DVREG_VIPI0 + 3, read: 0xe8101577, set: 0xe8a03077, clear: 0xe8a02077 },
];

function registerWords(r: DvRegister): Insn[] {
  const options = { extension: 'dvext', latency: 'dv-mmio', fixedImm: r.register } as const;
  const rows = [insn(`dv.read.${r.name}`, dvRead(r.read), options, (x) => x.system(ops.SYS_DV_READ))];
  if (r.write !== undefined)
    rows.push(insn(`dv.write.${r.name}`, dvWrite(r.write), options, (x) => x.system(ops.SYS_DV_WRITE)));
  if (r.set !== undefined)
    rows.push(insn(`dv.set.${r.name}`, dvWrite(r.set), options, (x) => x.system(ops.SYS_DV_SET)));
  if (r.clear !== undefined)
    rows.push(insn(`dv.clear.${r.name}`, dvWrite(r.clear), options, (x) => x.system(ops.SYS_DV_CLEAR)));
  return rows;
}

export const dvExt: readonly Insn[] = [
  insn('uret', Word(0x00200073), system, (x) => x.system(ops.SYS_URET)),
  insn('hufence.vvma', FenceVma(0b1010001), { extension: 'dvext', latency: 'sfence' }, (x) =>
    x.system(ops.SYS_HUFENCE_VVMA),
  ),
  insn('hufence.gvma', FenceVma(0b1110001), { extension: 'dvext', latency: 'sfence' }, (x) =>
    x.system(ops.SYS_HUFENCE_GVMA),
  ),
  ...guestMemoryAccesses({
    extension: 'dvext',
    prefix: 'u',
    highBit: 0b1000000,
    load: ops.SYS_HULV,
    loadExecute: ops.SYS_HULVX,
    store: ops.SYS_HUSV,
  }),
  ...registers.flatMap(registerWords),
];

/** The major opcode that DV-ext shares with the vector crypto extensions: never enable both. */
export const DV_EXT_OPCODE = opcode.OP_VE;
