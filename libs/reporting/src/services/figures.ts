/** The figures of the service sections, as data. */
import type { Figure, FigureValue } from '#libs/contracts';
import { meanOf, slug } from '../figures/figures.js';
import { hypervisorColour, hypervisorName, modelNotice } from '../primitives.js';
import type { JudgedSection } from './compare.js';
import type { Quantity } from './section.js';

const missing: FigureValue = { value: null, low: null, high: null };

/** Requests per second of every service under every hypervisor. */
export function rateFigure(sections: readonly JudgedSection[]): Figure[] {
  return grouped('service-rate', 'Requests per second of target time', 'requests/s', sections, ({ rate }) => rate);
}

/** Median latency of every service under every hypervisor. */
export function latencyFigure(sections: readonly JudgedSection[]): Figure[] {
  return grouped('service-latency', 'Median latency in target time', 'µs', sections, ({ latency }) => latency['50']);
}

function grouped(
  id: string,
  title: string,
  unit: string,
  sections: readonly JudgedSection[],
  read: (result: JudgedSection['results'][number]) => Quantity | undefined,
): Figure[] {
  const ids = [...new Set(sections.flatMap(({ results }) => results.map((result) => result.id)))];
  if (ids.length === 0) return [];
  return [
    {
      kind: 'grouped',
      id,
      title,
      unit,
      series: ids.map(hypervisorName),
      colours: ids.map(hypervisorColour),
      rows: sections.map((section) => ({
        label: section.title,
        values: ids.map((hypervisor) => {
          const result = section.results.find((one) => one.id === hypervisor);
          return result === undefined ? missing : meanOf(read(result)?.summary ?? null);
        }),
      })),
      reference: null,
      notes: [`Mean over seeds; whiskers: 95 % interval (t), left out where all seeds agree. A ${modelNotice}.`],
    },
  ];
}

/** One stacked bar per hypervisor: who runs while a request is answered. */
export function modeFigure({ title, results }: JudgedSection): Figure[] {
  const [first] = results;
  if (first === undefined) return [];
  return [
    {
      kind: 'stacked',
      id: `modes-${slug(title)}`,
      title: `${title}: cycles per request by who runs`,
      unit: 'cycles/request',
      series: first.modes.map((mode) => mode.title),
      rows: results.map(({ name, modes }) => ({
        label: name,
        values: modes.map(({ summary }) => ({ ...missing, value: summary?.mean ?? null })),
      })),
      reference: null,
      notes: [`Mean over seeds; the parts sum to the total. A ${modelNotice}.`],
    },
  ];
}
