/** Who may access which control and status register (Privileged ISA 2.1, 3.1.6.5, 8.6.1; dv-ext.md 2.7). */
import * as S from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import { csrIsReadOnly, csrPrivilege, type Csr } from '../isa/csrs.js';
import * as K from '../isa/csr-kinds.js';
import { bit } from './bits.js';
import * as F from './mstatus.js';
import type { HartState, MachineState } from './state.js';

/** Outcome of an access check: allowed, illegal-instruction exception, or virtual-instruction exception. */
export type Verdict = 'allowed' | 'illegal' | 'virtual';

/** What the instruction does with the register. */
export interface CsrUse {
  readonly write: boolean;
  /** It is exactly `csrrs rd, csr, x0`. */
  readonly plainRead: boolean;
}

/** With V = 1 the supervisor registers are those of the guest (8.2: "VS CSRs replace the supervisor CSRs"). */
const guestNumber: ReadonlyMap<number, number> = new Map([
  [0x100, 0x200],
  [0x104, 0x204],
  [0x105, 0x205],
  [0x140, 0x240],
  [0x141, 0x241],
  [0x142, 0x242],
  [0x143, 0x243],
  [0x144, 0x244],
  [0x14d, 0x24d],
  [0x180, 0x280],
]);

const SATP = 0x180;
const HGATP = 0x680;

/** The register that `number` names in the hart's present mode. */
export function csrInMode(machine: MachineState, hart: HartState, number: number): Csr {
  return machine.csrs.get(hart.v ? (guestNumber.get(number) ?? number) : number)!;
}

export function checkCsrAccess(machine: MachineState, hart: HartState, number: number, use: CsrUse): Verdict {
  const row = machine.csrs.get(number);
  if (row === undefined) return 'illegal';
  if (use.write && csrIsReadOnly(number)) return 'illegal';
  if (row.dv !== undefined) return checkDvAccess(machine, hart, row, use);
  if (row.kind === K.CSRK_STIMECMP) {
    const timer = checkTimer(hart);
    if (timer === 'illegal') return timer;
    const verdict = checkPrivilege(machine, hart, number);
    return verdict === 'allowed' ? timer : verdict;
  }
  const verdict = checkPrivilege(machine, hart, number);
  if (verdict !== 'allowed') return verdict;
  const translation = checkTranslationControl(machine, hart, number);
  if (translation !== 'allowed') return translation;
  if (row.kind === K.CSRK_FFLAGS || row.kind === K.CSRK_FRM || row.kind === K.CSRK_FCSR) return checkFloat(hart);
  return checkCounter(machine, hart, row, use);
}

/** The lowest privilege is in the number: 0 U, 1 S, 2 HS, 3 M. */
function checkPrivilege(machine: MachineState, hart: HartState, number: number): Verdict {
  const needed = csrPrivilege(number);
  if (!hart.v) {
    // S-mode is HS-mode when there is a hypervisor extension, and may use its registers.
    const level = hart.prv === L.PRV_S && machine.hypervisor ? 2 : hart.prv;
    return level >= needed ? 'allowed' : 'illegal';
  }
  if (needed === 3) return 'illegal';
  if (needed === 2) return 'virtual';
  return hart.prv >= needed ? 'allowed' : 'virtual';
}

/** mstatus.TVM guards satp and hgatp in HS, hstatus.VTVM guards satp in VS (3.1.6.5, 8.2.1). */
function checkTranslationControl(machine: MachineState, hart: HartState, number: number): Verdict {
  if (number !== SATP && number !== HGATP) return 'allowed';
  if (hart.prv !== L.PRV_S) return 'allowed';
  if (hart.v) return (machine.guestControls(hart) & F.VTVM) !== 0n ? 'virtual' : 'allowed';
  return (hart.csr(S.CSR_MSTATUS) & F.TVM) !== 0n ? 'illegal' : 'allowed';
}

/**
 * Sstc: stimecmp and vstimecmp outside M-mode need mcounteren.TM and menvcfg.STCE; a guest's stimecmp also hcounteren.TM and
 * henvcfg.STCE. Without the former nobody may, so the exception is illegal instruction in a guest as well.
 */
function checkTimer(hart: HartState): Verdict {
  const open = (counteren: number, envcfg: number): boolean =>
    bit(hart.csr(counteren), 1) && (hart.csr(envcfg) & F.STCE) !== 0n;
  if (hart.prv === L.PRV_M) return 'allowed';
  if (!open(S.CSR_MCOUNTEREN, S.CSR_MENVCFG)) return 'illegal';
  return hart.v && !open(S.CSR_HCOUNTEREN, S.CSR_HENVCFG) ? 'virtual' : 'allowed';
}

/** Floating-point state that is off cannot be touched (3.1.6.6, 8.2.11). */
function checkFloat(hart: HartState): Verdict {
  if ((hart.csr(S.CSR_MSTATUS) & F.FS) === 0n) return 'illegal';
  return hart.v && (hart.csr(S.CSR_VSSTATUS) & F.FS) === 0n ? 'illegal' : 'allowed';
}

/** Counter enables (3.1.11, 4.1.5, 8.2.6). */
function checkCounter(machine: MachineState, hart: HartState, row: Csr, use: CsrUse): Verdict {
  if (row.number < 0xc00 || row.number > 0xc1f) return 'allowed';
  if (row.kind === K.CSRK_TIME_RO && machine.dvext === L.DVEXT_ROCKET) {
    // dv-ext.md 8: a plain rdtime works in every mode, any other access to time does not exist.
    return use.plainRead ? 'allowed' : 'illegal';
  }
  if (hart.prv === L.PRV_M) return 'allowed';
  const enabled = (slot: number): boolean => bit(hart.csr(slot), row.index);
  if (!enabled(S.CSR_MCOUNTEREN)) return 'illegal';
  const guestEnable = machine.dvext === L.DVEXT_QEMU ? S.CSR_HUCOUNTEREN : S.CSR_HCOUNTEREN;
  if (hart.v && !enabled(guestEnable)) return 'virtual';
  if (hart.prv === L.PRV_U && !enabled(S.CSR_SCOUNTEREN)) return hart.v ? 'virtual' : 'illegal';
  return 'allowed';
}

/** The table of dv-ext.md 2.7; profiles rocket and qemu reproduce the holes. */
function checkDvAccess(machine: MachineState, hart: HartState, row: Csr, use: CsrUse): Verdict {
  const strict = machine.dvext === L.DVEXT_STRICT;
  const qemu = machine.dvext === L.DVEXT_QEMU;
  const { v, prv } = hart;
  if (row.dv === 'supervisor') {
    if (!v) return prv >= L.PRV_S ? 'allowed' : 'illegal';
    if (strict) return 'virtual';
    if (prv === L.PRV_S) return 'allowed';
    return qemu ? 'illegal' : 'virtual';
  }
  if (!v && prv >= L.PRV_S) return 'allowed';
  const hu = machine.isHu(hart);
  if (row.dv === 'user') {
    if (hu) return 'allowed';
    if (strict) return v ? 'virtual' : 'illegal';
    if (!qemu || row.name.startsWith('huvs')) return 'allowed';
    return v ? 'virtual' : 'illegal';
  }
  if (!strict) return 'allowed';
  return checkStrictVirtualInterrupts(hart, hu, row, use);
}

/** Profile strict: virtual timer, identity and vIPI bitmap (dv-ext.md 2.7 and 9). */
function checkStrictVirtualInterrupts(hart: HartState, hu: boolean, row: Csr, use: CsrUse): Verdict {
  const refused = hart.v ? 'virtual' : 'illegal';
  switch (row.kind) {
    case K.CSRK_VCPUID:
      return use.write ? refused : 'allowed';
    case K.CSRK_VIPI: {
      const armed = hart.v && hart.prv === L.PRV_S && (hart.csr(S.CSR_H_ENABLE) & 1n) !== 0n;
      return hu || armed ? 'allowed' : refused;
    }
    default:
      return hu ? 'allowed' : refused;
  }
}
