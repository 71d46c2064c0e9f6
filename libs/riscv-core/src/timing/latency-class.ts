/**
 * How an instruction uses the pipeline: the one word that a row of the ISA table says about timing. What each class costs
 * is in pipeline.ts and parameters.ts (rocket-timing.md 2 and 3).
 */
export const latencyClasses = [
  /** Result usable by the next instruction. */
  'alu',
  /** Word and double-word loads, LR, HLV of the same sizes. */
  'load',
  /** Byte and half-word loads. */
  'load-sub',
  'store',
  'amo',
  'sc',
  /** Early-out multiply and divide: fixed part here, operand-dependent part in t_muldiv. */
  'mul',
  'mulh',
  'mulw',
  'div',
  'divw',
  'branch',
  'jump',
  'jalr',
  /** CSR access; whether it flushes depends on the number and on whether it writes. */
  'csr',
  /** ECALL, EBREAK, trap returns: redirect from write-back. */
  'system',
  'wfi',
  /** SFENCE, HFENCE, HUFENCE. */
  'sfence',
  'fence',
  'fence-i',
  /** Guest-memory accesses of the H extension and DV-ext. */
  'hlv',
  'hsv',
  /** Floating point: loads; results that go to an integer register; short operations; arithmetic; divide and square root. */
  'fp-load',
  'fp-to-x',
  'fp-short',
  'fp-single',
  'fp-double',
  'fp-div-single',
  'fp-div-double',
  /** The 0x77 words of DV-ext: uncached accesses to the virtual timer, vCPU identity and vIPI bitmap. */
  'dv-mmio',
] as const;

export type LatencyClass = (typeof latencyClasses)[number];
