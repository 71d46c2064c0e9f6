/** Fields of mstatus, sstatus, vsstatus (Privileged ISA 3.1.6, 4.1.1, 8.2.11), hstatus (8.2.1) and hustatus (dv-ext.md 2.4). */

/** mstatus; the lower fields also in sstatus and vsstatus. */
export const SIE = 1n << 1n;
export const MIE = 1n << 3n;
export const SPIE = 1n << 5n;
export const MPIE = 1n << 7n;
export const SPP = 1n << 8n;
export const MPP_SHIFT = 11;
export const MPP = 3n << 11n;
export const FS = 3n << 13n;
export const MPRV = 1n << 17n;
export const SUM = 1n << 18n;
export const MXR = 1n << 19n;
export const TVM = 1n << 20n;
export const TW = 1n << 21n;
export const TSR = 1n << 22n;
/** SXL and UXL read 2: every mode has XLEN = 64. */
export const SXL_64 = 2n << 34n;
export const UXL_64 = 2n << 32n;
export const GVA = 1n << 38n;
export const MPV = 1n << 39n;
export const SD = 1n << 63n;

/** hstatus. */
export const H_GVA = 1n << 6n;
export const SPV = 1n << 7n;
export const SPVP = 1n << 8n;
export const HU = 1n << 9n;
export const VTVM = 1n << 20n;
export const VTW = 1n << 21n;
export const VTSR = 1n << 22n;
export const VSXL_64 = 2n << 32n;

/** menvcfg, henvcfg: Svadu's and Sstc's switches. */
export const ADUE = 1n << 61n;
export const STCE = 1n << 63n;

/** hustatus: UIE, UPIE and UPV are its own, the other fields are those of hstatus (profile qemu: all its own). */
export const UIE = 1n << 0n;
export const UPIE = 1n << 4n;
export const UPV = 1n << 7n;
export const UPVP = 1n << 8n;
