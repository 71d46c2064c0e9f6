import type { PageBlock, ReportPage } from '#libs/contracts';
import { buildDocument, drawFigure, figureWidths, type Block, type Report } from '#libs/reporting';

/** The document that every face of a report is drawn from, with its figures drawn. */
export function reportPage(report: Report): ReportPage {
  const { id, number, name } = report.campaign;
  const document = buildDocument(report);
  return { campaign: { id, number, name }, title: document.title, ok: report.ok, blocks: document.blocks.map(toBlock) };
}

function toBlock(block: Block): PageBlock {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return block;
    case 'table':
      return {
        ...block,
        columns: [...block.columns],
        rows: block.rows.map((row) => [...row]),
        notes: [...block.notes],
      };
    case 'figure':
      return {
        kind: 'figure',
        figure: block.figure,
        drawing: {
          wide: drawFigure(block.figure, figureWidths.wide),
          narrow: drawFigure(block.figure, figureWidths.narrow),
        },
      };
  }
}
