/** DV-ext virtual timer (dv-ext.md 8), vCPU identity and vIPI bitmap (dv-ext.md 9): lines and register accesses. */
import { CSR_HUTIMEDELTA, CSR_H_VMID } from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import { CAUSE_STORE_ACCESS } from '../isa/causes.js';
import { MASK64 } from './bits.js';
import type { HartState, MachineState } from './state.js';
import { Trap } from './trap.js';

/** vcpuid keeps 8 bits. */
export const VCPUID_MASK = 0xffn;
/** vtimectl: bit 0 enable, bits 6:1 number of the interrupt to raise. */
export const VTIMECTL_MASK = 0x7fn;

const UTIP = 1n << 4n;
const VSTIP = 1n << 6n;
const USIP = 1n << 0n;
const VSSIP = 1n << 2n;

/** mip bits that virtual timer and vIPI hold up right now (levels). */
export function virtualLines(machine: MachineState, hart: HartState): bigint {
  if (!machine.hasDvext) return 0n;
  return timerLine(machine, hart) | vipiLine(machine, hart);
}

function timerLine(machine: MachineState, hart: HartState): bigint {
  const control = machine.get64(L.M_VTIMECTL + 8 * hart.index);
  if ((control & 1n) === 0n) return 0n;
  const delta = machine.dvext === L.DVEXT_ROCKET ? 0n : hart.csr(CSR_HUTIMEDELTA);
  const now = (machine.mtime(hart) + delta) & MASK64;
  if (now < machine.get64(L.M_VTIMECMP + 8 * hart.index)) return 0n;
  const number = (control >> 1n) & 0x3fn;
  if (number === 6n) return VSTIP;
  return number === 0n || number === 4n ? UTIP : 0n;
}

function vipiLine(machine: MachineState, hart: HartState): bigint {
  const identity = machine.get64(L.M_VCPUID + 8 * hart.index);
  if (identity === 0n && machine.dvext === L.DVEXT_STRICT) return 0n;
  const word = machine.get64(L.M_VIPI + 8 * Number(identity >> 6n));
  if (((word >> (identity & 63n)) & 1n) === 0n) return 0n;
  return machine.dvext === L.DVEXT_QEMU ? USIP : VSSIP;
}

/**
 * Profile strict: a set or clear from HU or V=1 may only name identities of the writer's own VM,
 * [h_vmid*8+1, h_vmid*8+8] (dv-ext.md 9). `bits`: the bits of word `index` that are named.
 */
export function checkVipiRange(machine: MachineState, hart: HartState, index: number, bits: bigint): void {
  if (machine.dvext !== L.DVEXT_STRICT) return;
  if (!hart.v && hart.prv !== L.PRV_U) return;
  const first = hart.csr(CSR_H_VMID) * 8n + 1n;
  for (let i = 0n; i < 64n; i++) {
    const identity = BigInt(index) * 64n + i;
    if (((bits >> i) & 1n) === 0n) continue;
    if (identity < first || identity > first + 7n) throw new Trap(CAUSE_STORE_ACCESS, identity);
  }
}
