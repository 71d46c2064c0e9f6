/** The service sections as headings, tables and notes. */
import { effectCells, effectColumns, left, plain, right, strong, toneOf } from '../cells.js';
import type { Block, TableCell } from '../document.js';
import { cycles, distance, percent, ratio, spread } from '../format.js';
import { hypervisorName, modelNotice } from '../primitives.js';
import type { Report } from '../report.js';
import type { Figure } from '#libs/contracts';
import type { JudgedSection } from './compare.js';
import { latencyFigure, modeFigure, rateFigure } from './figures.js';
import type { JudgedComparison, Quantity, ServiceResult } from './section.js';

export function serviceBlocks(report: Report): Block[] {
  if (report.services.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Services: requests and latency' },
    ...drawn(rateFigure(report.services)),
    ...drawn(latencyFigure(report.services)),
    rateTable(report.services),
    comparisonTable(report),
    ...report.services.flatMap(sectionBlocks),
  ];
}

const drawn = (figures: readonly Figure[]): Block[] => figures.map((figure) => ({ kind: 'figure', figure }));

const shown = ({ summary, reason }: Quantity): TableCell =>
  summary === null ? { text: `missing (${reason ?? 'unknown'})`, tone: 'bad' } : plain(cycles(summary.mean));

function rateTable(sections: readonly JudgedSection[]): Block {
  return {
    kind: 'table',
    caption: `Requests per second and latency in target time, mean over seeds (${modelNotice})`,
    columns: [
      left('service'),
      left('hypervisor'),
      right('requests/s'),
      right('sd'),
      right('replies Mbit/s'),
      right('p50 us'),
      right('p95 us'),
      right('p99 us'),
      right('mean us'),
      right('exits/request'),
      right('into the kernel'),
      right('replies verified'),
    ],
    rows: sections.flatMap((section) => section.results.map((result) => rateRow(section, result))),
    notes: [
      'Latency: from a request sent to its reply received in full at the far end of the link. Every reply was checked against a model of the service.',
      'Mbit/s: payload only. A service near what the link carries (net.gbps, 1 Gbit/s unless the machine says otherwise) waits for the link, which brings the systems closer together.',
      'Exits: traps out of the guest that it caused; "into the kernel": those that HS-mode or firmware took. A host interrupt that finds the guest running is counted apart.',
    ],
  };
}

function rateRow(section: JudgedSection, result: ServiceResult): TableCell[] {
  const latency = (p: string): TableCell => shown(result.latency[p] ?? { summary: null, reason: null });
  const kernel = shown(result.exitsIntoKernel);
  return [
    plain(section.title),
    plain(result.name),
    result.rate.summary === null ? shown(result.rate) : strong(cycles(result.rate.summary.mean)),
    plain(spread(result.rate.summary)),
    shown(result.payload),
    latency('50'),
    latency('95'),
    latency('99'),
    latency('mean'),
    result.id === 'native' ? plain('–') : shown(result.exits),
    result.id === 'native'
      ? plain('–')
      : result.id === 'duvisor' && result.exitsIntoKernel.summary !== null
        ? { ...kernel, tone: result.exitsIntoKernel.summary.max === 0 ? 'good' : 'bad' }
        : kernel,
    plain(result.verified === null ? 'not counted' : `${String(result.verified)} of each run`),
  ];
}

const quantityTitles: Readonly<Record<string, string>> = {
  'requests.per-second': 'requests/s',
  'latency.us p50': 'latency p50',
  'latency.us p99': 'latency p99',
};

function comparisonTable(report: Report): Block {
  const rows = report.services.flatMap((section) =>
    section.comparisons.map((comparison) => [
      plain(section.title),
      plain(quantityTitles[comparison.quantity] ?? comparison.quantity),
      ...comparisonCells(comparison),
    ]),
  );
  const mean = report.servicesMean;
  if (mean !== null)
    rows.push([
      plain(`geometric mean over ${String(mean.over.length)}`),
      plain('requests/s'),
      plain('DuVisor ÷ KVM'),
      ...effectCells(mean.effect),
      plain(''),
      plain('–'),
      plain('–'),
    ]);
  return {
    kind: 'table',
    caption: `Paired ratios between hypervisors (${modelNotice})`,
    columns: [
      left('service'),
      left('quantity'),
      left('ratio'),
      ...effectColumns('value'),
      left('verdict'),
      right('C-app'),
      right('P'),
    ],
    rows,
    notes: [
      'Seed i on one side is paired with seed i on the other: page placement, start skew and arrivals follow the seed. Equivalent = interval inside ±1 %.',
      `C-app = the artifact's rerun of Memcached with one vCPU, P = the paper's figure; both measured on an FPGA against KVM-OPT, whose network backend is not this project's: ratios only, no absolute rates. ` +
        `The ratios to native lie below the published ones because the guest kernel is this project's own and far smaller than Linux: natively a request takes a fraction of the cycles, so what virtualization adds (tables below) weighs more. And there is one hart: the device's thread and the guest take turns on it, where the published machine had harts to spare. docs/services.md has the sums.`,
    ],
  };
}

/** Short names for a ratio's two sides. */
const shortNames: Readonly<Record<string, string>> = { duvisor: 'DuVisor', kvm: 'KVM', native: 'native' };

function comparisonCells(comparison: JudgedComparison): TableCell[] {
  const { candidate, reference, effect, adjustedP, verdict, published } = comparison;
  const beside = (tag: string): TableCell => {
    const value = published.find((entry) => entry.tag === tag);
    if (value === undefined) return plain('–');
    return plain(`${value.approximate ? '≈' : ''}${ratio(value.ratio)} (${distance(value.distance)})`);
  };
  return [
    plain(`${nameOf(candidate)} ÷ ${nameOf(reference)}`),
    ...effectCells(effect, adjustedP),
    { text: `${nameOf(candidate)} ${verdict}`, ...toneOf(verdict) },
    beside('C-app'),
    beside('P'),
  ];
}

function sectionBlocks(section: JudgedSection): Block[] {
  return [
    { kind: 'heading', level: 2, text: `${section.title}: where a request's cycles go` },
    ...drawn(modeFigure(section)),
    modeTable(section),
    ...addedTable(section),
    ...exitTable(section),
  ];
}

function modeTable({ title, results }: JudgedSection): Block {
  const modes = results[0]?.modes ?? [];
  const cells = (value: Quantity | undefined, whole: Quantity): TableCell[] => {
    const [part, all] = [value?.summary?.mean, whole.summary?.mean];
    if (value === undefined || part === undefined || all === undefined)
      return [shown(value ?? { summary: null, reason: null }), plain('–')];
    return [plain(cycles(part)), plain(percent(part / all))];
  };
  return {
    kind: 'table',
    caption: `${title}: cycles per request by who runs (${modelNotice})`,
    columns: [left('mode'), ...results.flatMap(({ name }) => [right(name), right('share')])],
    rows: [
      ...modes.map(({ mode, title: name }) => [
        plain(name),
        ...results.flatMap((result) =>
          cells(
            result.modes.find((entry) => entry.mode === mode),
            result.cycles,
          ),
        ),
      ]),
      [
        strong('total'),
        ...results.flatMap(({ cycles: whole }) =>
          cells(whole, whole).map((cell) => ({ ...cell, tone: cell.tone ?? ('strong' as const) })),
        ),
      ],
    ],
    notes: [
      `From the first measured request sent to the last reply received. ${results
        .map(({ name, residual }) => `${name}: residual ${residual === null ? 'not measured' : cycles(residual)}`)
        .join('; ')} cycles/request.`,
    ],
  };
}

/** Whose cycles a hypervisor adds, per request: what lies between the totals of two systems, mode by mode. */
function addedTable({ title, results }: JudgedSection): Block[] {
  const of = (id: string): ServiceResult | undefined => results.find((result) => result.id === id);
  const pairs = [
    ['kvm', 'native'],
    ['duvisor', 'native'],
    ['kvm', 'duvisor'],
  ].flatMap(([more = '', less = '']) => {
    const [a, b] = [of(more), of(less)];
    return a === undefined || b === undefined ? [] : [{ a, b, name: `${nameOf(more)} − ${nameOf(less)}` }];
  });
  if (pairs.length === 0) return [];
  const difference = (a: Quantity | undefined, b: Quantity | undefined): TableCell => {
    const [more, less] = [a?.summary?.mean, b?.summary?.mean];
    return plain(more === undefined || less === undefined ? '–' : signed(more - less));
  };
  const mode = (result: ServiceResult, id: string): Quantity | undefined =>
    result.modes.find((entry) => entry.mode === id);
  return [
    {
      kind: 'table',
      caption: `${title}: cycles per request that are added (${modelNotice})`,
      columns: [left('mode'), ...pairs.map(({ name }) => right(name))],
      rows: [
        ...(results[0]?.modes ?? []).map(({ mode: id, title: name }) => [
          plain(name),
          ...pairs.map(({ a, b }) => difference(mode(a, id), mode(b, id))),
        ]),
        [strong('total'), ...pairs.map(({ a, b }) => ({ ...difference(a.cycles, b.cycles), tone: 'strong' as const }))],
        [plain('VM exits per request'), ...pairs.map(({ a, b }) => difference(a.exits, b.exits))],
      ],
      notes: [
        'Guest: its exits leave colder caches and TLBs behind, and every miss of a TLB walks two page tables. VMM and host kernel: handling of exits, and moving frames between the network device, the bridge, the tap and the queues of the guest.',
        'A guest that waits is polled for before the hart idles, as under Linux: such time counts as host kernel (KVM-like module) or as VMM and host kernel (DuVisor, which yields), not as idle.',
      ],
    },
  ];
}

const nameOf = (id: string): string => shortNames[id] ?? id;
const signed = (value: number): string => (value > 0 ? `+${cycles(value)}` : cycles(value));

/** What a cause stands for in these guests. */
const causeMeanings: Readonly<Record<string, string>> = {
  'ecall-vs': 'SBI call: the timer',
  'load-guest-page-fault': "load from a device's register (virtio, PLIC claim), or first touch of a page",
  'store-guest-page-fault': "store to a device's register (virtio notify, PLIC), or first touch of a page",
  'fetch-guest-page-fault': 'first execution of a page',
  'virtual-instruction': 'WFI: the guest has nothing to do',
  'interrupt-user-timer': "the guest's timer, taken by the user-level hypervisor",
  'interrupt-user-software': 'another vCPU, taken by the user-level hypervisor',
  'interrupt-user-external': 'a device, taken by the user-level hypervisor',
  'illegal-instruction': 'an instruction that the hypervisor emulates',
};

function exitTable({ title, results }: JudgedSection): Block[] {
  const virtual = results.filter(({ id }) => id !== 'native');
  const causes = new Map<string, number>();
  for (const { exitsByCause } of virtual)
    for (const { cause, perRequest } of exitsByCause) causes.set(cause, Math.max(causes.get(cause) ?? 0, perRequest));
  if (virtual.length === 0) return [];
  const row = (name: TableCell, read: (result: ServiceResult) => TableCell, meaning: string): TableCell[] => [
    name,
    ...virtual.map(read),
    plain(meaning),
  ];
  return [
    {
      kind: 'table',
      caption: `${title}: VM exits per request by reason`,
      columns: [left('reason'), ...virtual.map(({ id }) => right(hypervisorName(id))), left('what it is')],
      rows: [
        ...[...causes]
          .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
          .map(([cause]) =>
            row(
              plain(cause),
              ({ exitsByCause, exits }) =>
                exits.summary === null
                  ? shown(exits)
                  : plain(cycles(exitsByCause.find((entry) => entry.cause === cause)?.perRequest ?? 0)),
              causeMeanings[cause] ??
                (cause.startsWith('interrupt-') ? 'host interrupt that found the guest running' : ''),
            ),
          ),
        row(strong('caused by the guest'), ({ exits }) => shown(exits), 'without host interrupts'),
        row(plain('of these into the kernel'), ({ exitsIntoKernel }) => shown(exitsIntoKernel), ''),
        row(
          plain('host interrupts'),
          ({ hostInterrupts }) => shown(hostInterrupts),
          'that found the guest running; the kernel takes them under either hypervisor',
        ),
        row(
          plain('all traps into the kernel'),
          ({ trapsIntoKernel }) => shown(trapsIntoKernel),
          'system calls of the VMM and interrupts of the host software included',
        ),
      ],
      notes: [],
    },
  ];
}
