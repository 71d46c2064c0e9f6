import { z } from 'zod';
import { engineSchema, runSpecSchema, softwareSchema } from './run.js';
import { runResultSchema } from './result.js';
import { runStatuses } from './run-state.js';
import { machineSchema } from './target-config.js';
import { hypervisorSchema, workloadSchema } from './workload.js';
import { sha256Schema } from './strict-object.js';

/** Printed with every table that shows published values. */
export const modelNotice = 'cycle model, not RTL';

/** What libs/reporting's `buildReport` is given: raw samples, as stored. */
export const reportInputSchema = z.object({
  campaign: z.object({
    id: z.uuid(),
    number: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    engine: engineSchema,
    noCache: z.boolean(),
  }),
  runs: z.array(
    z.object({
      id: z.uuid(),
      key: sha256Schema,
      spec: runSpecSchema,
      software: softwareSchema,
      status: z.enum(runStatuses),
      attempts: z.int(),
      worker: z.string().nullable(),
      reusedFrom: z.uuid().nullable(),
      reason: z.string().nullable(),
      /** Null while there is none; of a cache hit, the original's. */
      result: runResultSchema.nullable(),
    }),
  ),
  alarms: z.array(z.object({ runId: z.uuid(), detail: z.string() })),
});
export type ReportInput = z.infer<typeof reportInputSchema>;

/** A simulated figure over the seeded runs of one point. Missing is null with the reason, never 0. */
export const figureSchema = z.object({
  value: z.number().nullable(),
  /** Over seeds; null with fewer than two. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  n: z.int(),
  unit: z.string(),
  missing: z.string().nullable(),
});
export type Figure = z.infer<typeof figureSchema>;

/** A published value beside ours: `source` is its tag in paper-results.md; distance = (ours - published) / published. */
export const publishedSchema = z.object({
  value: z.number(),
  approximate: z.boolean(),
  source: z.string(),
  distance: z.number().nullable(),
});
export type Published = z.infer<typeof publishedSchema>;

/** One phase of an operation (`exit`, `handling`, `entry`, ...). */
export const phaseRowSchema = z.object({
  phase: z.string(),
  cycles: figureSchema,
  published: publishedSchema.nullable(),
});

export const pointReportSchema = z.object({
  hypervisor: hypervisorSchema,
  runIds: z.array(z.uuid()),
  operations: figureSchema,
  /** Cycles per operation. */
  total: figureSchema,
  published: publishedSchema.nullable(),
  phases: z.array(phaseRowSchema),
  /** Total minus the sum of the phases, cycles per operation: 0 when the decomposition closes. */
  residual: z.number().nullable(),
  instructions: figureSchema,
  exitsTotal: figureSchema,
  /** VM exits that entered the kernel (HS or M) in the measured part. */
  exitsKernel: figureSchema,
  exitsByCause: z.array(z.object({ cause: z.string(), count: figureSchema })),
});
export type PointReport = z.infer<typeof pointReportSchema>;

/** One primitive on one machine, the hypervisors side by side. */
export const primitiveReportSchema = z.object({
  title: z.string(),
  machine: machineSchema,
  workload: workloadSchema,
  points: z.array(pointReportSchema),
  /** KVM / DuVisor, cycles per operation, paired by seed. */
  ratio: z.object({
    value: z.number().nullable(),
    published: publishedSchema.nullable(),
    missing: z.string().nullable(),
  }),
});
export type PrimitiveReport = z.infer<typeof primitiveReportSchema>;

/** Instructions per exit of the KVM-like module by step, beside those measured on Linux (kvm-cost.md 2, 5). */
export const stepTableSchema = z.object({
  workload: z.string(),
  /** Columns of kvm-cost.md 2: switch, arch, gen, mm, lib, rcu, entry, FP, sched, user, fw. */
  columns: z.array(z.object({ column: z.string(), ours: z.number().nullable(), linux: z.number().nullable() })),
  steps: z.array(
    z.object({
      step: z.string(),
      column: z.string(),
      ours: z.number().nullable(),
      linux: z.number().nullable(),
      leftOut: z.boolean(),
      note: z.string(),
    }),
  ),
  total: z.object({ ours: z.number().nullable(), linux: z.number().nullable() }),
});
export type StepTable = z.infer<typeof stepTableSchema>;

/** A statement that must hold, evaluated on the stored figures. `holds` null: the figures for it are missing. */
export const checkSchema = z.object({
  id: z.string(),
  statement: z.string(),
  required: z.boolean(),
  holds: z.boolean().nullable(),
  found: z.string(),
  expected: z.string(),
});
export type ReportCheck = z.infer<typeof checkSchema>;

export const reportSchema = z.object({
  format: z.literal(1),
  notice: z.literal(modelNotice),
  campaign: reportInputSchema.shape.campaign,
  counts: z.record(z.enum(runStatuses), z.int()),
  cached: z.int(),
  /** All runs ended with a result and every required check holds: decides the exit code of `dvfarm run`. */
  ok: z.boolean(),
  primitives: z.array(primitiveReportSchema),
  steps: z.array(stepTableSchema),
  checks: z.array(checkSchema),
  alarms: reportInputSchema.shape.alarms,
  software: z.array(softwareSchema),
  /** Where every number comes from. */
  runs: z.array(
    z.object({
      id: z.uuid(),
      key: sha256Schema,
      label: z.string(),
      seed: z.int(),
      status: z.enum(runStatuses),
      cycles: z.string().nullable(),
      instret: z.string().nullable(),
      stateHash: z.string().nullable(),
      reusedFrom: z.uuid().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  /** The simulation host's figures, in a table of their own. */
  host: z.array(
    z.object({
      runId: z.uuid(),
      worker: z.string().nullable(),
      engine: engineSchema,
      seconds: z.number(),
      mips: z.number(),
    }),
  ),
});
export type Report = z.infer<typeof reportSchema>;

/** The faces a report is served in: GET /campaigns/:id/report?format=... */
export const reportFormats = ['json', 'md', 'html', 'txt'] as const;
export type ReportFormat = (typeof reportFormats)[number];
