/** Pure reporting: stored runs in, tables, statistics and checks out, drawn as text, Markdown, HTML, CSV or JSON. */
export type { ReportInput, StepReference, StoredRun } from './input.js';
export { buildReport, REPORT_FORMAT, type Report } from './report.js';
export type { CheckResult, CheckVerdict } from './checks/evaluate.js';
export { renderReport, reportMediaTypes } from './render/render.js';
export { buildDocument, type Block, type Document } from './document.js';
export { darkColours, drawFigure, figureStyle, figureWidths, lightColours } from './figures/draw.js';
