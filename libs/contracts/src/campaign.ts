import { z } from 'zod';
import { canonicalJson, type JsonValue } from './canonical-json.js';
import { addIssue, formatPath, InputError, parseInput, showValue, type InputIssue } from './input-error.js';
import { engineSchema, impossibleCombinations, seedSchema, type Conflict, type RunSpec } from './run.js';
import { listOf, oneOrMany, strictObject } from './strict-object.js';
import { machineChoiceSchema, machinePresets, type Machine, type MachineChoice } from './target-config.js';
import {
  hypervisorSchema,
  paramAxes,
  workloadChoiceSchema,
  workloadDefaults,
  workloadNames,
  type Hypervisor,
  type Workload,
  type WorkloadChoice,
} from './workload.js';

/** More would not be shown by any table and is most likely a slip in an axis. */
export const maxRunsPerCampaign = 20_000;
const maxSeeds = 1000;

const durationUnits = { s: 1, m: 60, h: 3600 } as const;

/** `90s`, `10m`, `4h` -> seconds of the simulation host's time. */
export const durationSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,5}[smh]$/, 'a duration such as 90s, 10m or 4h')
  .transform((text) => Number(text.slice(0, -1)) * durationUnits[text.slice(-1) as keyof typeof durationUnits]);

const uniqueSeeds = z
  .array(seedSchema)
  .min(1)
  .max(maxSeeds)
  .superRefine((seeds, context) => {
    const twice = seeds.findIndex((seed, index) => seeds.indexOf(seed) !== index);
    if (twice >= 0)
      addIssue(context, [twice], `${seeds[twice]} for the second time`, 'each seed once: equal seeds give equal runs');
  });

/** What a point must look like to be left out; a list means "any of these". */
const excludeSchema = strictObject({
  hypervisor: oneOrMany(hypervisorSchema).optional(),
  workload: strictObject({ name: oneOrMany(z.enum(workloadNames)).optional(), ...paramAxes }).optional(),
  machine: machineChoiceSchema.partial().optional(),
}).superRefine((pattern, context) => {
  if (Object.keys(pattern).length === 0)
    addIssue(
      context,
      [],
      'an empty pattern',
      'hypervisor, workload or machine: an empty pattern leaves out everything',
    );
});

/** A campaign file (YAML or JSON): a matrix of points, and seeds. orchestrator.md 4. */
export const campaignFileSchema = strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]{0,62}$/,
      'a name of lower-case letters, digits, ".", "_" and "-", 63 characters at most',
    ),
  description: z.string().max(2000).optional(),
  machine: oneOrMany(machineChoiceSchema),
  hypervisor: oneOrMany(hypervisorSchema),
  workload: oneOrMany(workloadChoiceSchema),
  exclude: z.array(excludeSchema).max(64).optional(),
  /** A count n stands for the seeds 1..n. */
  seeds: z.union([z.int().min(1).max(maxSeeds), uniqueSeeds]).default(1),
  engine: engineSchema.optional(),
  limits: strictObject({
    /** Host time of one run; a run that reaches it ends as timed out. */
    perRun: durationSchema.optional(),
    /** Instructions of one run; the same on every host. */
    instructionsPerRun: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  }).optional(),
});
export type CampaignFile = z.output<typeof campaignFileSchema>;
export type CampaignFileInput = z.input<typeof campaignFileSchema>;

/** A point: one target, hypervisor and workload; its runs differ in the seed only. */
export interface Point {
  machine: Machine;
  hypervisor: Hypervisor;
  workload: Workload;
}

export interface Expansion {
  points: Point[];
  /** Points in file order, seeds innermost. */
  runs: RunSpec[];
}

/**
 * Checks a campaign and spans its matrix. Throws {@link InputError} that names each wrong place of the file:
 * a bad field, an impossible combination, an exclusion that matches nothing, too many runs, the same point twice.
 */
export function parseCampaign(
  input: unknown,
  source = 'campaign',
  check?: PointCheck,
): { file: CampaignFile; expansion: Expansion } {
  const file = parseInput(campaignFileSchema, input, source);
  return { file, expansion: expandCampaign(file, source, check) };
}

/** What else is wrong with a point, known to the simulator only: names and bounds of model parameters. */
export type PointCheck = (point: Point) => Conflict[];

export function expandCampaign(file: CampaignFile, source = 'campaign', check: PointCheck = () => []): Expansion {
  const issues: InputIssue[] = [];
  const fired = new Set<number>();
  const points: Point[] = [];
  const seen = new Map<string, (string | number)[]>();
  const seeds =
    typeof file.seeds === 'number' ? Array.from({ length: file.seeds }, (_, index) => index + 1) : file.seeds;

  // Refused before anything is spanned: eight axes of 64 entries would fill memory first.
  const planned = matrixSize(file) * seeds.length;
  if (planned > maxRunsPerCampaign)
    throw new InputError(source, [issue([], `a matrix of ${planned} runs`, `at most ${maxRunsPerCampaign}`)]);

  for (const machine of placed(file.machine, ['machine'], spanMachine))
    for (const hypervisor of placed(file.hypervisor, ['hypervisor'], (choice) => [choice]))
      for (const workload of placed(file.workload, ['workload'], spanWorkload)) {
        const point: Point = { machine: machine.value, hypervisor: hypervisor.value, workload: workload.value };
        const excluded = (file.exclude ?? []).flatMap((pattern, index) => (matches(pattern, point) ? [index] : []));
        excluded.forEach((index) => fired.add(index));
        if (excluded.length > 0) continue;
        const identity = JSON.stringify(point);
        const earlier = seen.get(identity);
        if (earlier !== undefined)
          issues.push(issue(workload.at, `the same point as ${formatPath(earlier)}`, 'every point once'));
        seen.set(identity, workload.at);
        const places = { machine: machine.at, hypervisor: hypervisor.at, workload: workload.at };
        for (const conflict of [...impossibleCombinations(point), ...check(point)])
          issues.push(conflictIssue(conflict, places));
        points.push(point);
      }

  file.exclude?.forEach((_, index) => {
    if (!fired.has(index))
      issues.push(issue(['exclude', index], 'a pattern that matches no point', 'a pattern that matches at least one'));
  });
  if (points.length === 0 && issues.length === 0)
    issues.push(issue(['exclude'], 'patterns that leave no point', 'at least one point'));
  if (issues.length > 0) throw new InputError(source, distinct(issues));
  return { points, runs: points.flatMap((point) => seeds.map((seed) => ({ ...point, seed }))) };
}

interface Placed<Value> {
  value: Value;
  at: (string | number)[];
}

/** Every value an axis takes, each with its place in the file. */
function placed<Choice, Value>(
  axis: Choice | Choice[],
  at: (string | number)[],
  span: (choice: Choice) => Value[],
): Placed<Value>[] {
  if (!Array.isArray(axis)) return span(axis).map((value) => ({ value, at }));
  return (axis as Choice[]).flatMap((choice, index) => span(choice).map((value) => ({ value, at: [...at, index] })));
}

function spanMachine(choice: MachineChoice): Machine[] {
  const { preset: presets, set = {}, ...overrides } = choice;
  const settings = product(set) as Machine['set'][];
  return listOf(presets).flatMap((preset) =>
    product(overrides).flatMap((override) =>
      settings.map((setting) => ({ ...machinePresets[preset], ...(override as Partial<Machine>), set: setting })),
    ),
  );
}

function spanWorkload({ name: names, ...params }: WorkloadChoice): Workload[] {
  return listOf(names).flatMap((name) =>
    product({ ...workloadDefaults[name], ...params }).map((chosen) => ({ name, params: chosen }) as Workload),
  );
}

/** Cartesian product over the keys of `axes`, the last key varying fastest; absent keys stay absent. */
function product(axes: Record<string, unknown>): Record<string, unknown>[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [key, values] of Object.entries(axes)) {
    if (values === undefined) continue;
    rows = rows.flatMap((row) => listOf(values).map((value) => ({ ...row, [key]: value })));
  }
  return rows;
}

function matrixSize(file: CampaignFile): number {
  const size = (axes: object): number =>
    Object.values(axes).reduce<number>((n, values) => n * (Array.isArray(values) ? values.length : 1), 1);
  const machines = listOf(file.machine).reduce((n, { set = {}, ...axes }) => n + size(axes) * size(set), 0);
  const workloads = listOf(file.workload).reduce((n, choice) => n + size(choice), 0);
  return machines * listOf(file.hypervisor).length * workloads;
}

type Pattern = NonNullable<CampaignFile['exclude']>[number];

function matches(pattern: Pattern, point: Point): boolean {
  const { set, ...machine } = pattern.machine ?? {};
  const { name, ...params } = pattern.workload ?? {};
  const given: Record<string, unknown> = point.workload.params;
  return (
    allows(pattern.hypervisor, point.hypervisor) &&
    allows(name, point.workload.name) &&
    Object.entries(params).every(([key, wanted]) => allows(wanted, given[key])) &&
    Object.entries(machine).every(([key, wanted]) => allows(wanted, point.machine[key as keyof Machine])) &&
    Object.entries(set ?? {}).every(([key, wanted]) => allows(wanted, point.machine.set[key]))
  );
}

function allows(wanted: unknown, value: unknown): boolean {
  if (wanted === undefined) return true;
  return value !== undefined && listOf(wanted).some((one) => sameValue(one, value));
}

/** Parameters may be objects: `{ min: 8, max: 64 }`. */
function sameValue(one: unknown, other: unknown): boolean {
  return canonicalJson(one as JsonValue) === canonicalJson(other as JsonValue);
}

/** A conflict speaks of the expanded point; the user wants the place in the file. */
function conflictIssue(conflict: Conflict, places: Record<Conflict['at'][0], (string | number)[]>): InputIssue {
  const [part, ...rest] = conflict.at;
  return issue([...places[part], ...rest.filter((piece) => piece !== 'params')], conflict.found, conflict.expected);
}

function issue(at: (string | number)[], found: string, expected: string): InputIssue {
  return { path: formatPath(at), at, found, expected };
}

function distinct(issues: InputIssue[]): InputIssue[] {
  const byText = new Map(issues.map((one) => [`${one.path} ${one.found}`, one]));
  return [...byText.values()];
}

/** `firesim / duvisor / hypercall iterations=1000 warmup=100`, for tables and progress lines. */
export function pointLabel(point: Point): string {
  const base = machinePresets[point.machine.preset];
  const changed = Object.entries(point.machine).filter(
    ([key, value]) => key !== 'set' && value !== base[key as keyof Machine],
  );
  const settings = [...changed, ...Object.entries(point.machine.set)].map(
    ([key, value]) => `${key}=${showValue(value)}`,
  );
  const machine = [point.machine.preset, ...settings].join(' ');
  const params = Object.entries(point.workload.params).map(([key, value]) => `${key}=${paramText(value)}`);
  return `${machine} / ${point.hypervisor} / ${[point.workload.name, ...params].join(' ')}`;
}

/** A parameter's value on one line: `400`, `closed`, `open:5000`, `32..512`, `16x256..16384`. */
export function paramText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = value as Record<string, unknown>;
  if ('min' in fields)
    return fields['min'] === fields['max'] ? String(fields['min']) : `${fields['min']}..${fields['max']}`;
  if ('count' in fields) return `${fields['count']}x${paramText(fields['bytes'])}`;
  return Object.values(fields).map(paramText).join(':');
}
