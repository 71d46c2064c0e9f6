/** Floating-point operations of the core (`float(h, op, rec)`). Shared with the AssemblyScript core: integer constants only. */
/** Operation in the low bits; the first five have a fast path. */
export const FLOAT_OPERATION = 63;
export const FLOAT_ADD = 0;
export const FLOAT_SUB = 1;
export const FLOAT_MUL = 2;
export const FLOAT_DIV = 3;
export const FLOAT_SQRT = 4;
export const FLOAT_MADD = 5;
export const FLOAT_MSUB = 6;
export const FLOAT_NMSUB = 7;
export const FLOAT_NMADD = 8;
export const FLOAT_MIN = 9;
export const FLOAT_MAX = 10;
export const FLOAT_EQ = 11;
export const FLOAT_LT = 12;
export const FLOAT_LE = 13;
export const FLOAT_CLASS = 14;
export const FLOAT_TO_W = 15;
export const FLOAT_TO_WU = 16;
export const FLOAT_TO_L = 17;
export const FLOAT_TO_LU = 18;
export const FLOAT_FROM_W = 19;
export const FLOAT_FROM_WU = 20;
export const FLOAT_FROM_L = 21;
export const FLOAT_FROM_LU = 22;
/** To this format from the other. */
export const FLOAT_CONVERT = 23;

/** Format of the operation (of the result, for FLOAT_CONVERT) is binary64, else binary32. */
export const FLOAT_DOUBLE = 64;
/** The instruction has a rounding mode field. */
export const FLOAT_ROUNDS = 128;
/** rd is an integer register. */
export const FLOAT_TO_X = 256;
