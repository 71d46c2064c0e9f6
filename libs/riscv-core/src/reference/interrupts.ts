/** Which interrupts are pending, and which one a hart takes (Privileged ISA 3.1.9, 4.1.3, 8.2.3; dv-ext.md 3.2). */
import {
  CSR_HENVCFG,
  CSR_HIDELEG,
  CSR_HTIMEDELTA,
  CSR_HUSTATUS,
  CSR_HUTIMEDELTA,
  CSR_MENVCFG,
  CSR_MIDELEG,
  CSR_MIE,
  CSR_MIP_SW,
  CSR_MSTATUS,
  CSR_SIDELEG,
  CSR_STIMECMP,
  CSR_VSSTATUS,
  CSR_VSTIMECMP,
} from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import * as C from '../isa/causes.js';
import { wrap } from './bits.js';
import { MIE, SIE, STCE, UIE } from './mstatus.js';
import type { HartState, MachineState } from './state.js';
import { virtualLines } from './virtual-interrupts.js';

export const M_BITS = 0x888n;
export const S_BITS = 0x222n;
export const VS_BITS = 0x444n;
export const U_BITS = 0x111n;

const STIP = 1n << BigInt(C.IRQ_STI);
const VSTIP = 1n << BigInt(C.IRQ_VSTI);

export type Destination = 'M' | 'HS' | 'VS' | 'HU';

/** Bits of mip held up by hardware: CLINT, PLIC, supervisor timers, virtual timer, vIPI. */
export function interruptLines(machine: MachineState, hart: HartState): bigint {
  let lines = hart.get64(L.LINES) | virtualLines(machine, hart) | supervisorTimers(machine, hart);
  if ((machine.option(L.M_MSIP + 4 * hart.index) & 1) !== 0) lines |= 1n << BigInt(C.IRQ_MSI);
  if (machine.mtime(hart) >= machine.get64(L.M_MTIMECMP + 8 * hart.index)) lines |= 1n << BigInt(C.IRQ_MTI);
  return lines;
}

/** mip as read: software bits and lines. */
export function pendingInterrupts(machine: MachineState, hart: HartState): bigint {
  const software = hart.csr(CSR_MIP_SW) & ~(comparesTime(machine, hart) ? STIP : 0n);
  return software | interruptLines(machine, hart);
}

/** Sstc: menvcfg.STCE gives STIP to stimecmp; software's bit has no effect then. */
export function comparesTime(machine: MachineState, hart: HartState): boolean {
  return (machine.option(L.M_EXTENSIONS) & L.MEXT_SSTC) !== 0 && (hart.csr(CSR_MENVCFG) & STCE) !== 0n;
}

/** Sstc: STIP while time has reached stimecmp; with henvcfg.STCE, VSTIP while the guest's time has reached vstimecmp. */
function supervisorTimers(machine: MachineState, hart: HartState): bigint {
  if (!comparesTime(machine, hart)) return 0n;
  const supervisor = machine.mtime(hart) >= hart.csr(CSR_STIMECMP) ? STIP : 0n;
  if (!machine.hypervisor || (hart.csr(CSR_HENVCFG) & STCE) === 0n) return supervisor;
  return supervisor | (guestTime(machine, hart) >= hart.csr(CSR_VSTIMECMP) ? VSTIP : 0n);
}

/** time as it is with V = 1. dv-ext.md 11: the Rocket implementation reads mtime directly, in every mode. */
export function guestTime(machine: MachineState, hart: HartState): bigint {
  const time = machine.mtime(hart);
  if (machine.dvext === L.DVEXT_ROCKET) return time;
  return wrap(time + hart.csr(CSR_HTIMEDELTA) + hart.csr(CSR_HUTIMEDELTA));
}

/** mideleg as read: the VS-level interrupts are always delegated (Privileged ISA 8.4.2). */
export function machineDelegation(machine: MachineState, hart: HartState): bigint {
  return hart.csr(CSR_MIDELEG) | (machine.hypervisor ? VS_BITS : 0n);
}

/** sideleg as it acts. */
export function userDelegation(machine: MachineState, hart: HartState): bigint {
  return machine.hasDvext ? hart.csr(CSR_SIDELEG) & U_BITS : 0n;
}

/** Inside one destination, highest first. */
const priority = [
  C.IRQ_MEI,
  C.IRQ_MSI,
  C.IRQ_MTI,
  C.IRQ_SEI,
  C.IRQ_SSI,
  C.IRQ_STI,
  C.IRQ_VSEI,
  C.IRQ_VSSI,
  C.IRQ_VSTI,
  C.IRQ_UEI,
  C.IRQ_USI,
  C.IRQ_UTI,
];

export interface Interrupt {
  /** Bit number in mip. */
  readonly number: number;
  readonly to: Destination;
}

/** The interrupt to take now, if any. */
export function selectInterrupt(machine: MachineState, hart: HartState): Interrupt | undefined {
  const pending = pendingInterrupts(machine, hart) & hart.csr(CSR_MIE);
  if (pending === 0n) return undefined;
  const { prv, v } = hart;
  const mstatus = hart.csr(CSR_MSTATUS);
  const mideleg = machineDelegation(machine, hart);
  const hideleg = machine.hypervisor ? hart.csr(CSR_HIDELEG) : 0n;
  const sideleg = userDelegation(machine, hart);
  const isSet = (word: bigint, mask: bigint): boolean => (word & mask) !== 0n;

  const ready: readonly { to: Destination; bits: bigint; enabled: boolean }[] = [
    { to: 'M', bits: pending & ~mideleg, enabled: prv < L.PRV_M || isSet(mstatus, MIE) },
    {
      to: 'HS',
      bits: pending & mideleg & ~hideleg & ~sideleg,
      enabled: v || prv < L.PRV_S || (prv === L.PRV_S && isSet(mstatus, SIE)),
    },
    {
      to: 'VS',
      bits: pending & mideleg & hideleg,
      enabled: v && (prv < L.PRV_S || isSet(hart.csr(CSR_VSSTATUS), SIE)),
    },
    {
      to: 'HU',
      bits: pending & mideleg & ~hideleg & sideleg,
      enabled: v || (prv === L.PRV_U && isSet(hart.csr(CSR_HUSTATUS), UIE)),
    },
  ];
  for (const { to, bits, enabled } of ready) {
    if (!enabled) continue;
    const number = priority.find((n) => isSet(bits, 1n << BigInt(n)));
    if (number !== undefined) return { number, to };
  }
  return undefined;
}

/** WFI ends when an interrupt is pending and enabled in mie, whatever the global enables say (Privileged ISA 3.3.3). */
export function wakes(machine: MachineState, hart: HartState): boolean {
  return (pendingInterrupts(machine, hart) & hart.csr(CSR_MIE)) !== 0n;
}
