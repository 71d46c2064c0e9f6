/** Columns and cells of a document's tables. */
import type { Column, TableCell } from './document.js';
import { interval, pValue, ratio } from './format.js';
import type { PairedEffect } from './stats/paired.js';

export const left = (title: string): Column => ({ title, align: 'left' });
export const right = (title: string): Column => ({ title, align: 'right' });
export const plain = (text: string): TableCell => ({ text });
export const strong = (text: string): TableCell => ({ text, tone: 'strong' });

/** Headings above {@link effectCells}; `ratioOf`: what is divided by what. */
export const effectColumns = (ratioOf: string): Column[] => [
  right(ratioOf),
  right('95 % (t)'),
  right('95 % (bootstrap)'),
  right('pairs'),
  right('p (Holm)'),
];

/** A ratio, its two intervals, the number of pairs, and p, where it is one of those that were adjusted. */
export function effectCells(
  { ratio: value, t, bootstrap, n }: Pick<PairedEffect, 'ratio' | 't' | 'bootstrap' | 'n'>,
  adjustedP?: number | null,
): TableCell[] {
  return [
    strong(ratio(value)),
    plain(interval(t)),
    plain(interval(bootstrap)),
    plain(String(n)),
    plain(adjustedP === undefined ? '–' : pValue(adjustedP)),
  ];
}

/** What a verdict looks like. */
export function toneOf(verdict: string): Pick<TableCell, 'tone'> {
  return verdict === 'better' ? { tone: 'good' } : verdict === 'worse' ? { tone: 'bad' } : {};
}
