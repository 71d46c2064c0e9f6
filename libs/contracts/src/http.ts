import { z } from 'zod';
import { engineSchema, runSpecSchema } from './run.js';
import { runResultSchema } from './result.js';
import { campaignStatuses, runStates, runStatuses } from './run-state.js';
import { loggedEventSchema, progressSchema } from './events.js';
import { runIdSchema, runJobSchema } from './queues.js';
import { sha256Schema, strictObject } from './strict-object.js';

/** Every path of the API begins with this. */
export const apiPrefix = '/api/v1';

/** `Authorization: Bearer <key>` for users, `<worker token>` for workers. */
export const idempotencyKeyHeader = 'idempotency-key';
export const leaseTokenHeader = 'x-lease-token';

/** RFC 9457. `issues` is there for bad input only; `code` is for programs, `detail` for people. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  instance: z.string().optional(),
  issues: z
    .array(
      z.object({
        path: z.string(),
        at: z.array(z.union([z.string(), z.number()])),
        found: z.string(),
        expected: z.string(),
      }),
    )
    .optional(),
});
export type Problem = z.infer<typeof problemSchema>;
export const problemMediaType = 'application/problem+json';

// --- users ---------------------------------------------------------------------------------------------------------

/** POST /campaigns (201) and POST /campaigns/plan (200). `file` is checked by `parseCampaign`. */
export const submitCampaignSchema = strictObject({
  file: z.unknown(),
  /** Run again even what has an answer, and compare. */
  noCache: z.boolean().default(false),
  engine: engineSchema.optional(),
});
export type SubmitCampaign = z.input<typeof submitCampaignSchema>;

const countsSchema = z.record(z.enum(runStatuses), z.int().min(0));

export const campaignViewSchema = z.object({
  id: z.uuid(),
  /** Counts campaigns of this controller from 1; shorter to type than the id, accepted wherever the id is. */
  number: z.int().min(1),
  name: z.string(),
  description: z.string().nullable(),
  status: z.enum(campaignStatuses),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  noCache: z.boolean(),
  engine: engineSchema,
  points: z.int(),
  runs: z.int(),
  counts: countsSchema,
  /** Runs answered by an earlier run of the same key. */
  cached: z.int(),
  /** Executions of one key that disagreed. Anything but 0 is a bug of ours. */
  alarms: z.int(),
});
export type CampaignView = z.infer<typeof campaignViewSchema>;

export const pageQuerySchema = strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const campaignPageSchema = z.object({ items: z.array(campaignViewSchema), nextCursor: z.string().nullable() });
export type CampaignPage = z.infer<typeof campaignPageSchema>;

export const runViewSchema = z.object({
  id: runIdSchema,
  campaignId: z.uuid(),
  /** Position in the campaign, from 0. */
  index: z.int(),
  label: z.string(),
  spec: runSpecSchema,
  key: sha256Schema,
  state: z.enum(runStates),
  status: z.enum(runStatuses),
  attempts: z.int(),
  worker: z.string().nullable(),
  progress: progressSchema.nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  /** The run whose result stands for this one (cache hit). */
  reusedFrom: runIdSchema.nullable(),
  /** Why it was lost, broken or released; null otherwise. */
  reason: z.string().nullable(),
});
export type RunView = z.infer<typeof runViewSchema>;

export const runPageSchema = z.object({ items: z.array(runViewSchema), nextCursor: z.string().nullable() });
export type RunPage = z.infer<typeof runPageSchema>;

export const planSchema = z.object({
  name: z.string(),
  points: z.int(),
  runs: z.array(
    z.object({
      index: z.int(),
      label: z.string(),
      key: sha256Schema,
      seed: z.int(),
      cachedRun: runIdSchema.nullable(),
      expectedSeconds: z.number().nullable(),
    }),
  ),
  cached: z.int(),
  /** Host seconds on one worker slot, from the last runs of the same points; null when there are none for some. */
  expectedSeconds: z.number().nullable(),
});
export type Plan = z.infer<typeof planSchema>;

export const workerViewSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  alive: z.boolean(),
  slots: z.int(),
  held: z.int(),
  simulator: sha256Schema,
  registeredAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
});
export type WorkerView = z.infer<typeof workerViewSchema>;

/** GET /runs/:id/result */
export const resultViewSchema = z.object({
  runId: runIdSchema,
  originalRunId: runIdSchema,
  key: sha256Schema,
  result: runResultSchema,
});
export type ResultView = z.infer<typeof resultViewSchema>;

/** GET /runs/:id/history: what a run was made from, and every try at it. */
export const runHistorySchema = z.object({
  runId: runIdSchema,
  key: sha256Schema,
  seed: z.int(),
  campaign: z.object({ id: z.uuid(), number: z.int(), name: z.string() }),
  /** The run whose result stands for this one, and its campaign. */
  original: z.object({ id: runIdSchema, campaignNumber: z.int() }).nullable(),
  images: z.record(z.string(), sha256Schema),
  simulator: sha256Schema,
  attempts: z.array(
    z.object({
      number: z.int(),
      worker: z.string(),
      leasedAt: z.iso.datetime(),
      endedAt: z.iso.datetime().nullable(),
      /** result, expired, released, crashed or cancelled; null while it goes on. */
      end: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  artefacts: z.array(z.object({ name: z.string(), sha256: sha256Schema, bytes: z.int() })),
  events: z.array(loggedEventSchema),
});
export type RunHistory = z.infer<typeof runHistorySchema>;

/** GET /health/live, /health/ready (503 when not ready). */
export const healthSchema = z.object({ status: z.enum(['ok', 'error']), checks: z.record(z.string(), z.string()) });
export type Health = z.infer<typeof healthSchema>;

// --- workers (all under /workers, POST, JSON) -----------------------------------------------------------------------

/** POST /workers/register, with the cluster's join token. A worker whose simulator differs from the controller's is refused (409). */
export const registerWorkerSchema = strictObject({
  name: z.string().min(1).max(100),
  slots: z.int().min(1).max(256),
  simulator: sha256Schema,
  host: strictObject({
    cpu: z.string().max(200),
    cores: z.int().min(1),
    memoryMiB: z.int().min(1),
    node: z.string().max(50),
  }),
});
export type RegisterWorker = z.infer<typeof registerWorkerSchema>;

export const workerRegisteredSchema = z.object({
  workerId: z.uuid(),
  /** This worker's own token, for everything below. The controller keeps only its hash. */
  token: z.string(),
  /** Where jobs come from. The PostgreSQL role sees the queue's schema and nothing else. */
  queue: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('postgres'), url: z.string() }),
    z.object({ kind: z.literal('redis'), url: z.string() }),
  ]),
  leaseTtlMs: z.int(),
  heartbeatMs: z.int(),
});
export type WorkerRegistered = z.infer<typeof workerRegisteredSchema>;

/** POST /workers/lease. 409 `LEASE_REFUSED` when the epoch is old or the run is not waiting: drop the job. */
export const leaseRequestSchema = runJobSchema;

export const leaseSchema = z.object({
  runId: runIdSchema,
  /** Proves that this attempt holds the run; goes with every message about it. */
  leaseToken: z.string(),
  attempt: z.int().min(1),
  expiresAt: z.iso.datetime(),
  spec: runSpecSchema,
  key: sha256Schema,
  /** What the run must be executed with; the worker checks that it has these. */
  images: z.record(z.string(), sha256Schema),
  engine: engineSchema,
  limits: z.object({ hostSeconds: z.number().nullable(), instructions: z.number().nullable() }),
});
export type Lease = z.infer<typeof leaseSchema>;

/**
 * POST /workers/runs/:runId/heartbeat. Extends the lease; the first one with phase `running` starts the run.
 * 409 `LEASE_LOST`: stop computing, the run is somebody else's.
 */
export const heartbeatSchema = strictObject({
  leaseToken: z.string().min(1).max(200),
  phase: z.enum(['preparing', 'running', 'collecting']),
  progress: progressSchema,
  mips: z.number().min(0),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

export const heartbeatAnswerSchema = z.object({ expiresAt: z.iso.datetime(), cancel: z.boolean() });
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswerSchema>;

/**
 * POST /workers/cancellations, answered as soon as a run this worker holds is to be stopped, or after a few seconds with none
 * (long poll): a cancel reaches the worker at once, not with the next heartbeat.
 */
export const cancellationsSchema = z.object({ runIds: z.array(runIdSchema) });
export type Cancellations = z.infer<typeof cancellationsSchema>;

/** POST /workers/runs/:runId/result. Sent again with the same content it is answered as the first time. */
export const handInSchema = strictObject({ leaseToken: z.string().min(1).max(200), result: runResultSchema });
export type HandIn = z.infer<typeof handInSchema>;
export const handInAnswerSchema = z.object({ state: z.enum(runStates), alarms: z.array(z.string()) });
export type HandInAnswer = z.infer<typeof handInAnswerSchema>;

/**
 * POST /workers/runs/:runId/give-up. `released`: the worker is stopping, another may go on. `cancelled`: stopped as
 * asked. `crashed`: the simulator itself failed; not retried.
 */
export const giveUpSchema = strictObject({
  leaseToken: z.string().min(1).max(200),
  reason: z.enum(['released', 'cancelled', 'crashed']),
  detail: z.string().max(20_000),
});
export type GiveUp = z.infer<typeof giveUpSchema>;

/** PUT /workers/runs/:runId/artefacts/:name, raw bytes, lease token in the header. */
export const artefactNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'a file name of lower-case letters, digits, ".", "_" and "-"');
export const maxArtefactBytes = 64 * 1024 * 1024;
export const artefactStoredSchema = z.object({ name: artefactNameSchema, sha256: sha256Schema, bytes: z.int() });
export type ArtefactStored = z.infer<typeof artefactStoredSchema>;
