/** Judges the comparisons of all services together: Holm's correction runs over one quantity and pair at a time. */
import { holm } from '../stats/holm.js';
import { verdictOf, type Verdict } from '../stats/paired.js';
import type { JudgedComparison, ServiceComparison, ServiceSection } from './section.js';

export interface JudgedSection extends Omit<ServiceSection, 'comparisons'> {
  readonly comparisons: readonly JudgedComparison[];
}

export function judge(sections: readonly ServiceSection[]): JudgedSection[] {
  const family = ({ quantity, candidate, reference }: ServiceComparison): string =>
    `${quantity} ${candidate} ${reference}`;
  const families = new Map<string, ServiceComparison[]>();
  for (const comparison of sections.flatMap((section) => section.comparisons))
    families.set(family(comparison), [...(families.get(family(comparison)) ?? []), comparison]);
  const adjusted = new Map<ServiceComparison, number | null>();
  for (const members of families.values()) {
    const values = holm(members.map(({ effect }) => effect.p));
    members.forEach((member, index) => adjusted.set(member, values[index] ?? null));
  }
  return sections.map((section) => ({
    ...section,
    comparisons: section.comparisons.map((comparison) => {
      const adjustedP = adjusted.get(comparison) ?? null;
      return { ...comparison, adjustedP, verdict: verdictAbout(comparison, adjustedP) };
    }),
  }));
}

function verdictAbout({ effect, higherIsBetter }: ServiceComparison, adjustedP: number | null): Verdict {
  const above = verdictOf(effect, adjustedP);
  if (higherIsBetter) return above;
  return above === 'better' ? 'worse' : above === 'worse' ? 'better' : above;
}
