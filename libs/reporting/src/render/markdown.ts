/** GitHub-flavoured Markdown. */
import type { Block, Document } from '../document.js';

export function renderMarkdown(document: Document): string {
  return `${document.blocks.flatMap(renderBlock).join('\n\n')}\n`;
}

/** Text that Markdown and the HTML inside it leave alone. */
function escape(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\|`*_[\]]/g, (character) => `\\${character}`);
}

function renderBlock(block: Block): string | [] {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${escape(block.text)}`;
    case 'paragraph':
      return escape(block.text);
    case 'figure':
      return [];
    case 'table': {
      const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [
        `**${escape(block.caption)}**`,
        '',
        row(block.columns.map((column) => escape(column.title))),
        row(block.columns.map((column) => (column.align === 'right' ? '---:' : '---'))),
        ...block.rows.map((cells) =>
          row(cells.map((cell) => (cell.tone === 'strong' ? `**${escape(cell.text)}**` : escape(cell.text)))),
        ),
        ...block.notes.flatMap((note) => ['', `_${escape(note)}_`]),
      ].join('\n');
    }
  }
}
