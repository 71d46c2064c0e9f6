/** One self-contained HTML file: no script, no outside reference, readable in light and dark and on a narrow screen. */
import type { Block, Document, TableCell } from '../document.js';
import { darkColours, drawFigure, figureStyle, figureWidths, lightColours } from '../figures/draw.js';
import { escapeMarkup as escapeHtml } from './markup.js';

export function renderHtml(document: Document): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(document.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${document.blocks.map(renderBlock).join('\n')}
</main>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --text: #1a1a1a; --soft: #595959; --ground: #ffffff; --line: #d0d0d0; --band: #f4f4f4; --good: #1b6e2d; --bad: #b3261e; --warn: #8a5a00; ${lightColours} }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --soft: #b0b0b0; --ground: #16181c; --line: #3a3d43; --band: #1f2228; --good: #7bd88f; --bad: #ff8a80; --warn: #ffc766; ${darkColours} }
}
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid var(--line); }
th { background: var(--band); }
.right { text-align: right; }
.strong { font-weight: 700; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.note { color: var(--soft); font-size: .9rem; margin: .2rem 0; }
figure { margin: 1.5rem 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
.figure-narrow { display: none; }
@media (max-width: 50rem) { .figure-wide { display: none; } .figure-narrow { display: block; } }
${figureStyle}
`;

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${String(block.level)}>${escapeHtml(block.text)}</h${String(block.level)}>`;
    case 'paragraph':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'table':
      return renderTable(block);
    case 'figure':
      return renderFigure(block);
  }
}

/** The values are in the tables beside it, and in the drawing's description. */
function renderFigure({ figure }: Extract<Block, { kind: 'figure' }>): string {
  return [
    `<figure id="${escapeHtml(figure.id)}"><figcaption>${escapeHtml(figure.title)}</figcaption>`,
    `<div class="figure-wide">${drawFigure(figure, figureWidths.wide)}</div>`,
    `<div class="figure-narrow">${drawFigure(figure, figureWidths.narrow)}</div>`,
    ...figure.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    '</figure>',
  ].join('\n');
}

function renderTable(table: Extract<Block, { kind: 'table' }>): string {
  const classes = (index: number, cell?: TableCell): string => {
    const names = [table.columns[index]?.align === 'right' ? 'right' : '', cell?.tone ?? ''].filter(
      (name) => name !== '',
    );
    return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
  };
  const head = table.columns
    .map((column, index) => `<th scope="col"${classes(index)}>${escapeHtml(column.title)}</th>`)
    .join('');
  const rows = table.rows.map(
    (row) =>
      `<tr>${row.map((cell, index) => `<td${classes(index, cell)}>${escapeHtml(cell.text)}</td>`).join('')}</tr>`,
  );
  return [
    `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(table.caption)}"><table>`,
    `<caption>${escapeHtml(table.caption)}</caption>`,
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>${rows.join('\n')}</tbody>`,
    '</table></div>',
    ...table.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
  ].join('\n');
}
