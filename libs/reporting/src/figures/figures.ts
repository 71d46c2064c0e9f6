/** The figures of a report, as data: what `drawFigure` draws and the dashboard lists. */
import type { Figure, FigureValue } from '#libs/contracts';
import { GUEST_PHASE, hypervisorColour, modelNotice, phaseTitle } from '../primitives.js';
import type { Comparison } from '../report.js';
import { studentQuantile } from '../stats/student-t.js';
import type { Summary } from '../stats/summary.js';
import type { Cell, PrimitiveSection } from '../tables/section.js';

const CONFIDENCE = 0.95;
const missing: FigureValue = { value: null, low: null, high: null };

/** Mean with its 95 % interval (Student's t); no interval for one sample, or for samples that are all equal. */
export function meanOf(summary: Summary | null): FigureValue {
  if (summary === null) return missing;
  const { n, mean, sd } = summary;
  if (sd === null || sd === 0) return { value: mean, low: null, high: null };
  const half = (studentQuantile(1 - (1 - CONFIDENCE) / 2, n - 1) * sd) / Math.sqrt(n);
  return { value: mean, low: mean - half, high: mean + half };
}

/** Total cycles of every section under every hypervisor. */
export function totalsFigure(sections: readonly PrimitiveSection[]): Figure[] {
  const ids = [...new Set(sections.flatMap((section) => section.hypervisors.map(({ id }) => id)))];
  if (ids.length === 0) return [];
  const name = (id: string): string =>
    sections.flatMap((section) => section.hypervisors).find((result) => result.id === id)?.name ?? id;
  return [
    {
      kind: 'grouped',
      id: 'totals',
      title: 'Total cycles per operation',
      unit: 'cycles/op',
      series: ids.map(name),
      colours: ids.map(hypervisorColour),
      rows: sections.map((section) => ({
        label: section.title,
        values: ids.map((id) => meanOf(section.hypervisors.find((result) => result.id === id)?.total.summary ?? null)),
      })),
      reference: null,
      notes: [`Mean over seeds; whiskers: 95 % interval (t), left out where all seeds agree. ${sentence(modelNotice)}`],
    },
  ];
}

/** How many times the candidate's cycles the baseline takes, with the interval of the paired comparison. */
export function ratioFigure(comparisons: readonly Comparison[]): Figure[] {
  const shown = comparisons.filter(({ effect }) => effect.ratio !== null);
  if (shown.length === 0) return [];
  return [
    {
      kind: 'grouped',
      id: 'ratio',
      title: 'KVM ÷ DuVisor: total cycles',
      unit: '×',
      series: ['ratio'],
      colours: [hypervisorColour('duvisor')],
      rows: shown.map(({ sectionTitle, effect: { ratio, t } }) => ({
        label: sectionTitle,
        values: [{ value: ratio, low: t?.low ?? null, high: t?.high ?? null }],
      })),
      reference: { value: 1, label: 'equal' },
      notes: [`Above 1, DuVisor takes fewer cycles. Whiskers: 95 % interval (t) over pairs of seeds.`],
    },
  ];
}

/** One stacked bar per hypervisor: where a section's cycles go. */
export function breakdownFigure(section: PrimitiveSection): Figure[] {
  const titles = new Map<string, string>();
  for (const result of section.hypervisors)
    for (const { phase, title, summary } of result.phases) if (summary !== null) titles.set(phase, title);
  if (titles.size === 0) return [];
  titles.set(GUEST_PHASE, phaseTitle(GUEST_PHASE));
  return [
    {
      kind: 'stacked',
      id: `breakdown-${slug(section.title)}`,
      title: `${section.title}: cycles per operation by phase`,
      unit: 'cycles/op',
      series: [...titles.values()],
      rows: section.hypervisors.map((result) => ({
        label: result.name,
        values: [...titles.keys()].map((phase) => segment(cellOf(result, phase))),
      })),
      reference: null,
      notes: [`Mean over seeds. ${sentence(modelNotice)}`],
    },
  ];
}

function cellOf(result: PrimitiveSection['hypervisors'][number], phase: string): Cell | undefined {
  return phase === GUEST_PHASE ? result.guest : result.phases.find((row) => row.phase === phase);
}

/** Segments carry no whiskers: they would lie on the next segment. */
function segment(cell: Cell | undefined): FigureValue {
  return { ...missing, value: cell?.summary?.mean ?? null };
}

export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
