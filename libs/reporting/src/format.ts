/** How numbers are written in a report: locale-free, so that the same data gives the same bytes everywhere. */
import type { Interval } from './stats/paired.js';
import type { Summary } from './stats/summary.js';

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ' ');

/** At most one decimal, thousands set apart by a narrow space; `0` and `0.04` stay different. */
export function cycles(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < 0.1 ? size.toPrecision(2) : size.toFixed(size < 10 ? 2 : 1);
  if (text.includes('e')) return `${value < 0 ? '−' : ''}${text}`;
  const [whole = '0', fraction = ''] = text.split('.');
  const trimmed = fraction.replace(/0+$/, '');
  return `${value < 0 ? '−' : ''}${grouped(whole)}${trimmed === '' ? '' : `.${trimmed}`}`;
}

export function count(value: number): string {
  return Number.isInteger(value) ? `${value < 0 ? '−' : ''}${grouped(String(Math.abs(value)))}` : cycles(value);
}

export function ratio(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(2)}×`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Signed distance from a published value: `+12.3 %`. */
export function distance(value: number | null): string {
  if (value === null) return '–';
  const rounded = (Math.abs(value) * 100).toFixed(1);
  return `${rounded === '0.0' ? '±' : value < 0 ? '−' : '+'}${rounded} %`;
}

export function interval(value: Interval | null): string {
  return value === null ? '–' : `${value.low.toFixed(3)}–${value.high.toFixed(3)}`;
}

export function pValue(value: number | null): string {
  return value === null ? '–' : value < 0.001 ? '<0.001' : value.toFixed(3);
}

export function spread(summary: Summary | null): string {
  return summary === null || summary.sd === null ? '–' : cycles(summary.sd);
}

/** First digits of a sha256: enough to tell two builds apart in a table. */
export function digest(hex: string): string {
  return hex.slice(0, 12);
}
