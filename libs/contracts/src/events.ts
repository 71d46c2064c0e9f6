import { z } from 'zod';
import { runIdSchema } from './queues.js';
import { runEvents, runStates } from './run-state.js';
import { decimalSchema, strictObject } from './strict-object.js';

/** Target instructions and cycles so far. */
export const progressSchema = strictObject({ instret: decimalSchema, cycles: decimalSchema });
export type Progress = z.infer<typeof progressSchema>;

const stored = {
  /** Position in the controller's log; grows, gaps are possible. Resume a stream with it (Last-Event-ID). */
  id: decimalSchema,
  at: z.iso.datetime(),
  campaignId: z.uuid(),
  runId: runIdSchema,
};

/** An event as the log keeps it: appended, never rewritten. */
export const loggedEventSchema = z.discriminatedUnion('kind', [
  /** A run changed state. */
  strictObject({
    ...stored,
    kind: z.literal('transition'),
    event: z.enum(runEvents),
    from: z.enum(runStates),
    to: z.enum(runStates),
    attempt: z.int().min(0),
    detail: z.string(),
  }),
  /** A message of an attempt that no longer holds the run: kept, not obeyed. */
  strictObject({
    ...stored,
    kind: z.literal('refused'),
    attempt: z.int().min(0),
    message: z.string(),
    detail: z.string(),
  }),
  /** Two executions of one run key gave different results. */
  strictObject({ ...stored, kind: z.literal('alarm'), detail: z.string(), differing: z.array(z.string()) }),
]);
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

/** What GET /campaigns/:id/events streams besides logged events; not stored, sent about once a second while running. */
export const progressEventSchema = strictObject({
  kind: z.literal('progress'),
  at: z.iso.datetime(),
  campaignId: z.uuid(),
  status: z.string(),
  counts: z.record(z.string(), z.int().min(0)),
  /** Host seconds until the last run ends, from how long runs of each point take; null until that is known. */
  secondsLeft: z.number().min(0).nullable(),
  running: z.array(
    strictObject({
      runId: runIdSchema,
      label: z.string(),
      worker: z.string(),
      startedAt: z.iso.datetime(),
      ...progressSchema.shape,
      mips: z.number().min(0),
    }),
  ),
});
export type ProgressEvent = z.infer<typeof progressEventSchema>;

/** The last message of a stream: the campaign has ended. */
export const endEventSchema = strictObject({ kind: z.literal('end'), campaignId: z.uuid(), status: z.string() });
export type EndEvent = z.infer<typeof endEventSchema>;

/** GET /campaigns/:id/events: `tail` begins so many logged events before the newest, instead of at the first. */
export const eventsQuerySchema = strictObject({ tail: z.coerce.number().int().min(0).max(1000).optional() });

export type StreamEvent = LoggedEvent | ProgressEvent | EndEvent;
