/** How numbers and times are shown. Figures of the target and of the simulation host always carry their unit. */

const thin = '\u202f';

/** `1 234 567`, with narrow spaces. */
export function whole(value: number | string | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, thin);
}

/** At most three places that mean something: `12.3`, `0.042`, `1 234`. */
export function amount(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size >= 1000) return sign + whole(Math.round(size));
  if (size >= 0.01) return sign + trim(size.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3));
  return sign + size.toPrecision(2);
}

const prefixes = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/** `1.23 G`: for tiles, beside which the exact value stands. */
export function short(value: number): string {
  for (const [prefix, size] of prefixes)
    if (value >= size) return `${trim((value / size).toPrecision(3))}${thin}${prefix}`;
  return trim(value.toPrecision(3));
}

/** `0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${trim(Math.max(0, seconds).toFixed(1))} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${String(s)} s`;
  if (s < 3600) return joined([Math.floor(s / 60), 'min'], [s % 60, 's']);
  return joined([Math.floor(s / 3600), 'h'], [Math.floor((s % 3600) / 60), 'min']);
}

/** `just now`, `5 min ago`, otherwise the date. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${String(Math.floor(seconds))} s ago`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${String(Math.floor(seconds / 3600))} h ago`;
  return moment(iso);
}

/** `2025-11-22 14:03`, in the reader's time zone. */
export function moment(iso: string): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function secondsBetween(from: string, to: string | null, now = Date.now()): number {
  return ((to === null ? now : Date.parse(to)) - Date.parse(from)) / 1000;
}

/** First digits of a sha256. */
export const digest = (hex: string): string => hex.slice(0, 12);

export const plural = (count: number, noun: string): string => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;

function trim(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

function joined([big, bigUnit]: [number, string], [small, smallUnit]: [number, string]): string {
  return `${String(big)} ${bigUnit}${small === 0 ? '' : ` ${String(small)} ${smallUnit}`}`;
}
