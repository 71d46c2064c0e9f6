/** A report as headings, paragraphs and tables: what every human-readable renderer draws. */
import type { Figure } from '#libs/contracts';
import { breakdownFigure, ratioFigure, totalsFigure } from './figures/figures.js';
import type { Report } from './report.js';
import { BASELINE, CANDIDATE } from './report.js';
import { hypervisorName, modelNotice } from './primitives.js';
import { effectCells, effectColumns, left, plain, right, strong, toneOf } from './cells.js';
import { cycles, count, digest, distance, percent, ratio, spread } from './format.js';
import type { Cell, HypervisorResult, PrimitiveSection } from './tables/section.js';
import type { StepTable } from './tables/steps.js';
import type { CheckResult } from './checks/evaluate.js';
import { serviceBlocks } from './services/blocks.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** A table cell: text, and what it says about health (drawn as colour where the medium has one, always said in words too). */
export interface TableCell {
  readonly text: string;
  readonly tone?: 'good' | 'bad' | 'warn' | 'strong';
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly TableCell[])[];
      readonly notes: readonly string[];
    }
  /** Drawn where the medium can; its values are in the tables too. */
  | { readonly kind: 'figure'; readonly figure: Figure };

export interface Document {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** `summary` is for a terminal: without the list of runs and the figures of the simulation host. */
export type Detail = 'full' | 'summary';

export function buildDocument(report: Report, detail: Detail = 'full'): Document {
  return {
    title: `DuVisor versus ${hypervisorName(BASELINE)}: ${report.campaign.name}`,
    blocks: [
      { kind: 'heading', level: 1, text: `DuVisor versus ${hypervisorName(BASELINE)}: ${report.campaign.name}` },
      paragraph(
        `All cycle counts come from a ${modelNotice}: RISC-V machine code executed on the emulated machine. ` +
          `The baseline is this project's own KVM-like module, not Linux's KVM. ` +
          `P = the paper, C-micro and C-app = the artifact's rerun, all measured on an FPGA; ≈ = read from a figure.`,
      ),
      ...unusableRuns(report),
      ...alarms(report),
      ...summaryTables(report),
      ...serviceBlocks(report),
      ...report.sections.flatMap(breakdown),
      ...report.steps.flatMap(stepBlocks),
      ...checkBlocks(report.checks),
      ...provenance(report, detail),
    ],
  };
}

const paragraph = (text: string): Block => ({ kind: 'paragraph', text });
const heading = (text: string): Block => ({ kind: 'heading', level: 2, text });
const figureBlocks = (figures: readonly Figure[]): Block[] => figures.map((figure) => ({ kind: 'figure', figure }));

function unusableRuns(report: Report): Block[] {
  if (report.unusable.length === 0) return [];
  return [
    {
      kind: 'table',
      caption: `${String(report.unusable.length)} of ${String(report.runs.length)} runs without a usable result`,
      columns: [left('run'), left('hypervisor'), left('workload'), right('seed'), left('status'), left('reason')],
      rows: report.unusable.map((run) => [
        plain(run.id),
        plain(hypervisorName(run.hypervisor)),
        plain(run.workload),
        plain(String(run.seed)),
        { text: run.status, tone: 'bad' },
        plain(run.reason),
      ]),
      notes: ['Their figures are missing below, never 0.'],
    },
  ];
}

function alarms(report: Report): Block[] {
  if (report.alarms.length === 0) return [];
  return [
    {
      kind: 'table',
      caption: 'Alarms: repeated executions of one run that disagreed',
      columns: [left('run'), left('detail')],
      rows: report.alarms.map((alarm) => [plain(alarm.runId), { text: alarm.detail, tone: 'bad' }]),
      notes: ['The simulator is deterministic: each of these is a bug of ours.'],
    },
  ];
}

const publishedText = (cell: Cell, tag: 'P' | 'C-micro'): TableCell => {
  const value = cell.published.find((entry) => entry.tag === tag);
  return plain(value === undefined ? '–' : `${value.approximate ? '≈' : ''}${cycles(value.cycles)}`);
};

const distanceText = (cell: Cell, tag: 'P' | 'C-micro'): TableCell =>
  plain(distance(cell.published.find((entry) => entry.tag === tag)?.distance ?? null));

const measured = (cell: Cell): TableCell =>
  cell.summary === null
    ? { text: `missing (${cell.reason ?? 'unknown'})`, tone: 'bad' }
    : plain(cycles(cell.summary.mean));

function summaryTables(report: Report): Block[] {
  if (report.sections.length === 0) return [];
  const blocks: Block[] = [
    heading('Cycles per operation'),
    ...figureBlocks(totalsFigure(report.sections)),
    ...figureBlocks(ratioFigure(report.comparisons)),
    {
      kind: 'table',
      caption: `Cycles per operation, mean over seeds (${modelNotice})`,
      columns: [
        left('primitive'),
        left('hypervisor'),
        right('total'),
        right('sd'),
        right("guest's own"),
        right('without guest'),
        right('P'),
        right('distance'),
        right('C-micro'),
        right('distance'),
        right('VM exits/op'),
        right('into the kernel'),
      ],
      rows: report.sections.flatMap((section) => section.hypervisors.map((result) => summaryRow(section, result))),
      notes: [
        `Published totals are sums of the phases without the guest's own instructions, so the distance is taken from "without guest".`,
        `"Into the kernel" counts the VM exits of the measured part that the guest caused and that entered HS-mode or firmware, the most in any run. ` +
          `A host interrupt that finds the guest running, such as the tick, is no such exit: the kernel takes it under either hypervisor. ` +
          `Each breakdown below gives their number, and that of all traps into the kernel.`,
      ],
    },
  ];
  if (report.comparisons.length > 0) blocks.push(comparisonTable(report));
  return blocks;
}

function summaryRow(section: PrimitiveSection, result: HypervisorResult): TableCell[] {
  const kernel = result.exits.kernel;
  const expectsNone = result.id === CANDIDATE;
  return [
    plain(section.title),
    plain(result.name),
    result.total.summary === null ? measured(result.total) : strong(cycles(result.total.summary.mean)),
    plain(spread(result.total.summary)),
    measured(result.guest),
    measured(result.withoutGuest),
    publishedText(result.withoutGuest, 'P'),
    distanceText(result.withoutGuest, 'P'),
    publishedText(result.withoutGuest, 'C-micro'),
    distanceText(result.withoutGuest, 'C-micro'),
    plain(exitsPerOperation(result)),
    {
      text: kernel === null ? 'not counted' : count(kernel),
      ...(expectsNone ? { tone: kernel === 0 ? ('good' as const) : ('bad' as const) } : {}),
    },
  ];
}

function exitsPerOperation(result: HypervisorResult): string {
  const { total, unit } = result.exits;
  if (total === null) return 'not counted';
  if (unit.includes('/')) return cycles(total);
  return result.operations === null || result.operations === 0 ? '–' : cycles(total / result.operations);
}

function comparisonTable(report: Report): Block {
  const rows = report.comparisons.map((comparison) => {
    const section = report.sections.find((candidate) => candidate.title === comparison.sectionTitle);
    return [
      plain(comparison.sectionTitle),
      ...effectCells(comparison.effect, comparison.adjustedP),
      { text: `DuVisor ${comparison.verdict}`, ...toneOf(comparison.verdict) },
      plain(publishedRatio(section, 'P')),
      plain(publishedRatio(section, 'C-micro')),
    ];
  });
  const mean = report.geometricMean;
  if (mean !== null)
    rows.push([
      plain(`geometric mean over ${String(mean.over.length)}`),
      ...effectCells(mean.effect),
      plain(''),
      plain('–'),
      plain('–'),
    ]);
  return {
    kind: 'table',
    caption: `Ratio KVM ÷ DuVisor: total cycles of the KVM-like module over DuVisor's (${modelNotice})`,
    columns: [left('primitive'), ...effectColumns('KVM ÷ DuVisor'), left('verdict'), right('P'), right('C-micro')],
    rows,
    notes: [
      'Seed i on one side is paired with seed i on the other; the effect is the mean log ratio. Equivalent = interval inside ±1 %.',
      ...report.comparisons.flatMap(({ sectionTitle, remark }) =>
        remark === null ? [] : [`${sectionTitle}: ${remark}.`],
      ),
    ],
  };
}

function publishedRatio(section: PrimitiveSection | undefined, tag: 'P' | 'C-micro'): string {
  const of = (id: string): number | undefined =>
    section?.hypervisors.find((result) => result.id === id)?.withoutGuest.published.find((value) => value.tag === tag)
      ?.cycles;
  const [kvm, duvisor] = [of(BASELINE), of(CANDIDATE)];
  return kvm === undefined || duvisor === undefined
    ? '–'
    : `${ratio(kvm / duvisor)} (${distance(relative(section, kvm / duvisor))})`;
}

function relative(section: PrimitiveSection | undefined, nominal: number): number | null {
  const value = section?.effect?.ratio ?? null;
  return value === null ? null : (value - nominal) / nominal;
}

function breakdown(section: PrimitiveSection): Block[] {
  return [
    heading(`${section.title}: where the cycles go`),
    ...figureBlocks(breakdownFigure(section)),
    ...section.hypervisors.map((result) => breakdownTable(section, result)),
  ];
}

function breakdownTable(section: PrimitiveSection, result: HypervisorResult): Block {
  const whole = result.total.summary?.mean ?? null;
  const row = (title: string, cell: Cell, tone?: 'strong'): TableCell[] => [
    tone === undefined ? plain(title) : strong(title),
    tone === undefined ? measured(cell) : { ...measured(cell), tone },
    plain(cell.summary === null || whole === null ? '–' : percent(cell.summary.mean / whole)),
    publishedText(cell, 'P'),
    distanceText(cell, 'P'),
    publishedText(cell, 'C-micro'),
    distanceText(cell, 'C-micro'),
  ];
  const rows = [
    ...result.phases.map((phase) => row(phase.title, phase)),
    row('sum without guest', result.withoutGuest),
    row("guest's own", result.guest),
    row('total', result.total, 'strong'),
  ];
  const combined = result.exitAndEntry;
  if (combined.published.length > 0) rows.splice(result.phases.length, 0, row('(exit + entry together)', combined));
  return {
    kind: 'table',
    caption: `${section.title}, ${result.name}: cycles per operation by phase (${modelNotice})`,
    columns: [
      left('phase'),
      right('cycles/op'),
      right('share'),
      right('P'),
      right('distance'),
      right('C-micro'),
      right('distance'),
    ],
    rows,
    notes: [
      result.residual === null
        ? 'Residual total − Σ phases: not measured.'
        : `Residual total − Σ phases: ${cycles(result.residual)} cycles/op.`,
      interruptNote(result),
      ...(result.exits.byCause.length > 0
        ? [
            `Exits by cause (${result.exits.unit}): ${result.exits.byCause.map((entry) => `${entry.cause} ${cycles(entry.value)}`).join(', ')}.`,
          ]
        : []),
    ],
  };
}

function interruptNote({ exits }: HypervisorResult): string {
  const shown = (value: number | null): string => (value === null ? 'not counted' : count(value));
  return (
    `Host interrupts that found the guest running: ${shown(exits.hostInterrupt)} (not among the VM exits into the kernel). ` +
    `All traps into HS-mode or firmware in the measured part, system calls and interrupts of the host software included: ${shown(exits.trapsToKernel)}.`
  );
}

function stepBlocks(table: StepTable): Block[] {
  const notes = [
    'Instructions per operation, the guest\'s own excluded. Linux: version 6.1, measured (kvm-cost.md sections 2 and 5); "–" = not measured apart.',
    ...(table.unexplained.length > 0
      ? [`Steps of Linux neither done nor listed as left out: ${table.unexplained.join(', ')}.`]
      : []),
  ];
  return [
    heading(`${table.title}: the KVM-like module's instructions beside Linux's`),
    ...(table.setBeside === '' ? [] : [paragraph(table.setBeside)]),
    {
      kind: 'table',
      caption: `${table.title}: instructions per exit by kind of code`,
      columns: [left('column'), right('module'), ...table.linuxRows.map((linux) => right(`Linux row ${linux.row}`))],
      rows: [
        ...table.columns.map((column) => [
          plain(column.column),
          plain(cycles(column.module)),
          ...column.linux.map((value) => plain(count(value))),
        ]),
        [
          strong('total'),
          strong(cycles(table.moduleTotal)),
          ...table.linuxRows.map((linux) => strong(count(linux.total))),
        ],
      ],
      notes: table.linuxRows.map((linux) => `Linux row ${linux.row}: ${linux.operation}.`),
    },
    {
      kind: 'table',
      caption: `${table.title}: instructions per exit by step`,
      columns: [left('step'), left('column'), right('module'), right('Linux'), left('remark')],
      rows: table.rows.map((row) => [
        plain(row.step),
        plain(row.column),
        plain(row.module === null ? '–' : cycles(row.module)),
        plain(row.linux === null ? '–' : count(row.linux)),
        plain(row.leftOut === null ? (row.note ?? '') : `left out: ${row.leftOut}`),
      ]),
      notes,
    },
  ];
}

function checkBlocks(checks: readonly CheckResult[]): Block[] {
  const row = (check: CheckResult): TableCell[] => [
    plain(check.section),
    plain(check.text),
    plain(check.measured === null ? 'not measured' : cycles(check.measured)),
    plain(check.expectation),
    plain(check.nominal ?? '–'),
    plain(check.source),
    { text: check.verdict, tone: check.verdict === 'holds' ? 'good' : check.verdict === 'fails' ? 'bad' : 'warn' },
  ];
  const columns = [
    left('primitive'),
    left('check'),
    right('measured'),
    right('expected'),
    right('published'),
    left('source'),
    left('verdict'),
  ];
  const must = checks.filter((check) => check.level === 'must');
  const bands = checks.filter((check) => check.level === 'band');
  const failed = must.filter((check) => check.verdict === 'fails').length;
  const outside = bands.filter((check) => check.verdict !== 'holds').length;
  return [
    heading('Checks'),
    {
      kind: 'table',
      caption: `Must hold: ${String(must.length - failed)} of ${String(must.length)} hold`,
      columns,
      rows: must.map(row),
      notes: [],
    },
    {
      kind: 'table',
      caption: `Bands around published values: ${String(bands.length - outside)} of ${String(bands.length)} inside (a band left is a warning)`,
      columns: [...columns, left('against Linux’s own KVM')],
      rows: bands.map((check) => [...row(check), plain(check.linuxMust === null ? '–' : `must be ${check.linuxMust}`)]),
      notes: [
        "Ratio and share thresholds must hold against Linux's own KVM; against the smaller KVM-like module they are bands.",
      ],
    },
  ];
}

function provenance(report: Report, detail: Detail): Block[] {
  const cached = report.runs.filter((run) => run.reusedFrom !== null).length;
  const words = [
    `Campaign ${String(report.campaign.number)} (${report.campaign.id}): ${String(report.runs.length)} runs, ${String(cached)} answered from the cache.`,
    `Revision ${report.revision ?? 'unknown'}; simulator sha256 ${report.simulators.map(digest).join(', ') || 'unknown'}.`,
    `Images (sha256): ${report.images.map((image) => `${image.name} ${digest(image.sha256)}`).join(', ') || 'unknown'}.`,
  ];
  if (detail === 'summary') return [heading('Provenance'), paragraph(words.join(' '))];
  return [
    heading('Provenance'),
    paragraph(words.slice(0, 2).join(' ')),
    {
      kind: 'table',
      caption: 'Images',
      columns: [left('image'), left('sha256')],
      rows: report.images.map((image) => [plain(image.name), plain(image.sha256)]),
      notes: [],
    },
    {
      kind: 'table',
      caption: `Runs (target figures; ${modelNotice})`,
      columns: [
        left('run'),
        left('hypervisor'),
        left('workload'),
        right('seed'),
        left('status'),
        right('cycles'),
        right('instret'),
        left('state hash'),
        left('key'),
        left('cached from'),
      ],
      rows: report.runs.map((run) => [
        plain(run.id),
        plain(hypervisorName(run.hypervisor)),
        plain(run.workload),
        plain(String(run.seed)),
        plain(run.status),
        plain(run.cycles ?? '–'),
        plain(run.instret ?? '–'),
        plain(run.stateHash === null ? '–' : digest(run.stateHash)),
        plain(digest(run.key)),
        plain(run.reusedFrom ?? '–'),
      ]),
      notes: [],
    },
    {
      kind: 'table',
      caption: 'Simulation host (not target figures)',
      columns: [left('run'), left('worker'), left('engine'), right('attempts'), right('seconds'), right('MIPS')],
      rows: report.runs.map((run) => [
        plain(run.id),
        plain(run.worker ?? '–'),
        plain(run.host?.engine ?? '–'),
        plain(String(run.attempts)),
        plain(run.host === null ? '–' : run.host.seconds.toFixed(2)),
        plain(run.host === null ? '–' : run.host.mips.toFixed(1)),
      ]),
      notes: ['A run answered from the cache shows the figures of the run that computed it.'],
    },
  ];
}
