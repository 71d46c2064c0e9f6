import { z } from 'zod';
import { oneOrMany, strictObject } from './strict-object.js';

export const workloadNames = ['hypercall', 'stage2-fault', 'mmio'] as const;
export type WorkloadName = (typeof workloadNames)[number];

export const hypervisors = ['duvisor', 'kvm'] as const;
export const hypervisorSchema = z.enum(hypervisors);
export type Hypervisor = z.infer<typeof hypervisorSchema>;

/** Measured operations between the labels measure.begin and measure.end of the guest. */
const iterationsSchema = z.int().min(1).max(1_000_000);
/** Operations done before measuring starts. */
const warmupSchema = z.int().min(0).max(1_000_000);

/** A workload with nothing left to choose. The paper's guests do 100 000 iterations (paper-results.md 2). */
export const workloadSchema = strictObject({
  name: z.enum(workloadNames),
  params: strictObject({ iterations: iterationsSchema, warmup: warmupSchema }),
});
export type Workload = z.infer<typeof workloadSchema>;

/** As a campaign file says it: parameters beside the name; a list spans an axis. */
export const workloadChoiceSchema = strictObject({
  name: oneOrMany(z.enum(workloadNames)),
  iterations: oneOrMany(iterationsSchema).optional(),
  warmup: oneOrMany(warmupSchema).optional(),
});
export type WorkloadChoice = z.infer<typeof workloadChoiceSchema>;

export const workloadDefaults = { iterations: 1000, warmup: 100 } as const;
