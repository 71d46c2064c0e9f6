import { z } from 'zod';

/**
 * A report as a reader sees it: headings, paragraphs, tables and figures in order. Made by libs/reporting from the
 * report's data (every face is drawn from it), served by GET /campaigns/:id/report/page for the dashboard.
 */
export const toneSchema = z.enum(['good', 'bad', 'warn', 'strong']);

/** One value of a figure with its 95 % interval; null where nothing was measured, which is never drawn as 0. */
export const figureValueSchema = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type FigureValue = z.infer<typeof figureValueSchema>;

/**
 * `grouped`: in each row one bar per series, with its interval. `stacked`: each row is one bar, its series are the
 * segments from the left; `total` is their sum.
 */
export const figureSchema = z.object({
  kind: z.enum(['grouped', 'stacked']),
  /** Unique in the report: for links, file names and accessible names. */
  id: z.string(),
  title: z.string(),
  /** Of the axis and of every value. */
  unit: z.string(),
  series: z.array(z.string()).min(1),
  /** Of each series, a place in the palette: the same thing has the same colour in every figure. Absent: in order. */
  colours: z.array(z.int().min(0)).optional(),
  rows: z.array(z.object({ label: z.string(), values: z.array(figureValueSchema) })).min(1),
  /** A line across the figure, such as "1 = equal". */
  reference: z.object({ value: z.number(), label: z.string() }).nullable(),
  notes: z.array(z.string()),
});
export type Figure = z.infer<typeof figureSchema>;

/** The figure as SVG, drawn for a wide and for a narrow column; colours come from the page's style sheet. */
const drawingSchema = z.object({ wide: z.string(), narrow: z.string() });

export const pageBlockSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('heading'), level: z.int().min(1).max(3), text: z.string() }),
  z.object({ kind: z.literal('paragraph'), text: z.string() }),
  z.object({
    kind: z.literal('table'),
    caption: z.string(),
    columns: z.array(z.object({ title: z.string(), align: z.enum(['left', 'right']) })),
    rows: z.array(z.array(z.object({ text: z.string(), tone: toneSchema.optional() }))),
    notes: z.array(z.string()),
  }),
  z.object({ kind: z.literal('figure'), figure: figureSchema, drawing: drawingSchema }),
]);
export type PageBlock = z.infer<typeof pageBlockSchema>;

export const reportPageSchema = z.object({
  campaign: z.object({ id: z.uuid(), number: z.int(), name: z.string() }),
  title: z.string(),
  /** Every run ended with a result and every check that must hold does. */
  ok: z.boolean(),
  blocks: z.array(pageBlockSchema),
});
export type ReportPage = z.infer<typeof reportPageSchema>;
