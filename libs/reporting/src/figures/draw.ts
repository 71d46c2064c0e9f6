/**
 * A figure as SVG: horizontal bars, so that labels can be long and a narrow screen only makes bars shorter. Colours and
 * fonts are classes of {@link figureStyle}; the drawing holds no style of its own, and no script.
 */
import type { Figure, FigureValue } from '#libs/contracts';
import { cycles, ratio } from '../format.js';
import { escapeMarkup as esc } from '../render/markup.js';
import { ticks } from './scale.js';

/** Pixels; the page shows one or the other, whichever fits. */
export const figureWidths = { wide: 900, narrow: 312 } as const;

/** Below it, a row's label stands above its bars instead of beside them. */
const roomForLabels = 520;
const labelWidth = 168;
const bar = { height: 18, gap: 4 } as const;
const rowGap = 16;
/** Of 12 px text; generous, since the browser's font is not known here. */
const letter = 6.8;
const seriesColours = 10;

/** Everything a figure needs of a style sheet; the variables are set for light and dark by the page. */
export const figureStyle = `
.figure-drawing text { font: 12px system-ui, sans-serif; fill: var(--text); font-variant-numeric: tabular-nums; }
.figure-drawing .soft { fill: var(--soft); }
.figure-drawing .inside { fill: var(--on-series); text-anchor: middle; font-size: 11px; }
.figure-drawing .end { text-anchor: end; }
.figure-drawing .middle { text-anchor: middle; }
.figure-drawing .grid { stroke: var(--line); stroke-width: 1; }
.figure-drawing .axis { stroke: var(--soft); stroke-width: 1; }
.figure-drawing .whisker { stroke: var(--text); stroke-width: 1.5; fill: none; }
.figure-drawing .reference { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 3; }
${Array.from({ length: seriesColours }, (_, index) => `.figure-drawing .s${String(index)} { fill: var(--series-${String(index)}); }`).join('\n')}
`;

export const lightColours = palette('#ffffff', [
  '#64748b',
  '#0f766e',
  '#b45309',
  '#4f6bb0',
  '#9d5a86',
  '#5f7d3a',
  '#8a6d3b',
  '#3b7f9c',
  '#7a5ea8',
  '#a3524a',
]);
export const darkColours = palette('#10141a', [
  '#94a3b8',
  '#5eead4',
  '#fbbf6b',
  '#a5b8f0',
  '#e3a6cb',
  '#b5d08a',
  '#dcc08c',
  '#8ccbe4',
  '#c6b0ee',
  '#f0a8a0',
]);

function palette(onSeries: string, colours: readonly string[]): string {
  return `--on-series: ${onSeries}; ${colours.map((colour, index) => `--series-${String(index)}: ${colour};`).join(' ')}`;
}

/** @param width in pixels; the drawing has this width and the height it needs. */
export function drawFigure(figure: Figure, width: number): string {
  const beside = width >= roomForLabels;
  const left = beside ? labelWidth : 4;
  // To the right of the longest bar stands its value.
  const valueRoom = Math.max(...figure.rows.map((row) => endText(figure, row.values).length)) * letter + 10;
  const plot = Math.max(80, width - left - valueRoom);
  const marks = ticks(largest(figure), plot > 300 ? 5 : 3);
  const most = marks.at(-1) ?? 1;
  const x = (value: number): number => round(left + (Math.max(0, value) / most) * plot);

  const parts: string[] = [];
  const legend = drawLegend(figure, width);
  let y = legend.height + 8;
  const top = y;
  const bars: string[] = [];
  for (const [index, row] of figure.rows.entries()) {
    if (index > 0) y += rowGap;
    const lines = beside ? wrap(row.label, Math.floor((labelWidth - 12) / letter)) : [row.label];
    const count = figure.kind === 'stacked' ? 1 : figure.series.length;
    const barsHeight = count * bar.height + (count - 1) * bar.gap;
    if (beside) {
      const rowHeight = Math.max(barsHeight, lines.length * 15);
      const first = y + rowHeight / 2 - ((lines.length - 1) * 15) / 2 + 4;
      lines.forEach((line, at) =>
        bars.push(
          `<text class="end" x="${String(left - 10)}" y="${String(round(first + at * 15))}">${esc(line)}</text>`,
        ),
      );
      bars.push(...drawBars(figure, row, y + (rowHeight - barsHeight) / 2, x));
      y += rowHeight;
    } else {
      bars.push(`<text x="${String(left)}" y="${String(y + 11)}">${esc(shorten(row.label, width - left))}</text>`);
      bars.push(...drawBars(figure, row, y + 17, x));
      y += 17 + barsHeight;
    }
  }
  y += 8;
  for (const mark of marks) {
    const place = String(x(mark));
    parts.push(`<line class="grid" x1="${place}" x2="${place}" y1="${String(top - 4)}" y2="${String(y)}"/>`);
    parts.push(`<text class="soft middle" x="${place}" y="${String(y + 15)}">${esc(cycles(mark))}</text>`);
  }
  parts.push(
    `<line class="axis" x1="${String(left)}" x2="${String(x(most))}" y1="${String(y)}" y2="${String(y)}"/>`,
    `<text class="soft middle" x="${String(round(left + plot / 2))}" y="${String(y + 32)}">${esc(axisTitle(figure))}</text>`,
    ...bars,
  );
  if (figure.reference !== null && figure.reference.value <= most) {
    const place = String(x(figure.reference.value));
    parts.push(
      `<line class="reference" x1="${place}" x2="${place}" y1="${String(top - 4)}" y2="${String(y)}"><title>${esc(figure.reference.label)}</title></line>`,
    );
  }
  const height = y + 40;
  const id = `${figure.id}-${String(width)}`;
  return (
    `<svg class="figure-drawing" role="img" aria-labelledby="${esc(id)}-title ${esc(id)}-words" viewBox="0 0 ${String(width)} ${String(height)}" ` +
    `width="${String(width)}" height="${String(height)}" xmlns="http://www.w3.org/2000/svg">` +
    `<title id="${esc(id)}-title">${esc(figure.title)}</title><desc id="${esc(id)}-words">${esc(inWords(figure))}</desc>` +
    `${[legend.markup, ...parts].join('\n')}\n</svg>`
  );
}

type Row = Figure['rows'][number];

function drawBars(figure: Figure, row: Row, top: number, x: (value: number) => number): string[] {
  return figure.kind === 'stacked' ? drawStack(figure, row, top, x) : drawGroup(figure, row, top, x);
}

function drawGroup(figure: Figure, row: Row, top: number, x: (value: number) => number): string[] {
  return row.values.flatMap((entry, index) => {
    const y = top + index * (bar.height + bar.gap);
    const middle = round(y + bar.height / 2);
    const text = (place: number, words: string, soft = ''): string =>
      `<text${soft} x="${String(place + 6)}" y="${String(middle + 4)}">${esc(words)}</text>`;
    const { value, low, high } = entry;
    if (value === null) return [text(x(0), 'not measured', ' class="soft"')];
    const drawn = [
      `<rect class="${colour(figure, index)}" x="${String(x(0))}" y="${String(round(y))}" width="${String(Math.max(1, round(x(value) - x(0))))}" height="${String(bar.height)}" rx="2">` +
        `<title>${esc(`${row.label}, ${figure.series[index] ?? ''}: ${withUnit(figure, entry)}`)}</title></rect>`,
    ];
    if (low !== null && high !== null) {
      const [from, to] = [String(x(low)), String(x(high))];
      drawn.push(
        `<path class="whisker" d="M${from} ${String(middle)}H${to}M${from} ${String(middle - 4)}v8M${to} ${String(middle - 4)}v8"/>`,
      );
    }
    return [...drawn, text(Math.max(x(value), x(high ?? value)), shown(figure, value))];
  });
}

function drawStack(figure: Figure, row: Row, top: number, x: (value: number) => number): string[] {
  const drawn: string[] = [];
  let sum = 0;
  for (const [index, entry] of row.values.entries()) {
    if (entry.value === null || entry.value === 0) continue;
    const [from, to] = [x(sum), x(sum + entry.value)];
    sum += entry.value;
    const words = shown(figure, entry.value);
    drawn.push(
      `<rect class="${colour(figure, index)}" x="${String(from)}" y="${String(round(top))}" width="${String(Math.max(0.5, round(to - from)))}" height="${String(bar.height)}">` +
        `<title>${esc(`${row.label}, ${figure.series[index] ?? ''}: ${withUnit(figure, entry)}`)}</title></rect>`,
    );
    if (to - from > words.length * letter + 4)
      drawn.push(
        `<text class="inside" x="${String(round((from + to) / 2))}" y="${String(round(top + bar.height / 2 + 4))}">${esc(words)}</text>`,
      );
  }
  drawn.push(
    `<text x="${String(x(sum) + 6)}" y="${String(round(top + bar.height / 2 + 4))}">${esc(endText(figure, row.values))}</text>`,
  );
  return drawn;
}

function drawLegend(figure: Figure, width: number): { markup: string; height: number } {
  if (figure.series.length < 2) return { markup: '', height: 4 };
  let x = 4;
  let y = 4;
  const parts = figure.series.map((name, index) => {
    const needed = 16 + name.length * letter + 14;
    if (x > 4 && x + needed > width) {
      x = 4;
      y += 20;
    }
    const entry =
      `<rect class="${colour(figure, index)}" x="${String(round(x))}" y="${String(y)}" width="11" height="11" rx="2"/>` +
      `<text x="${String(round(x + 16))}" y="${String(y + 10)}">${esc(name)}</text>`;
    x += needed;
    return entry;
  });
  return { markup: parts.join('\n'), height: y + 20 };
}

/** What stands at the end of the longest thing in a row: the largest value, or a stack's sum. */
function endText(figure: Figure, values: readonly FigureValue[]): string {
  const known = values.flatMap(({ value }) => (value === null ? [] : [value]));
  if (known.length === 0) return 'not measured';
  const end = figure.kind === 'stacked' ? known.reduce((sum, value) => sum + value, 0) : Math.max(...known);
  return shown(figure, end);
}

function largest(figure: Figure): number {
  const ends = figure.rows.flatMap(({ values }) =>
    figure.kind === 'stacked'
      ? [values.reduce((sum, { value }) => sum + (value ?? 0), 0)]
      : values.map(({ value, high }) => Math.max(value ?? 0, high ?? 0)),
  );
  return Math.max(0, figure.reference?.value ?? 0, ...ends);
}

/** Every value in words, for those who do not see the figure. */
function inWords(figure: Figure): string {
  return figure.rows
    .map((row) => {
      const values = row.values.map((entry, index) =>
        figure.series.length === 1
          ? withUnit(figure, entry)
          : `${figure.series[index] ?? ''} ${withUnit(figure, entry)}`,
      );
      return `${row.label}: ${values.join(', ')}.`;
    })
    .join(' ');
}

function withUnit(figure: Figure, { value, low, high }: FigureValue): string {
  if (value === null) return 'not measured';
  const unit = figure.unit === '×' ? '' : ` ${figure.unit}`;
  const interval = low === null || high === null ? '' : ` (95 % ${shown(figure, low)} to ${shown(figure, high)})`;
  return `${shown(figure, value)}${unit}${interval}`;
}

const shown = (figure: Figure, value: number): string => (figure.unit === '×' ? ratio(value) : cycles(value));
const axisTitle = (figure: Figure): string => (figure.unit === '×' ? 'times' : figure.unit);
const colour = (figure: Figure, index: number): string =>
  `s${String((figure.colours?.[index] ?? index) % seriesColours)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

function wrap(text: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function shorten(text: string, width: number): string {
  const letters = Math.floor(width / letter);
  return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
}
