/** Instructions of opcode SYSTEM and their like: who may execute them, and what they do. */
import type { DecodedInsn } from '../decode/decoder.js';
import * as S from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import * as C from '../isa/causes.js';
import * as K from '../isa/csr-kinds.js';
import * as O from '../isa/sysops.js';
import { FLUSH_GSTAGE, FLUSH_GUEST, FLUSH_HOST } from '../timing/events.js';
import { MASK64 } from './bits.js';
import { checkCsrAccess, csrInMode, type Verdict } from './csr-access.js';
import { readCsr, readForModify, writeCsr } from './csr-file.js';
import type { LoadStore } from './load-store.js';
import type { Access } from './mmu.js';
import * as F from './mstatus.js';
import type { HartState, MachineState } from './state.js';
import type { Timing } from './timing.js';
import { illegal, Trap } from './trap.js';
import {
  returnFromHypervisorUser,
  returnFromMachine,
  returnFromSupervisor,
  returnFromVirtualSupervisor,
} from './traps.js';
import { checkVipiRange, VCPUID_MASK, VTIMECTL_MASK } from './virtual-interrupts.js';

/** Registers behind an uncached access to the CLINT (dv-ext.md 15, cycle model guidance). */
const throughClint: ReadonlySet<number> = new Set([K.CSRK_VTIMECMP, K.CSRK_VTIMECTL, K.CSRK_VCPUID, K.CSRK_VIPI]);

export class SystemInstructions {
  constructor(
    private readonly machine: MachineState,
    private readonly memory: LoadStore,
    private readonly timing: Timing,
    /** A trap return has changed the hart's mode. */
    private readonly onReturn: () => void,
  ) {}

  execute(hart: HartState, op: number, insn: DecodedInsn, pc: bigint): void {
    switch (op) {
      case O.SYS_ECALL:
        throw new Trap(environmentCall(hart), 0n);
      case O.SYS_EBREAK:
        throw new Trap(C.CAUSE_BREAKPOINT, pc, { gva: hart.v });
      case O.SYS_MRET:
        this.require(insn, hart.prv === L.PRV_M ? 'allowed' : 'illegal');
        returnFromMachine(this.machine, hart);
        return this.onReturn();
      case O.SYS_SRET:
        return this.sret(hart, insn);
      case O.SYS_URET:
        this.require(insn, this.machine.isHu(hart) ? 'allowed' : refusal(hart));
        returnFromHypervisorUser(this.machine, hart);
        return this.onReturn();
      case O.SYS_WFI:
        this.require(insn, this.checkWfi(hart));
        return hart.set32(L.WFI, 1);
      case O.SYS_SFENCE_VMA:
        this.require(insn, this.checkSupervisorFence(hart));
        return this.flushTlb(hart, insn, hart.v ? FLUSH_GUEST : FLUSH_HOST);
      case O.SYS_SFENCE_INVAL:
        return this.require(insn, hart.prv >= L.PRV_S ? 'allowed' : refusal(hart));
      case O.SYS_HFENCE_VVMA:
      case O.SYS_HFENCE_GVMA:
        this.require(insn, this.checkHypervisorFence(hart, op === O.SYS_HFENCE_GVMA));
        return this.flushTlb(hart, insn, op === O.SYS_HFENCE_GVMA ? FLUSH_GSTAGE : FLUSH_GUEST);
      case O.SYS_HUFENCE_VVMA:
      case O.SYS_HUFENCE_GVMA:
        this.require(insn, this.checkUserFence(hart, op === O.SYS_HUFENCE_GVMA));
        return this.flushTlb(hart, insn, op === O.SYS_HUFENCE_GVMA ? FLUSH_GSTAGE : FLUSH_GUEST);
      case O.SYS_FENCE_I:
        // Code is read from memory by every fetch here.
        return this.timing.events?.t_flush_icache(hart.area);
      case O.SYS_CSRRW:
      case O.SYS_CSRRS:
      case O.SYS_CSRRC:
      case O.SYS_CSRRWI:
      case O.SYS_CSRRSI:
      case O.SYS_CSRRCI:
        return this.accessCsr(hart, op, insn);
      case O.SYS_HLV:
      case O.SYS_HLVX:
      case O.SYS_HULV:
      case O.SYS_HULVX:
        return this.guestLoad(hart, op, insn);
      case O.SYS_HSV:
      case O.SYS_HUSV:
        return this.guestStore(hart, op, insn);
      case O.SYS_DV_READ:
      case O.SYS_DV_WRITE:
      case O.SYS_DV_SET:
      case O.SYS_DV_CLEAR:
        return this.dvRegister(hart, op, insn);
      default:
        throw illegal(insn);
    }
  }

  private require(insn: DecodedInsn, verdict: Verdict): void {
    if (verdict === 'illegal') throw illegal(insn);
    if (verdict === 'virtual') throw new Trap(C.CAUSE_VIRTUAL, BigInt(insn.raw));
  }

  /** 3.3.2, 8.2.1 (VTSR). */
  private sret(hart: HartState, insn: DecodedInsn): void {
    if (hart.v) {
      const trapped = (this.machine.guestControls(hart) & F.VTSR) !== 0n;
      this.require(insn, hart.prv === L.PRV_S && !trapped ? 'allowed' : 'virtual');
      returnFromVirtualSupervisor(hart);
    } else {
      const trapped = hart.prv === L.PRV_S && (hart.csr(S.CSR_MSTATUS) & F.TSR) !== 0n;
      this.require(insn, hart.prv >= L.PRV_S && !trapped ? 'allowed' : 'illegal');
      returnFromSupervisor(this.machine, hart);
    }
    this.onReturn();
  }

  /** 3.1.6.5, 3.3.3, 8.6.1. Nothing bounds how long WFI may take, so wherever it may be refused it is. */
  private checkWfi(hart: HartState): Verdict {
    if (hart.prv === L.PRV_M) return 'allowed';
    if ((hart.csr(S.CSR_MSTATUS) & F.TW) !== 0n) return 'illegal';
    if (hart.prv === L.PRV_U) return refusal(hart);
    return hart.v && (this.machine.guestControls(hart) & F.VTW) !== 0n ? 'virtual' : 'allowed';
  }

  private checkSupervisorFence(hart: HartState): Verdict {
    if (hart.prv === L.PRV_M) return 'allowed';
    if (hart.prv === L.PRV_U) return refusal(hart);
    if (hart.v) return (this.machine.guestControls(hart) & F.VTVM) !== 0n ? 'virtual' : 'allowed';
    return this.translationTrapped(hart) ? 'illegal' : 'allowed';
  }

  /** 8.3.2; profile rocket lets every mode with V = 0 execute them, unless TVM is set (dv-ext.md 6). */
  private checkHypervisorFence(hart: HartState, gstage: boolean): Verdict {
    if (hart.v) return 'virtual';
    if (hart.prv === L.PRV_M) return 'allowed';
    const rocket = this.machine.dvext === L.DVEXT_ROCKET;
    if (this.translationTrapped(hart) && (gstage || rocket)) return 'illegal';
    return hart.prv === L.PRV_S || rocket ? 'allowed' : 'illegal';
  }

  /** dv-ext.md 6. */
  private checkUserFence(hart: HartState, gstage: boolean): Verdict {
    const trapped = hart.prv !== L.PRV_M && this.translationTrapped(hart);
    switch (this.machine.dvext) {
      case L.DVEXT_ROCKET:
        if (hart.v) return 'virtual';
        return trapped ? 'illegal' : 'allowed';
      case L.DVEXT_QEMU:
        return !hart.v && hart.prv === L.PRV_U && !(trapped && gstage) ? 'allowed' : 'illegal';
      default:
        if (hart.v) return 'virtual';
        return hart.prv >= L.PRV_S || this.machine.isHu(hart) ? 'allowed' : 'illegal';
    }
  }

  private translationTrapped(hart: HartState): boolean {
    return (hart.csr(S.CSR_MSTATUS) & F.TVM) !== 0n;
  }

  /** No TLB to flush; the cycle model has one. */
  private flushTlb(hart: HartState, insn: DecodedInsn, scope: number): void {
    this.timing.events?.t_flush_tlb(hart.area, scope, insn.rs1 === 0 ? 0 : 1, hart.readX(insn.rs1));
  }

  /** Zicsr (Unprivileged ISA ch. 9). CSRRS and CSRRC with x0 or a zero immediate do not write. */
  private accessCsr(hart: HartState, op: number, insn: DecodedInsn): void {
    const immediate = op >= O.SYS_CSRRWI;
    const form = immediate ? op - O.SYS_CSRRWI + O.SYS_CSRRW : op;
    const operand = immediate ? BigInt(insn.rs1) : hart.readX(insn.rs1);
    const write = form === O.SYS_CSRRW || insn.rs1 !== 0;
    const number = insn.imm;
    const plainRead = op === O.SYS_CSRRS && !write;
    // The vIPI words change by atomic OR and AND-NOT only: to write one whole is no instruction (dv-ext.md 15).
    if (form === O.SYS_CSRRW && this.machine.csrs.get(number)?.kind === K.CSRK_VIPI) throw illegal(insn);
    this.require(insn, checkCsrAccess(this.machine, hart, number, { write, plainRead }));
    const row = csrInMode(this.machine, hart, number);
    if (row.kind === K.CSRK_VIPI && write) checkVipiRange(this.machine, hart, row.index, operand);
    const rdtime = row.kind === K.CSRK_TIME_RO && this.machine.dvext === L.DVEXT_ROCKET;
    if (throughClint.has(row.kind) || rdtime) this.timing.events?.t_mmio(hart.area, write ? 1 : 0);

    const old = readCsr(this.machine, hart, row);
    if (write) {
      const base = form === O.SYS_CSRRW ? 0n : readForModify(this.machine, hart, row);
      const value = form === O.SYS_CSRRC ? base & ~operand & MASK64 : base | operand;
      writeCsr(this.machine, hart, row, value);
    }
    hart.writeX(insn.rd, old);
  }

  /** HLV, HLVX and HSV act with the guest's privilege: hstatus.SPVP, or in HU hustatus.UPVP (8.3, dv-ext.md 7). */
  private guestAccess(hart: HartState, op: number, insn: DecodedInsn): Access {
    const legal = hart.prv >= L.PRV_S || this.machine.isHu(hart);
    this.require(insn, hart.v ? 'virtual' : legal ? 'allowed' : 'illegal');
    const ownStatus = hart.prv === L.PRV_U && this.machine.dvext === L.DVEXT_QEMU;
    const status = hart.csr(ownStatus ? S.CSR_HUSTATUS : S.CSR_HSTATUS);
    return {
      type: op === O.SYS_HSV || op === O.SYS_HUSV ? L.ACCESS_STORE : L.ACCESS_LOAD,
      mode: { prv: (status & F.SPVP) !== 0n ? L.PRV_S : L.PRV_U, v: true },
      executeForRead: op === O.SYS_HLVX || op === O.SYS_HULVX,
    };
  }

  private guestLoad(hart: HartState, op: number, insn: DecodedInsn): void {
    const access = this.guestAccess(hart, op, insn);
    hart.writeX(insn.rd, this.memory.load(hart, hart.readX(insn.rs1), insn.imm, access).value);
  }

  private guestStore(hart: HartState, op: number, insn: DecodedInsn): void {
    const access = this.guestAccess(hart, op, insn);
    this.memory.store(hart, hart.readX(insn.rs1), insn.imm, hart.readX(insn.rs2), access);
  }

  /** The 0x77-opcode words of the Rocket implementation (dv-ext.md 2.5): legal in every mode there, unknown elsewhere. */
  private dvRegister(hart: HartState, op: number, insn: DecodedInsn): void {
    if (this.machine.dvext !== L.DVEXT_ROCKET) throw illegal(insn);
    this.timing.events?.t_mmio(hart.area, op === O.SYS_DV_READ ? 0 : 1);
    const at = dvRegisterAddress(hart, insn.imm);
    const old = this.machine.get64(at);
    const operand = hart.readX(insn.rs2);
    switch (op) {
      case O.SYS_DV_READ:
        return hart.writeX(insn.rd, old);
      case O.SYS_DV_WRITE:
        return this.machine.set64(at, operand & dvRegisterMask(insn.imm));
      case O.SYS_DV_SET:
        return this.machine.set64(at, old | operand);
      default:
        // Software passes the complement of the bits to clear.
        return this.machine.set64(at, old & operand);
    }
  }
}

/** How a mode that is not entitled to an instruction learns it (8.6.1). */
function refusal(hart: HartState): Verdict {
  return hart.v ? 'virtual' : 'illegal';
}

function environmentCall(hart: HartState): number {
  if (hart.prv === L.PRV_M) return C.CAUSE_ECALL_M;
  if (hart.prv === L.PRV_U) return C.CAUSE_ECALL_U;
  return hart.v ? C.CAUSE_ECALL_VS : C.CAUSE_ECALL_S;
}

function dvRegisterAddress(hart: HartState, register: number): number {
  switch (register) {
    case O.DVREG_VTIMECMP:
      return L.M_VTIMECMP + 8 * hart.index;
    case O.DVREG_VTIMECTL:
      return L.M_VTIMECTL + 8 * hart.index;
    case O.DVREG_VCPUID:
      return L.M_VCPUID + 8 * hart.index;
    default:
      return L.M_VIPI + 8 * (register - O.DVREG_VIPI0);
  }
}

function dvRegisterMask(register: number): bigint {
  if (register === O.DVREG_VTIMECTL) return VTIMECTL_MASK;
  return register === O.DVREG_VCPUID ? VCPUID_MASK : MASK64;
}
