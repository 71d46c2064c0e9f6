/**
 * Where QEMU 7.2 (`-M virt -cpu rv64`) differs from the simulator by design of one or the other. Programs that are compared
 * with QEMU leave these out. Each entry has its reason; what is not listed here must agree.
 */

export interface Deviation {
  readonly what: string;
  readonly reason: string;
}

/** The CPU with the extensions that the machine has here, and no others. Svadu has no option: QEMU 7.2 always has its walk set A and D. */
export function cpuOptions(extensions: ReadonlySet<string>): string {
  const optional = ['zba', 'zbb', 'zbs'].map((name) => `${name}=${extensions.has(name)}`);
  return ['rv64', 'h=false', 'sstc=false', 'svinval=false', 'zbc=false', ...optional].join(',');
}

/** CSRs not accessed. */
const csrs: readonly Deviation[] = [
  { what: 'cycle', reason: 'host time in QEMU, the cycle model here' },
  { what: 'mcycle', reason: 'host time in QEMU, the cycle model here' },
  { what: 'time', reason: 'host time in QEMU, follows the cycle count here' },
  { what: 'instret', reason: 'host time in QEMU without -icount' },
  { what: 'minstret', reason: 'host time in QEMU without -icount' },
  { what: 'mcountinhibit', reason: 'QEMU has the bit of time too, and fewer counters' },
  ...['mhpmevent3', 'mhpmevent4', 'mhpmcounter3', 'hpmcounter3'].map((what) => ({
    what,
    reason: 'events and their numbers are each machine’s own',
  })),
  ...['mstatus', 'sstatus'].map((what) => ({
    what,
    reason: 'QEMU keeps VS without V (bits are set one by one instead)',
  })),
  ...['menvcfg', 'senvcfg'].map((what) => ({ what, reason: 'QEMU has the fields of Zicbom and Zicboz' })),
  ...['mepc', 'sepc'].map((what) => ({
    what,
    reason: 'QEMU 7.2 keeps bit 0, which the manual says is always 0',
  })),
  ...['mip', 'sip'].map((what) => ({
    what,
    reason:
      'of several pending interrupts QEMU without AIA takes the one of lowest number, so only one is raised at a time',
  })),
  ...['mideleg', 'mie', 'sie'].map((what) => ({
    what,
    reason: 'QEMU has the counter-overflow interrupt (bit 13), and VS-level bits without H',
  })),
  ...['mcounteren', 'scounteren'].map((what) => ({
    what,
    reason: 'QEMU keeps 64 bits of these 32-bit registers',
  })),
  { what: 'mhartid', reason: 'QEMU lets CSRRS and CSRRC write a read-only register if the operand is 0' },
  {
    what: 'satp',
    reason: 'random roots: a page table outside memory is a page fault in QEMU, an access fault by the manual',
  },
  { what: 'mscratch', reason: 'holds the end of the trap log in these programs' },
];

/** Bits of mstatus that are set and cleared one by one: not MPRV, which QEMU 7.2 does not clear on MRET and SRET to a lower mode. */
export const comparableStatus = 0x7c_01aan;

/** R, W, X of pmpcfg: QEMU 7.2 keeps the reserved combination W without R (and the reserved bits 5 and 6), here W is cleared. */
export const legalPmpRights = [0, 1, 3, 4, 5, 7] as const;

/** Instructions not generated. */
const instructions: readonly Deviation[] = [
  { what: 'ebreak', reason: 'QEMU 7.2 writes 0 to xtval, here it is the address of the instruction' },
  ...['lr.w', 'lr.d', 'sc.w', 'sc.d'].map((what) => ({
    what,
    reason: 'QEMU does not compare sizes: SC.W may succeed after LR.D; only pairs of one size are generated',
  })),
  { what: 'ctzw', reason: 'QEMU 7.2 counts in 64 bits when the low 32 are zero; corrected in QEMU 8' },
  { what: 'wfi', reason: 'nothing wakes it without a timer' },
];

/** Idioms of the random programs not used. */
const idioms: readonly Deviation[] = [
  { what: 'code', reason: 'QEMU may go on in the translation block that was overwritten; and pointers would be lost' },
  { what: 'environment', reason: 'QEMU 7.2 has no ADUE in menvcfg; programs set it once, at the start' },
  { what: 'event counter', reason: 'events and their numbers are each machine’s own' },
  { what: 'timer', reason: 'mtime is host time in QEMU' },
  { what: 'sleep', reason: 'mtime is host time in QEMU' },
  { what: 'device', reason: 'its CLINT, PLIC and UART take other access sizes' },
  { what: 'ipi', reason: 'QEMU notices a write to msip at the end of a translation block, this machine at once' },
];

/** Rules of the generator that exist for QEMU's sake. */
export const restrictions: readonly Deviation[] = [
  {
    what: 'no Svinval',
    reason:
      'QEMU 7.2 lets U-mode execute SFENCE.W.INVAL and SFENCE.INVAL.IR, and a refused SINVAL.VMA leaves 0 in xtval',
  },
  {
    what: 'no atomics where an access can fault or is misaligned',
    reason:
      'with one CPU QEMU does an AMO as a load and a store: its faults are those of a load; a failing SC does not access memory',
  },
  {
    what: 'misaligned accesses in RAM only',
    reason: 'elsewhere QEMU splits them; here they are address-misaligned exceptions',
  },
  {
    what: 'no guests (V = 1)',
    reason:
      'the hypervisor extension of QEMU 7.2 departs from the manual too often to be an oracle: GVA is not kept up, MRET to M with MPV sets V, ' +
      'HLV and HSV ignore vsstatus.SUM, a virtual instruction reports the bits of an earlier illegal one',
  },
  {
    what: 'without Svadu every leaf PTE has A and D set',
    reason: 'QEMU 7.2 always sets them in hardware; the machine virt here faults (Svade)',
  },
  {
    what: 'a store into code is followed by fence.i',
    reason: 'QEMU may go on in the translation block that was overwritten',
  },
  { what: 'no random 32-bit words', reason: 'QEMU has extensions that do not exist here (Zfh, Zicbom ...)' },
];

const names = (list: readonly Deviation[]): ReadonlySet<string> => new Set(list.map(({ what }) => what));
export const excludedCsrs = names(csrs);
export const excludedInstructions = names(instructions);
export const excludedIdioms = names(idioms);
