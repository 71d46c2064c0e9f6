/**
 * Arguments of the dynamic timing events (assembly/timing/api.ts). Shared with the AssemblyScript core like
 * hart/layout.ts: nothing but integer constants.
 */

/** Address space of an access: which TLB entries can serve it. */
/** No translation in force: the TLBs are not asked. */
export const SPACE_BARE = 0;
/** Single-stage translation, V=0 (HS, HU, U, or M with MPRV). */
export const SPACE_HOST = 1;
/** V=1 (or HLV/HSV, MPRV with MPV) with at least one of the two stages on. */
export const SPACE_GUEST = 2;

/** What a data access does to its line. */
export const DATA_LOAD = 0;
/** Store, AMO, or SC that succeeds. */
export const DATA_STORE = 1;
/** LR: asks for write permission, does not dirty. */
export const DATA_RESERVE = 2;

/** What a fence invalidates. */
/** SFENCE.VMA executed with V=0. */
export const FLUSH_HOST = 0;
/** HFENCE.VVMA, HUFENCE.VVMA, or SFENCE.VMA executed with V=1. */
export const FLUSH_GUEST = 1;
/** HFENCE.GVMA, HUFENCE.GVMA: a guest-physical address selects nothing in the TLBs, every guest entry goes. */
export const FLUSH_GSTAGE = 2;

/** Operation of the multiplier/divider. */
export const MULDIV_MUL = 0;
export const MULDIV_MULW = 1;
export const MULDIV_MULH = 2;
export const MULDIV_DIV = 3;
export const MULDIV_DIVU = 4;
export const MULDIV_REM = 5;
export const MULDIV_REMU = 6;
export const MULDIV_DIVW = 7;
export const MULDIV_DIVUW = 8;
export const MULDIV_REMW = 9;
export const MULDIV_REMUW = 10;
