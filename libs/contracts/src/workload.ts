import { z } from 'zod';
import { addIssue } from './input-error.js';
import { listOf, oneOrMany, strictObject } from './strict-object.js';

/** Bare guests that repeat one operation (paper-results.md 2). */
export const microWorkloads = ['hypercall', 'stage2-fault', 'mmio'] as const;
/** Guests that serve requests over the network, loaded from the far end of the link. */
export const serviceWorkloads = ['memcached-like', 'redis-like', 'nginx-like'] as const;
export const workloadNames = [...microWorkloads, ...serviceWorkloads] as const;
export type WorkloadName = (typeof workloadNames)[number];
export type MicroName = (typeof microWorkloads)[number];
export type ServiceName = (typeof serviceWorkloads)[number];

/** `native`: the guest kernel on the bare machine, what virtualization is set beside. */
export const hypervisors = ['duvisor', 'kvm', 'native'] as const;
export const hypervisorSchema = z.enum(hypervisors);
export type Hypervisor = z.infer<typeof hypervisorSchema>;

/** Of whole numbers, both ends included. */
function rangeSchema(least: number, most: number) {
  const end = z.int().min(least).max(most);
  return strictObject({ min: end, max: end }).superRefine(({ min, max }, context) => {
    if (min > max) addIssue(context, ['min'], `${min}, above max ${max}`, 'min <= max');
  });
}

/** Operations or requests done before measuring starts. */
const warmupSchema = z.int().min(0).max(1_000_000);

const microShape = {
  /** Measured operations between the labels measure.begin and measure.end of the guest. */
  iterations: z.int().min(1).max(1_000_000),
  warmup: warmupSchema,
};

const loadShape = {
  /** Measured requests. */
  requests: z.int().min(1).max(1_000_000),
  warmup: warmupSchema,
  connections: z.int().min(1).max(256),
  /** `closed`: the next request when the reply has come; `open`: a Poisson process of that rate in target time. */
  loop: z.union([
    strictObject({ kind: z.literal('closed') }),
    strictObject({ kind: z.literal('open'), ratePerSecond: z.number().min(1).max(10_000_000) }),
  ]),
  popularity: z.enum(['zipf', 'uniform']),
  /** Requests under way on one connection. */
  pipeline: z.int().min(1).max(64),
};

const storeShape = {
  ...loadShape,
  keys: z.int().min(1).max(100_000),
  keyBytes: rangeSchema(8, 250),
  valueBytes: rangeSchema(1, 65_536),
  /** Share of reads; the other requests store a new value. */
  getShare: z.number().min(0).max(1),
};

const fileBytesMax = 1024 * 1024;

/** Every parameter of every workload: a run names all of its own, a campaign file those that differ from the defaults. */
const paramShapes = {
  hypercall: microShape,
  'stage2-fault': microShape,
  mmio: microShape,
  'memcached-like': { ...storeShape, transport: z.enum(['tcp', 'udp']) },
  'redis-like': storeShape,
  'nginx-like': {
    ...loadShape,
    /** The document root: sizes spread evenly over their logarithm. */
    files: strictObject({ count: z.int().min(1).max(1000), bytes: rangeSchema(1, fileBytesMax) }),
  },
} as const satisfies Record<WorkloadName, z.ZodRawShape>;

const microParams = strictObject(microShape);
const memcachedParams = strictObject(paramShapes['memcached-like']);
const redisParams = strictObject(paramShapes['redis-like']);
const nginxParams = strictObject(paramShapes['nginx-like']);

/** A workload with nothing left to choose. The paper's micro-benchmarks do 100 000 iterations (paper-results.md 2). */
export const workloadSchema = z.discriminatedUnion('name', [
  strictObject({ name: z.enum(microWorkloads), params: microParams }),
  strictObject({ name: z.literal('memcached-like'), params: memcachedParams }),
  strictObject({ name: z.literal('redis-like'), params: redisParams }),
  strictObject({ name: z.literal('nginx-like'), params: nginxParams }),
]);
export type Workload = z.infer<typeof workloadSchema>;
export type MicroWorkload = Extract<Workload, { name: MicroName }>;
export type ServiceWorkload = Extract<Workload, { name: ServiceName }>;

export function isService(workload: Workload): workload is ServiceWorkload {
  return (serviceWorkloads as readonly string[]).includes(workload.name);
}

export function isServiceName(name: string): name is ServiceName {
  return (serviceWorkloads as readonly string[]).includes(name);
}

type Axes<Shape extends z.ZodRawShape> = {
  [Key in keyof Shape]: z.ZodOptional<ReturnType<typeof oneOrMany<Shape[Key] & z.ZodType>>>;
};

/** Each parameter as a campaign file may give it: not at all, once, or as a list that spans an axis. */
function axes<Shape extends z.ZodRawShape>(shape: Shape): Axes<Shape> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, oneOrMany(schema as z.ZodType).optional()]),
  ) as unknown as Axes<Shape>;
}

/** The axes of all workloads together; the fields that two workloads share have the same bounds. */
export const paramAxes = axes({
  ...microShape,
  ...paramShapes['memcached-like'],
  ...paramShapes['nginx-like'],
});

/** As a campaign file says it: parameters beside the name; a list spans an axis. */
export const workloadChoiceSchema = strictObject({ name: oneOrMany(z.enum(workloadNames)), ...paramAxes }).superRefine(
  (choice, context) => {
    for (const name of listOf(choice.name)) {
      const known = Object.keys(paramShapes[name]);
      for (const [key, value] of Object.entries(choice))
        if (key !== 'name' && value !== undefined && !known.includes(key))
          addIssue(context, [key], `${key} with workload "${name}"`, `one of ${known.join(', ')}`);
    }
  },
);
export type WorkloadChoice = z.infer<typeof workloadChoiceSchema>;

const microDefaults = { iterations: 1000, warmup: 100 };
const loadDefaults = {
  requests: 400,
  warmup: 40,
  connections: 4,
  loop: { kind: 'closed' as const },
  popularity: 'zipf' as const,
  pipeline: 1,
};
const storeDefaults = {
  ...loadDefaults,
  keys: 64,
  keyBytes: { min: 16, max: 16 },
  valueBytes: { min: 32, max: 512 },
  getShare: 0.9,
};

/** Small: each ends within seconds of the simulation host's time. */
export const workloadDefaults = {
  hypercall: microDefaults,
  'stage2-fault': microDefaults,
  mmio: microDefaults,
  'memcached-like': { ...storeDefaults, transport: 'tcp' as const },
  'redis-like': storeDefaults,
  'nginx-like': { ...loadDefaults, files: { count: 16, bytes: { min: 256, max: 16_384 } } },
} as const satisfies Record<MicroName, MicroWorkload['params']> & {
  [Name in ServiceName]: Extract<Workload, { name: Name }>['params'];
};
