/** One flat table (RFC 4180): a row for each measured quantity, at full precision. Missing values are empty, with the reason. */
import { modelNotice } from '../primitives.js';
import type { Report } from '../report.js';
import type { JudgedSection } from '../services/compare.js';
import type { Quantity } from '../services/section.js';
import type { Cell } from '../tables/section.js';

const header = [
  'primitive',
  'hypervisor',
  'quantity',
  'unit',
  'n',
  'mean',
  'sd',
  'min',
  'max',
  'published_p',
  'distance_p',
  'published_c_micro',
  'distance_c_micro',
  'reason_missing',
  'source',
] as const;

type Value = string | number | null;

export function renderCsv(report: Report): string {
  const rows: Value[][] = report.sections.flatMap((section) => [
    ...section.hypervisors.flatMap((result) => [
      row(section.title, result.name, 'total', result.total),
      ...result.phases.map((phase) => row(section.title, result.name, `phase ${phase.phase}`, phase)),
      row(section.title, result.name, 'phase guest', result.guest),
      row(section.title, result.name, 'total without guest', result.withoutGuest),
      row(section.title, result.name, 'exit + entry', result.exitAndEntry),
      single(section.title, result.name, 'residual', 'cycles/op', result.residual),
      single(section.title, result.name, 'exits into the kernel', result.exits.unit, result.exits.kernel),
    ]),
    single(section.title, 'KVM ÷ DuVisor', 'ratio of totals', '1', section.effect?.ratio ?? null),
  ]);
  const steps: Value[][] = report.steps.flatMap((table) =>
    table.rows.flatMap((step) => [
      single(table.title, 'KVM-like module (project)', `step ${step.step} (${step.column})`, 'insns/op', step.module),
      single(table.title, 'Linux 6.1 (kvm-cost.md)', `step ${step.step} (${step.column})`, 'insns/op', step.linux),
    ]),
  );
  return [[...header], ...rows, ...report.services.flatMap(serviceRows), ...steps]
    .map((cells) => `${cells.map(field).join(',')}\r\n`)
    .join('');
}

function serviceRows({ title, results, comparisons }: JudgedSection): Value[][] {
  const quantity = (name: string, label: string, unit: string, { summary, reason }: Quantity): Value[] => [
    ...[title, name, label, unit, summary?.n ?? 0],
    ...[summary?.mean ?? null, summary?.sd ?? null, summary?.min ?? null, summary?.max ?? null],
    ...[null, null, null, null, reason, modelNotice],
  ];
  return [
    ...results.flatMap((result) => [
      quantity(result.name, 'requests per second', 'requests/s', result.rate),
      ...Object.entries(result.latency).map(([p, value]) => quantity(result.name, `latency ${p}`, 'us', value)),
      quantity(result.name, 'cycles', 'cycles/request', result.cycles),
      ...result.modes.map((mode) => quantity(result.name, `cycles ${mode.mode}`, 'cycles/request', mode)),
      quantity(result.name, 'exits', 'exits/request', result.exits),
      quantity(result.name, 'exits into the kernel', 'exits/request', result.exitsIntoKernel),
      quantity(result.name, 'host interrupts', 'exits/request', result.hostInterrupts),
      quantity(result.name, 'traps into the kernel', 'traps/request', result.trapsIntoKernel),
      ...result.exitsByCause.map(({ cause, perRequest }) =>
        single(title, result.name, `exits ${cause}`, 'exits/request', perRequest),
      ),
    ]),
    ...comparisons.map(({ candidate, reference, quantity: what, effect }) =>
      single(title, `${candidate} ÷ ${reference}`, `ratio of ${what}`, '1', effect.ratio),
    ),
  ];
}

function row(primitive: string, hypervisor: string, quantity: string, cell: Cell): Value[] {
  const published = (tag: 'P' | 'C-micro'): Value[] => {
    const value = cell.published.find((entry) => entry.tag === tag);
    return [value?.cycles ?? null, value?.distance ?? null];
  };
  const summary = cell.summary;
  return [
    primitive,
    hypervisor,
    quantity,
    'cycles/op',
    summary?.n ?? 0,
    summary?.mean ?? null,
    summary?.sd ?? null,
    summary?.min ?? null,
    summary?.max ?? null,
    ...published('P'),
    ...published('C-micro'),
    cell.reason,
    modelNotice,
  ];
}

function single(primitive: string, hypervisor: string, quantity: string, unit: string, value: number | null): Value[] {
  const reason = value === null ? 'not measured' : null;
  return [
    primitive,
    hypervisor,
    quantity,
    unit,
    null,
    value,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    reason,
    modelNotice,
  ];
}

function field(value: Value): string {
  if (value === null) return '';
  const text = String(value);
  // A leading =, +, - or @ in text would be a formula to a spreadsheet.
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
