/** The faces of a report. */
import type { ReportFormat } from '#libs/contracts';
import { buildDocument } from '../document.js';
import type { Report } from '../report.js';
import { renderCsv } from './csv.js';
import { renderHtml } from './html.js';
import { renderJson } from './json.js';
import { renderMarkdown } from './markdown.js';
import { renderText } from './text.js';

export const reportMediaTypes = {
  json: 'application/json',
  md: 'text/markdown',
  html: 'text/html',
  txt: 'text/plain',
  csv: 'text/csv',
  summary: 'text/plain',
} as const satisfies Record<ReportFormat, string>;

export function renderReport(
  report: Report,
  format: ReportFormat,
  options: { readonly colour?: boolean } = {},
): string {
  switch (format) {
    case 'json':
      return renderJson(report);
    case 'csv':
      return renderCsv(report);
    case 'txt':
      return renderText(buildDocument(report), options);
    case 'summary':
      return renderText(buildDocument(report, 'summary'), options);
    case 'md':
      return renderMarkdown(buildDocument(report));
    case 'html':
      return renderHtml(buildDocument(report));
  }
}
