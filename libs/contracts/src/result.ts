import { z } from 'zod';
import { canonicalJson } from './canonical-json.js';
import { engineSchema } from './run.js';
import { decimalSchema, sha256Schema, strictObject } from './strict-object.js';

/** Longest console kept in a result, in UTF-16 code units; longer ones are cut by the worker and said so. */
export const maxConsoleLength = 1 << 20;

/**
 * One measured figure. Names used by the microbenchmarks: operations; cycles.total; cycles.phase{phase} (sums to the
 * total, the guest's own cycles included as phase "guest"); instructions.total; instructions.step{step,column};
 * exits{cause}; exits.total; exits.kernel. Whether a figure is per operation or absolute is said by its unit.
 */
export const metricSchema = strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/, 'a dotted lower-case name')
    .max(100),
  labels: z.record(z.string().max(50), z.string().max(200)),
  value: z.number(),
  unit: z.string().min(1).max(50),
});
export type Metric = z.infer<typeof metricSchema>;

/** How the experiment ended. A guest that hangs or panics is a result, not a lost run. */
export const outcomeSchema = strictObject({
  kind: z.enum(['passed', 'failed', 'timed-out', 'deadlock']),
  exitCode: z.int().nullable(),
  detail: z.string().max(2000),
});
export type Outcome = z.infer<typeof outcomeSchema>;

export const runResultSchema = strictObject({
  outcome: outcomeSchema,
  instret: decimalSchema,
  cycles: decimalSchema,
  /** Hash of registers and memory at the end. */
  stateHash: z.string().min(1).max(128),
  metrics: z.array(metricSchema).max(5000),
  console: z.string().max(maxConsoleLength),
  images: z.record(z.string(), sha256Schema),
  simulator: sha256Schema,
  /** The simulation host's own figures: never mixed with simulated ones, never compared. */
  host: strictObject({ seconds: z.number().min(0), mips: z.number().min(0), engine: engineSchema }),
}).superRefine((result, context) => {
  const seen = new Set<string>();
  result.metrics.forEach((metric, index) => {
    const identity = canonicalJson([metric.name, metric.labels]);
    if (seen.has(identity))
      context.addIssue({
        code: 'custom',
        path: ['metrics', index],
        message: 'every name and label set once',
        params: {
          found: `${metric.name} with the same labels for the second time`,
          expected: 'every name and label set once',
        },
      });
    seen.add(identity);
  });
});
export type RunResult = z.infer<typeof runResultSchema>;

/**
 * Names of the fields in which two executions of one run differ; empty when they agree bit for bit. Compared is all but
 * the simulation host's figures; the order of metrics is no matter.
 */
export function disagreements(one: RunResult, other: RunResult): string[] {
  const differing: string[] = [];
  for (const field of ['outcome', 'instret', 'cycles', 'stateHash', 'console', 'images', 'simulator'] as const)
    if (canonicalJson(one[field]) !== canonicalJson(other[field])) differing.push(field);
  const figures = (result: RunResult): Map<string, string> =>
    new Map(result.metrics.map((m) => [`${m.name}${canonicalJson(m.labels)}`, `${m.value} ${m.unit}`]));
  const [left, right] = [figures(one), figures(other)];
  for (const name of new Set([...left.keys(), ...right.keys()]))
    if (left.get(name) !== right.get(name)) differing.push(`metrics.${name}`);
  return differing;
}
