/**
 * Published values of the micro-benchmarks in cycles per operation (paper-results.md sections 2.1 and 2.2).
 *
 * Tags: `P` = the paper (text, tables, figures; `approximate` where a figure was digitised), `C-micro` = the artifact's rerun.
 * Published totals are sums of the phases and do not hold the guest's own instructions.
 * C-micro has no complete rows for DuVisor's stage-2 fault and MMIO (section 2.3); a phase is given only where its label is sure.
 */

export type PublishedTag = 'P' | 'C-micro';

export interface PublishedValue {
  readonly primitive: string;
  readonly hypervisor: 'kvm' | 'duvisor';
  /** A phase, `exit+entry`, or `total`. */
  readonly row: string;
  readonly tag: PublishedTag;
  readonly cycles: number;
  readonly approximate: boolean;
}

const exact = (
  primitive: string,
  hypervisor: 'kvm' | 'duvisor',
  tag: PublishedTag,
  rows: Readonly<Record<string, number>>,
): PublishedValue[] =>
  Object.entries(rows).map(([row, cycles]) => ({ primitive, hypervisor, row, tag, cycles, approximate: false }));

const digitised = (
  primitive: string,
  hypervisor: 'kvm' | 'duvisor',
  rows: Readonly<Record<string, number>>,
): PublishedValue[] => exact(primitive, hypervisor, 'P', rows).map((value) => ({ ...value, approximate: true }));

export const publishedValues: readonly PublishedValue[] = [
  ...exact('hypercall', 'kvm', 'P', { exit: 212, handling: 18, entry: 388, total: 618 }),
  ...exact('hypercall', 'kvm', 'C-micro', { exit: 215.4, handling: 18.0, entry: 411.6, total: 645 }),
  ...exact('hypercall', 'duvisor', 'P', { exit: 56, handling: 108, entry: 50, total: 214 }),
  ...exact('hypercall', 'duvisor', 'C-micro', { exit: 65.4, handling: 87.0, entry: 47.0, total: 199 }),

  ...exact('stage2-fault', 'kvm', 'P', { total: 6344 }),
  ...digitised('stage2-fault', 'kvm', { 'exit+entry': 770, getpage: 3800, mapping: 295, metadata: 630, other: 840 }),
  ...exact('stage2-fault', 'kvm', 'C-micro', {
    'exit+entry': 247.9,
    getpage: 3776.8,
    mapping: 294.1,
    metadata: 363.2,
    other: 818.2,
    total: 5500,
  }),
  ...exact('stage2-fault', 'duvisor', 'P', { getpage: 0, metadata: 0, total: 694 }),
  ...digitised('stage2-fault', 'duvisor', { 'exit+entry': 185, mapping: 160, other: 330 }),
  ...exact('stage2-fault', 'duvisor', 'C-micro', { 'exit+entry': 60.8 }),

  ...exact('mmio', 'kvm', 'P', { total: 4758 }),
  ...digitised('mmio', 'kvm', { 'exit+entry': 790, transfer: 3140, decode: 215, other: 610 }),
  ...exact('mmio', 'kvm', 'C-micro', { 'exit+entry': 254.4, transfer: 5548.3, decode: 34.6, other: 0, total: 5837 }),
  ...exact('mmio', 'duvisor', 'P', { transfer: 0, total: 494 }),
  ...digitised('mmio', 'duvisor', { 'exit+entry': 180, decode: 165, other: 145 }),
  ...exact('mmio', 'duvisor', 'C-micro', { 'exit+entry': 43.3 }),
];

export function published(
  primitive: string,
  hypervisor: string,
  row: string,
  tag: PublishedTag,
): PublishedValue | undefined {
  return publishedValues.find(
    (value) =>
      value.primitive === primitive && value.hypervisor === hypervisor && value.row === row && value.tag === tag,
  );
}

/** Instructions per operation measured on Linux 6.1's own KVM, by column (kvm-cost.md section 2). */
export interface LinuxColumns {
  readonly primitive: string;
  /** Row of the measurement, e.g. `1`. */
  readonly row: string;
  readonly operation: string;
  readonly total: number;
  readonly columns: Readonly<Record<string, number>>;
}

export const columnNames = ['switch', 'arch', 'gen', 'mm', 'lib', 'rcu', 'entry', 'FP', 'sched', 'user', 'fw'] as const;

const columnsOf = (...values: number[]): Record<string, number> =>
  Object.fromEntries(columnNames.map((name, index) => [name, values[index] ?? 0]));

export const linuxColumns: readonly LinuxColumns[] = [
  {
    primitive: 'hypercall',
    row: '1',
    operation: 'null hypercall handled in the kernel',
    total: 622,
    columns: columnsOf(143, 305, 0, 0, 90, 71, 13, 0, 0, 0, 0),
  },
  {
    primitive: 'stage2-fault',
    row: '3d',
    operation: 'stage-2 read fault, page not yet backed (maps the shared zero page)',
    total: 3825,
    columns: columnsOf(143, 896, 401, 1363, 878, 95, 13, 0, 35, 0, 0),
  },
  {
    primitive: 'stage2-fault',
    row: '3a',
    operation: 'stage-2 write fault, page not yet backed (allocates and zeroes a page)',
    total: 5260,
    columns: columnsOf(143, 906, 436, 2153, 1478, 95, 13, 0, 35, 0, 0),
  },
  {
    primitive: 'mmio',
    row: '4',
    operation: 'MMIO load emulated in user space',
    total: 1899,
    columns: columnsOf(143, 696, 235, 14, 155, 111, 271, 177, 38, 59, 0),
  },
];

/** What the guest of a workload does, in the terms of kvm-cost.md section 2. */
export const linuxOperation: Readonly<Record<string, string>> = {
  hypercall: "The guest's operation is Linux's row 1.",
  'stage2-fault':
    'The guest reads one byte of a page that nobody has touched: a read fault, row 3d of kvm-cost.md, which Linux and the module ' +
    'answer with the shared page of zeros. Row 3a is the write fault, which allocates and zeroes a page; it is shown for comparison. ' +
    "Row 3d was measured by column only: its steps carry row 3a's counts where the same code runs as often.",
  mmio: "The guest's operation, a one-byte load from a device of the VMM, is Linux's row 4.",
};
