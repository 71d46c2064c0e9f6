/**
 * Address translation, one walk per access, no TLB. The numbered steps are those of "Virtual Address Translation Process"
 * (Privileged ISA 4.3.2); two-stage translation is 8.5.
 */
import {
  CSR_HENVCFG,
  CSR_HGATP,
  CSR_HUGATP,
  CSR_MENVCFG,
  CSR_MSTATUS,
  CSR_SATP,
  CSR_VSATP,
  CSR_VSSTATUS,
} from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import * as C from '../isa/causes.js';
import { SPACE_BARE, SPACE_GUEST, SPACE_HOST } from '../timing/events.js';
import { field, signExtend } from './bits.js';
import { ADUE, MXR, SUM } from './mstatus.js';
import type { PhysicalMemory } from './physical-memory.js';
import { PMP_R, PMP_W, PMP_X, pmpAllows } from './pmp.js';
import type { HartState, MachineState, Mode } from './state.js';
import type { Timing } from './timing.js';
import { Trap } from './trap.js';

/** Page-table entry bits (4.4.1). */
const PTE_V = 1n << 0n;
const PTE_R = 1n << 1n;
const PTE_W = 1n << 2n;
const PTE_X = 1n << 3n;
const PTE_U = 1n << 4n;
const PTE_A = 1n << 6n;
const PTE_D = 1n << 7n;
/** N, PBMT and the reserved bits: no extension that gives them a meaning is implemented. */
const PTE_RESERVED = 0x3ffn << 54n;

/** mtinst/htinst of a guest-page fault on the walker's own access to a VS-stage table (8.6.3). */
const PSEUDO_READ = 0x3000n;
const PSEUDO_WRITE = 0x3020n;

export interface Access {
  /** ACCESS_FETCH, ACCESS_LOAD or ACCESS_STORE. */
  readonly type: number;
  /** Privilege and virtualization the access is made with. */
  readonly mode: Mode;
  /** HLVX: execute permission takes the place of read permission. */
  readonly executeForRead?: boolean;
}

const pageFaults = [C.CAUSE_FETCH_PAGE, C.CAUSE_LOAD_PAGE, C.CAUSE_STORE_PAGE] as const;
const guestPageFaults = [C.CAUSE_FETCH_GUEST_PAGE, C.CAUSE_LOAD_GUEST_PAGE, C.CAUSE_STORE_GUEST_PAGE] as const;
const accessFaults = [C.CAUSE_FETCH_ACCESS, C.CAUSE_LOAD_ACCESS, C.CAUSE_STORE_ACCESS] as const;

export function accessFault(access: Access, va: bigint): Trap {
  return new Trap(accessFaults[access.type]!, va, { gva: access.mode.v });
}

/** PMP permissions an access needs; HLVX needs both read and execute there (8.3). */
export function pmpNeed(access: Access): number {
  if (access.type === L.ACCESS_FETCH) return PMP_X;
  if (access.type === L.ACCESS_STORE) return PMP_W;
  return access.executeForRead === true ? PMP_R | PMP_X : PMP_R;
}

/** What one stage's walk found. */
interface Leaf {
  readonly address: bigint;
  /** log2 of the page's size. */
  readonly pageBits: number;
}

/** A translation off: the page is as large as memory. */
const NO_PAGE = 64;

export class Mmu {
  constructor(
    private readonly machine: MachineState,
    private readonly memory: PhysicalMemory,
    private readonly timing: Timing,
  ) {}

  /** Virtual to physical address; throws the page fault, guest-page fault or access fault. */
  translate(hart: HartState, va: bigint, access: Access): bigint {
    hart.set32(L.PTE_TRACE, 0);
    try {
      return this.twoStages(hart, va, access);
    } catch (trap) {
      if (trap instanceof Trap && this.timing.events !== undefined && isTranslationFault(trap)) {
        this.timing.events.t_tlb_fault(hart.area, va, access.type, this.space(hart, access));
      }
      throw trap;
    }
  }

  /** Which translation applies, for the TLB model: SPACE_*. */
  space(hart: HartState, access: Access): number {
    const { prv, v } = access.mode;
    const on = (atp: bigint): boolean => field(atp, 63, 60) !== 0n;
    if (v) return on(hart.csr(CSR_VSATP)) || on(this.guestRoot(hart)) ? SPACE_GUEST : SPACE_BARE;
    return prv !== L.PRV_M && on(hart.csr(CSR_SATP)) ? SPACE_HOST : SPACE_BARE;
  }

  private twoStages(hart: HartState, va: bigint, access: Access): bigint {
    const { prv, v } = access.mode;
    if (!v) {
      const first =
        prv === L.PRV_M ? { address: va, pageBits: NO_PAGE } : this.firstStage(hart, va, hart.csr(CSR_SATP), access);
      hart.set32(L.TR_LEVEL, first.pageBits);
      return first.address;
    }
    const first = this.firstStage(hart, va, hart.csr(CSR_VSATP), access);
    const second = this.secondStage(hart, first.address, va, access, access.type, undefined);
    hart.set32(L.TR_LEVEL, Math.min(first.pageBits, second.pageBits));
    return second.address;
  }

  /** The translation that satp (V = 0) or vsatp (V = 1) controls. */
  private firstStage(hart: HartState, va: bigint, atp: bigint, access: Access): Leaf {
    const mode = field(atp, 63, 60);
    if (mode === 0n) return { address: va, pageBits: NO_PAGE };
    const levels = mode === 8n ? 3 : 4;
    const fault = (): Trap => new Trap(pageFaults[access.type]!, va, { gva: access.mode.v });
    // 4.4.1: the bits above the virtual address must all equal its top bit.
    if (signExtend(va, 12 + 9 * levels) !== va) throw fault();

    // 1. Let a be satp.ppn x PAGESIZE, and let i = LEVELS - 1.
    let a = field(atp, 43, 0) << 12n;
    for (let i = levels - 1; ; i--) {
      // 2. Let pte be the value at address a + va.vpn[i] x PTESIZE.
      const pteAddress = a + field(va, 12 + 9 * i + 8, 12 + 9 * i) * 8n;
      const physical = access.mode.v
        ? this.secondStage(hart, pteAddress, va, access, L.ACCESS_LOAD, PSEUDO_READ).address
        : pteAddress;
      const pte = this.readEntry(hart, physical, va, access, 0, i);
      // 3. Invalid, or a reserved combination.
      if (!isValid(pte)) throw fault();
      // 4. A pointer to the next level, or a leaf.
      if ((pte & (PTE_R | PTE_X)) === 0n) {
        if ((pte & (PTE_U | PTE_A | PTE_D)) !== 0n || i === 0) throw fault();
        a = field(pte, 53, 10) << 12n;
        continue;
      }
      // 5. Does the leaf allow the access?
      if (!this.leafAllows(hart, pte, access)) throw fault();
      // 6. A superpage must be aligned.
      const pageBits = 12 + 9 * i;
      const frame = field(pte, 53, 10) << 12n;
      if ((frame & ((1n << BigInt(pageBits)) - 1n)) !== 0n) throw fault();
      // 7. Accessed and dirty.
      const updated = withAccessed(pte, access.type);
      if (updated !== pte) {
        if (!this.updatesEntries(hart, access.mode.v)) throw fault();
        const writable = access.mode.v
          ? this.secondStage(hart, pteAddress, va, access, L.ACCESS_STORE, PSEUDO_WRITE).address
          : pteAddress;
        this.writeEntry(hart, writable, updated, va, access);
      }
      // 8. The translation is successful.
      return { address: frame | (va & ((1n << BigInt(pageBits)) - 1n)), pageBits };
    }
  }

  /**
   * Guest physical to physical (8.5.1). `need`: ACCESS_* that the G-stage must permit; `implicit`: set for the walker's own
   * accesses to VS-stage tables, the value for xtinst.
   */
  private secondStage(
    hart: HartState,
    gpa: bigint,
    va: bigint,
    access: Access,
    need: number,
    implicit: bigint | undefined,
  ): Leaf {
    const atp = this.guestRoot(hart);
    const mode = field(atp, 63, 60);
    if (mode === 0n) return { address: gpa, pageBits: NO_PAGE };
    const levels = mode === 8n ? 3 : 4;
    const fault = (): Trap => new Trap(guestPageFaults[access.type]!, va, { gva: true, gpa, tinst: implicit ?? 0n });
    // 8.5.1: the root has 2048 entries, so the address is two bits wider; all bits above must be zero.
    const width = 12 + 9 * levels + 2;
    if (gpa >> BigInt(width) !== 0n) throw fault();

    let a = (field(atp, 43, 0) << 12n) & ~0x3fffn;
    for (let i = levels - 1; ; i--) {
      const high = i === levels - 1 ? width - 1 : 12 + 9 * i + 8;
      const pte = this.readEntry(hart, a + field(gpa, high, 12 + 9 * i) * 8n, va, access, 1, i);
      if (!isValid(pte)) throw fault();
      if ((pte & (PTE_R | PTE_X)) === 0n) {
        if ((pte & (PTE_U | PTE_A | PTE_D)) !== 0n || i === 0) throw fault();
        a = field(pte, 53, 10) << 12n;
        continue;
      }
      if (!this.guestLeafAllows(hart, pte, need, implicit === undefined ? access : undefined)) throw fault();
      const pageBits = 12 + 9 * i;
      const frame = field(pte, 53, 10) << 12n;
      if ((frame & ((1n << BigInt(pageBits)) - 1n)) !== 0n) throw fault();
      const updated = withAccessed(pte, need);
      if (updated !== pte) {
        if (!this.updatesEntries(hart, false)) throw fault();
        this.writeEntry(hart, a + field(gpa, high, 12 + 9 * i) * 8n, updated, va, access);
      }
      return { address: frame | (gpa & ((1n << BigInt(pageBits)) - 1n)), pageBits };
    }
  }

  /** Step 5 for satp and vsatp: permission, U bit, SUM and MXR. */
  private leafAllows(hart: HartState, pte: bigint, access: Access): boolean {
    const { prv, v } = access.mode;
    const status = hart.csr(v ? CSR_VSSTATUS : CSR_MSTATUS);
    const isUserPage = (pte & PTE_U) !== 0n;
    if (prv === L.PRV_U && !isUserPage) return false;
    if (prv === L.PRV_S && isUserPage && ((status & SUM) === 0n || access.type === L.ACCESS_FETCH)) return false;
    if (access.type === L.ACCESS_FETCH || access.executeForRead === true) return (pte & PTE_X) !== 0n;
    if (access.type === L.ACCESS_STORE) return (pte & PTE_W) !== 0n;
    // 8.2.11: the guest's MXR acts on its own stage, the host's on both.
    const makeExecutableReadable = ((status | hart.csr(CSR_MSTATUS)) & MXR) !== 0n;
    return (pte & PTE_R) !== 0n || (makeExecutableReadable && (pte & PTE_X) !== 0n);
  }

  /**
   * 8.5.1: every access counts as one of user mode, so the leaf needs U = 1. `explicit`: the instruction's own access, if it is
   * that one; the walker's accesses to tables are plain loads and stores, which MXR does not widen.
   */
  private guestLeafAllows(hart: HartState, pte: bigint, need: number, explicit: Access | undefined): boolean {
    if ((pte & PTE_U) === 0n) return false;
    if (need === L.ACCESS_FETCH || explicit?.executeForRead === true) return (pte & PTE_X) !== 0n;
    if (need === L.ACCESS_STORE) return (pte & PTE_W) !== 0n;
    const makeExecutableReadable = explicit !== undefined && (hart.csr(CSR_MSTATUS) & MXR) !== 0n;
    return (pte & PTE_R) !== 0n || (makeExecutableReadable && (pte & PTE_X) !== 0n);
  }

  /** hgatp; profile qemu has a second root for V = 1 and for what user mode starts (dv-ext.md 5.1). */
  private guestRoot(hart: HartState): bigint {
    if (this.machine.dvext !== L.DVEXT_QEMU) return hart.csr(CSR_HGATP);
    return hart.csr(!hart.v && hart.prv !== L.PRV_U ? CSR_HGATP : CSR_HUGATP);
  }

  /**
   * Svadu: menvcfg.ADUE, and for `guestTables` henvcfg.ADUE too, make the walk set accessed and dirty bits; otherwise a clear
   * bit is a page fault (Svade).
   */
  private updatesEntries(hart: HartState, guestTables: boolean): boolean {
    const option = this.machine.option(L.M_SVADU);
    if (option !== L.SVADU_SWITCHED) return option === L.SVADU_ALWAYS;
    const enabled = (slot: number): boolean => (hart.csr(slot) & ADUE) !== 0n;
    return enabled(CSR_MENVCFG) && (!guestTables || enabled(CSR_HENVCFG));
  }

  /** Reads a page-table entry. `stage`: 0 = first stage, 1 = G-stage. */
  private readEntry(hart: HartState, pa: bigint, va: bigint, access: Access, stage: number, level: number): bigint {
    this.checkWalkerAccess(hart, pa, va, access, PMP_R);
    const count = hart.get32(L.PTE_TRACE);
    if (count < L.PTE_TRACE_MAX) {
      hart.set64(L.PTE_TRACE_ENTRIES + 16 * count, pa);
      hart.set32(L.PTE_TRACE_ENTRIES + 16 * count + 8, stage);
      hart.set32(L.PTE_TRACE_ENTRIES + 16 * count + 12, level);
      hart.set32(L.PTE_TRACE, count + 1);
    }
    return this.memory.readRam(pa, 8);
  }

  private writeEntry(hart: HartState, pa: bigint, pte: bigint, va: bigint, access: Access): void {
    this.checkWalkerAccess(hart, pa, va, access, PMP_W);
    this.memory.writeRam(pa, 8, pte);
  }

  /** The walker reads and writes with the rights of S-mode, and only RAM (step 2: "violates a PMA or PMP check"). */
  private checkWalkerAccess(hart: HartState, pa: bigint, va: bigint, access: Access, need: number): void {
    // dv-ext.md 5.3: profile strict asks for the V bit here too.
    const virtualized = access.mode.v && this.machine.dvext === L.DVEXT_STRICT;
    const allowed =
      this.memory.isRam(pa, 8) && pmpAllows(this.machine, hart, pa, 8, { prv: L.PRV_S, need, virtualized });
    if (!allowed) throw accessFault(access, va);
  }
}

function isTranslationFault(trap: Trap): boolean {
  return (
    (pageFaults as readonly number[]).includes(trap.exception) ||
    (guestPageFaults as readonly number[]).includes(trap.exception)
  );
}

/** Step 3. */
function isValid(pte: bigint): boolean {
  if ((pte & PTE_V) === 0n || (pte & PTE_RESERVED) !== 0n) return false;
  return (pte & PTE_R) !== 0n || (pte & PTE_W) === 0n;
}

/** Step 7: A, and D for a store. */
function withAccessed(pte: bigint, type: number): bigint {
  return pte | PTE_A | (type === L.ACCESS_STORE ? PTE_D : 0n);
}
