/** Fields of the status and address-translation registers. */

// mstatus, sstatus, vsstatus (Privileged ISA 3.1.6, 4.1.1, 8.2.11)
export const STATUS_SIE: u64 = 1 << 1;
export const STATUS_MIE: u64 = 1 << 3;
export const STATUS_SPIE: u64 = 1 << 5;
export const STATUS_MPIE: u64 = 1 << 7;
export const STATUS_SPP: u64 = 1 << 8;
export const STATUS_MPP_SHIFT: u64 = 11;
export const STATUS_MPP: u64 = 3 << 11;
export const STATUS_FS: u64 = 3 << 13;
export const STATUS_XS: u64 = 3 << 15;
export const STATUS_MPRV: u64 = 1 << 17;
export const STATUS_SUM: u64 = 1 << 18;
export const STATUS_MXR: u64 = 1 << 19;
export const STATUS_TVM: u64 = 1 << 20;
export const STATUS_TW: u64 = 1 << 21;
export const STATUS_TSR: u64 = 1 << 22;
export const STATUS_UXL_64: u64 = 2 << 32;
export const STATUS_SXL_64: u64 = 2 << 34;
export const STATUS_GVA: u64 = 1 << 38;
export const STATUS_MPV: u64 = 1 << 39;
export const STATUS_SD: u64 = 1 << 63;

// hstatus (Privileged ISA 8.2.1) and hustatus (dv-ext.md 2.4)
export const HSTATUS_UIE: u64 = 1 << 0;
export const HSTATUS_UPIE: u64 = 1 << 4;
export const HSTATUS_GVA: u64 = 1 << 6;
export const HSTATUS_SPV: u64 = 1 << 7;
export const HSTATUS_SPVP: u64 = 1 << 8;
export const HSTATUS_HU: u64 = 1 << 9;
export const HSTATUS_VTVM: u64 = 1 << 20;
export const HSTATUS_VTW: u64 = 1 << 21;
export const HSTATUS_VTSR: u64 = 1 << 22;
export const HSTATUS_VSXL_64: u64 = 2 << 32;

// menvcfg, henvcfg
export const ENVCFG_ADUE: u64 = 1 << 61;
export const ENVCFG_STCE: u64 = 1 << 63;
/** Fields of henvcfg that menvcfg opens. */
export const ENVCFG_SWITCHES: u64 = ENVCFG_ADUE | ENVCFG_STCE;

// interrupt bits of mip, mie, mideleg
export const BITS_U: u64 = 0x111;
export const BITS_S: u64 = 0x222;
export const BITS_VS: u64 = 0x444;

// satp, vsatp, hgatp
export const ATP_MODE_SHIFT: u64 = 60;
export const ATP_PPN: u64 = (1 << 44) - 1;
export const MODE_BARE: i32 = 0;
export const MODE_39: i32 = 8;
export const MODE_48: i32 = 9;
