/** The primitives of the micro-benchmarks, their phases, and the names the report uses. */

/** Printed with every table of cycles. */
export const modelNotice = 'cycle model, not RTL';

/** The baseline is the project's own module; it is not Linux. */
export const hypervisorNames: Readonly<Record<string, string>> = {
  duvisor: 'DuVisor',
  kvm: 'KVM-like module (project)',
  native: 'native (no hypervisor)',
};

export function hypervisorName(id: string): string {
  return hypervisorNames[id] ?? id;
}

/** Place in the figures' palette; the same in every figure. */
const hypervisorColours: Readonly<Record<string, number>> = { kvm: 0, duvisor: 1, native: 7 };

export function hypervisorColour(id: string): number {
  return hypervisorColours[id] ?? 8;
}

export interface Primitive {
  readonly id: string;
  readonly title: string;
  /** Phases in the order of the report; `guest` (the guest's own cycles) is not among them. */
  readonly phases: readonly string[];
}

/** Phase definitions: paper-results.md section 2.2. */
export const primitives: readonly Primitive[] = [
  { id: 'hypercall', title: 'Hypercall', phases: ['exit', 'handling', 'entry'] },
  { id: 'stage2-fault', title: 'Stage-2 fault', phases: ['exit', 'getpage', 'metadata', 'mapping', 'other', 'entry'] },
  { id: 'mmio', title: 'MMIO', phases: ['exit', 'decode', 'transfer', 'other', 'entry'] },
];

export const GUEST_PHASE = 'guest';

export const phaseTitles: Readonly<Record<string, string>> = {
  exit: 'exit',
  handling: 'handling',
  entry: 'entry',
  getpage: 'get page',
  metadata: 'metadata',
  mapping: 'mapping',
  other: 'other',
  decode: 'decode',
  transfer: 'transfer (kernel ↔ VMM)',
  guest: "guest's own",
};

export function primitiveOf(id: string): Primitive {
  return primitives.find((primitive) => primitive.id === id) ?? { id, title: id, phases: [] };
}

export function phaseTitle(phase: string): string {
  return phaseTitles[phase] ?? phase;
}
