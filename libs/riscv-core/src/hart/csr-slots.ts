/**
 * Where each control and status register lives inside a hart area (byte offsets, u64 each). Shared with the AssemblyScript
 * core like layout.ts: nothing but integer constants. A register that is a view of another (sstatus, sie, hip, the HU and
 * HUVS banks ...) has no slot of its own.
 */

export const CSR_MSTATUS = 2048;
export const CSR_MEDELEG = 2056;
export const CSR_MIDELEG = 2064;
export const CSR_MIE = 2072;
export const CSR_MTVEC = 2080;
export const CSR_MCOUNTEREN = 2088;
export const CSR_MENVCFG = 2096;
export const CSR_MSCRATCH = 2104;
export const CSR_MEPC = 2112;
export const CSR_MCAUSE = 2120;
export const CSR_MTVAL = 2128;
/** software-writable bits of mip (SSIP, STIP, SEIP, VSSIP, VSTIP, VSEIP as set through hvip/mip; DV-ext: USIP, UTIP, UEIP); device lines are ORed in on read */
export const CSR_MIP_SW = 2136;
export const CSR_MTINST = 2144;
export const CSR_MTVAL2 = 2152;
export const CSR_MCOUNTINHIBIT = 2160;
/** i64: mcycle = CYCLE - SLEPT + this; of each counter, while mcountinhibit stops it: its value */
export const CSR_MCYCLE_OFFSET = 2168;
/** i64: minstret = INSTRET + this */
export const CSR_MINSTRET_OFFSET = 2176;
export const CSR_STVEC = 2184;
export const CSR_SCOUNTEREN = 2192;
export const CSR_SENVCFG = 2200;
export const CSR_SSCRATCH = 2208;
export const CSR_SEPC = 2216;
export const CSR_SCAUSE = 2224;
export const CSR_STVAL = 2232;
export const CSR_SATP = 2240;
export const CSR_HSTATUS = 2248;
export const CSR_HEDELEG = 2256;
export const CSR_HIDELEG = 2264;
export const CSR_HCOUNTEREN = 2272;
export const CSR_HTVAL = 2280;
export const CSR_HTINST = 2288;
export const CSR_HENVCFG = 2296;
export const CSR_HGATP = 2304;
export const CSR_HTIMEDELTA = 2312;
export const CSR_VSSTATUS = 2320;
export const CSR_VSTVEC = 2328;
export const CSR_VSSCRATCH = 2336;
export const CSR_VSEPC = 2344;
export const CSR_VSCAUSE = 2352;
export const CSR_VSTVAL = 2360;
export const CSR_VSATP = 2368;
export const CSR_UTVEC = 2376;
export const CSR_USCRATCH = 2384;
export const CSR_UEPC = 2392;
export const CSR_UCAUSE = 2400;
export const CSR_UTVAL = 2408;
export const CSR_SEDELEG = 2416;
export const CSR_SIDELEG = 2424;
/** private part of hustatus: UIE (0), UPIE (4), UPV (7); profile qemu: the whole register */
export const CSR_HUSTATUS = 2432;
/** profile qemu only: elsewhere hcounteren */
export const CSR_HUCOUNTEREN = 2440;
/** profile qemu only: elsewhere htval */
export const CSR_HUTVAL = 2448;
export const CSR_HUTIMEDELTA = 2456;
/** profile qemu only: elsewhere hugatp is hgatp */
export const CSR_HUGATP = 2464;
export const CSR_HUIE_OWN = 2472;
export const CSR_H_ENABLE = 2480;
export const CSR_H_VMID = 2488;
export const CSR_FCSR = 2496;
/** pmp0cfg..pmp7cfg */
export const CSR_PMPCFG0 = 2504;
/** pmp8cfg..pmp15cfg */
export const CSR_PMPCFG2 = 2512;
/** pmpaddr0..15, 8 bytes apart */
export const CSR_PMPADDR = 2520;
/** mhpmcounter3..31 (index 3 first), 8 bytes apart */
export const CSR_MHPMCOUNTER = 2648;
/** mhpmevent3..31, 8 bytes apart */
export const CSR_MHPMEVENT = 2880;
export const CSR_STIMECMP = 3112;
export const CSR_VSTIMECMP = 3120;
/** end of the register storage: must not pass CSRS + CSR_SLOTS * 8 */
export const CSR_STORAGE_END = 3128;
