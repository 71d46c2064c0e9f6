/**
 * Fields of CSRs that the target software uses by name. The registers themselves are rows of riscv-core's `isa/csrs.ts`;
 * a field here must lie inside its register (checked by the generator).
 *
 * Privileged ISA ch. 3, 4, 8; dv-ext.md 2.4 for hustatus.
 */
export interface CsrField {
  /** Register, as named in `csrs.ts`. */
  readonly csr: string;
  readonly field: string;
  readonly mask: bigint;
}

const field = (csr: string, name: string, mask: bigint): CsrField => ({ csr, field: name, mask });
const bit = (n: number): bigint => 1n << BigInt(n);

export const csrFields: readonly CsrField[] = [
  field('sstatus', 'sie', bit(1)),
  field('sstatus', 'spie', bit(5)),
  field('sstatus', 'spp', bit(8)),
  field('sstatus', 'fs', 3n << 13n),
  field('sstatus', 'sum', bit(18)),
  field('sstatus', 'mxr', bit(19)),
  field('mstatus', 'mie', bit(3)),
  field('mstatus', 'mpie', bit(7)),
  field('mstatus', 'mpp', 3n << 11n),
  // Value of MPP that stands for S.
  field('mstatus', 'mpp_s', 1n << 11n),
  field('mstatus', 'mprv', bit(17)),
  field('mstatus', 'mxr', bit(19)),
  field('mstatus', 'gva', bit(38)),
  field('mstatus', 'mpv', bit(39)),
  field('hstatus', 'gva', bit(6)),
  field('hstatus', 'spv', bit(7)),
  field('hstatus', 'spvp', bit(8)),
  field('hstatus', 'hu', bit(9)),
  field('hstatus', 'vtvm', bit(20)),
  field('hstatus', 'vtw', bit(21)),
  field('hstatus', 'vtsr', bit(22)),
  field('hustatus', 'uie', bit(0)),
  field('hustatus', 'upie', bit(4)),
  field('hustatus', 'gva', bit(6)),
  field('hustatus', 'upv', bit(7)),
  field('hustatus', 'upvp', bit(8)),
  field('hustatus', 'vtvm', bit(20)),
  field('hustatus', 'vtw', bit(21)),
  field('hustatus', 'vtsr', bit(22)),
  // Mode values in place.
  field('satp', 'sv39', 8n << 60n),
  field('hgatp', 'sv39x4', 8n << 60n),
];
