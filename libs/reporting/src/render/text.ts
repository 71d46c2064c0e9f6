/** Terminal rendering: fixed-width tables. Colours only when asked for; every tone is said in words as well. */
import type { Block, Document, TableCell } from '../document.js';

const codes = { good: '\u001b[32m', bad: '\u001b[31m', warn: '\u001b[33m', strong: '\u001b[1m' } as const;
const RESET = '\u001b[0m';

export function renderText(document: Document, options: { readonly colour?: boolean } = {}): string {
  return `${document.blocks.flatMap((block) => renderBlock(block, options.colour ?? false)).join('\n')}\n`;
}

/** Control characters of foreign text (run reasons, file names) must not reach the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}

function renderBlock(block: Block, colour: boolean): string | [] {
  switch (block.kind) {
    case 'heading':
      return block.level === 1
        ? `${printable(block.text)}\n${'='.repeat(block.text.length)}\n`
        : `${printable(block.text)}\n${'-'.repeat(block.text.length)}\n`;
    case 'paragraph':
      return `${wrap(printable(block.text), 110).join('\n')}\n`;
    case 'table':
      return renderTable(block, colour);
    case 'figure':
      return [];
  }
}

function renderTable(table: Extract<Block, { kind: 'table' }>, colour: boolean): string {
  const widths = table.columns.map((column, index) =>
    Math.max(column.title.length, ...table.rows.map((row) => printable(row[index]?.text ?? '').length)),
  );
  const line = (cells: readonly TableCell[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        const text = printable(cell.text);
        const padded = table.columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width);
        return colour && cell.tone !== undefined ? `${codes[cell.tone]}${padded}${RESET}` : padded;
      })
      .join('  ')
      .trimEnd();
  return [
    printable(table.caption),
    line(table.columns.map((column) => ({ text: column.title }))),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...table.rows.map(line),
    ...table.notes.flatMap((note) => wrap(`  ${printable(note)}`, 110)),
    '',
  ].join('\n');
}

function wrap(text: string, width: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines;
}
