import { z } from 'zod';

/**
 * The faces a report is served in: GET /campaigns/:id/report?format=... ; all are made from the same data.
 * `summary` is the terminal's short form of `txt`.
 */
export const reportFormats = ['json', 'md', 'html', 'txt', 'csv', 'summary'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export const reportQuerySchema = z.strictObject({ format: z.enum(reportFormats).default('json') });

/**
 * What every reader of a JSON report may rely on; the sections are libs/reporting's `Report`, built and rendered there.
 * `ok`: all runs ended with a result and every check that must hold does (decides the exit code of `dvfarm run`).
 */
export const reportHeadSchema = z.looseObject({
  formatVersion: z.literal(1),
  notice: z.string(),
  campaign: z.looseObject({ id: z.uuid(), name: z.string() }),
  ok: z.boolean(),
});
export type ReportHead = z.infer<typeof reportHeadSchema>;
