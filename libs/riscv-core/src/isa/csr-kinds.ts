/**
 * How a control and status register behaves beyond storage and masks. Shared with the AssemblyScript core: integer
 * constants only. `isa/csrs.ts` says which register is of which kind.
 */

/** storage and masks only */
export const CSRK_PLAIN = 0;
/** reads its reset value, writes are ignored (or illegal where the number says read-only) */
export const CSRK_CONSTANT = 1;
/** WARL fields, SD derived */
export const CSRK_MSTATUS = 2;
/** view of mstatus */
export const CSRK_SSTATUS = 3;
/** WARL fields, SD derived */
export const CSRK_VSSTATUS = 4;
/** reads M_MISA, writes ignored */
export const CSRK_MISA = 5;
/** bits 2, 6, 10 read one with H */
export const CSRK_MIDELEG = 6;
/** interrupt enables */
export const CSRK_MIE = 7;
/** software bits and device lines */
export const CSRK_MIP = 8;
/** view of mie through mideleg */
export const CSRK_SIE = 9;
/** view of mip through mideleg; only SSIP is writable */
export const CSRK_SIP = 10;
/** view of mie, bits 2, 6, 10 */
export const CSRK_HIE = 11;
/** view of mip, bits 2, 6, 10; only VSSIP is writable */
export const CSRK_HIP = 12;
/** the injected bits 2, 6, 10 */
export const CSRK_HVIP = 13;
/** view of mie bits 2, 6, 10 at 1, 5, 9 through hideleg */
export const CSRK_VSIE = 14;
/** view of mip bits 2, 6, 10 at 1, 5, 9 through hideleg */
export const CSRK_VSIP = 15;
/** WARL mode: unsupported mode ignores the whole write */
export const CSRK_SATP = 16;
/** as satp, for VS */
export const CSRK_VSATP = 17;
/** WARL mode: unsupported mode keeps MODE and writes the rest */
export const CSRK_HGATP = 18;
/** bit 0 reads 0 */
export const CSRK_EPC = 19;
/** mode 0 or 1 */
export const CSRK_TVEC = 20;
/** WARL fields; HU writable here only */
export const CSRK_HSTATUS = 21;
/** eight configuration bytes, locked entries keep their value, bit 5 = V with vPMP */
export const CSRK_PMPCFG = 22;
/** locked entries keep their value; low bits by granularity */
export const CSRK_PMPADDR = 23;
/** CYCLE - SLEPT + offset */
export const CSRK_MCYCLE = 24;
/** INSTRET + offset */
export const CSRK_MINSTRET = 25;
/** cycle: counter enables apply */
export const CSRK_CYCLE_RO = 26;
/** time: counter enables apply */
export const CSRK_TIME_RO = 27;
/** instret: counter enables apply */
export const CSRK_INSTRET_RO = 28;
/** hpmcounter3..31: counter enables apply */
export const CSRK_HPMCOUNTER_RO = 29;
/** reads 0: GEILEN is 0 */
export const CSRK_HGEIP = 30;
/** dv-ext.md 2.4 */
export const CSRK_HUSTATUS = 31;
/** dv-ext.md 2.1 */
export const CSRK_HUIE = 32;
/** dv-ext.md 2.1, with the read-modify-write hazard of [R] in profile rocket */
export const CSRK_HUIP = 33;
/** dv-ext.md 2.1 */
export const CSRK_HUVIP = 34;
/** read view of mie bits 0, 4, 8 */
export const CSRK_UIE_RO = 35;
/** read view of mip bits 0, 4, 8 */
export const CSRK_UIP_RO = 36;
/** dv-ext.md 2.3 */
export const CSRK_SEDELEG = 37;
/** dv-ext.md 2.3 */
export const CSRK_SIDELEG = 38;
/** dv-ext.md 8 */
export const CSRK_VTIMECMP = 39;
/** dv-ext.md 8 */
export const CSRK_VTIMECTL = 40;
/** dv-ext.md 9 */
export const CSRK_VCPUID = 41;
/** dv-ext.md 9: canonical numbers are set (csrrs) / clear (csrrc) only */
export const CSRK_VIPI = 42;
/** fcsr bits 4:0 */
export const CSRK_FFLAGS = 43;
/** fcsr bits 7:5 */
export const CSRK_FRM = 44;
/** fcsr bits 7:0 */
export const CSRK_FCSR = 45;
/** menvcfg, senvcfg */
export const CSRK_ENVCFG = 46;
/** hcounteren ([R]); own register in profile qemu */
export const CSRK_HUCOUNTEREN = 47;
/** htval ([R]); own register in profile qemu */
export const CSRK_HUTVAL = 48;
/** hgatp ([R]); own register in profile qemu */
export const CSRK_HUGATP = 49;
/** as scause */
export const CSRK_UCAUSE = 50;
/** stimecmp, vstimecmp: menvcfg, henvcfg and the counter enables of time apply */
export const CSRK_STIMECMP = 51;
/** henvcfg: what menvcfg switches off reads 0 */
export const CSRK_HENVCFG = 52;
/** mhpmcounter3..31: the event that mhpmevent chooses */
export const CSRK_MHPMCOUNTER = 53;
/** mhpmevent3..31: event and the modes left out */
export const CSRK_MHPMEVENT = 54;
/** stops counters: CY, IR, HPM */
export const CSRK_MCOUNTINHIBIT = 55;
