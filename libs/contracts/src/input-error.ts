import type { z } from 'zod';

/** One thing wrong with what the user gave: where, what stood there, what should. */
export interface InputIssue {
  /** As a reader writes it: `workload[0].iterations`; empty for the whole document. */
  path: string;
  /** The same in pieces, so that a caller that holds the YAML text can find the line. */
  at: (string | number)[];
  found: string;
  expected: string;
}

/** The user's mistake: nothing was stored or started. HTTP answers 4xx, the command line exits 2. */
export class InputError extends Error {
  readonly code = 'BAD_INPUT';

  constructor(
    /** What was read: a file name, "request body", "environment". */
    readonly source: string,
    readonly issues: InputIssue[],
  ) {
    super(issues.map((issue) => `${source}: ${describeIssue(issue)}`).join('\n'));
    this.name = 'InputError';
  }
}

/** `machine.memoryMiB: found 7, expected a number >= 128`. One line. */
export function describeIssue(issue: InputIssue): string {
  const where = issue.path === '' ? '' : `${issue.path}: `;
  return `${where}found ${issue.found}, expected ${issue.expected}`;
}

/** Checks `input`; throws {@link InputError} naming every wrong place. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, source: string): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InputError(source, toInputIssues(parsed.error.issues, input));
}

export function formatPath(at: readonly PropertyKey[]): string {
  let text = '';
  for (const piece of at) {
    if (typeof piece === 'number') text += `[${piece}]`;
    else text += text === '' ? String(piece) : `.${String(piece)}`;
  }
  return text;
}

/** A value as an error message shows it: short, on one line. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Adds a cross-field mistake inside `superRefine`, in the same found/expected shape as every other. */
export function addIssue(
  context: { addIssue(issue: { code: 'custom'; path: PropertyKey[]; message: string; params: object }): void },
  path: (string | number)[],
  found: string,
  expected: string,
): void {
  context.addIssue({
    code: 'custom',
    path,
    message: `found ${found}, expected ${expected}`,
    params: { found, expected },
  });
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function toInputIssues(issues: readonly z.core.$ZodIssue[], root: unknown, prefix: PropertyKey[] = []): InputIssue[] {
  return issues.flatMap((issue) => toInputIssue(issue, root, prefix));
}

function toInputIssue(issue: z.core.$ZodIssue, root: unknown, prefix: PropertyKey[]): InputIssue[] {
  const at = [...prefix, ...issue.path];
  const value = valueAt(root, at);
  const make = (found: string, expected: string, where: PropertyKey[] = at): InputIssue => ({
    path: formatPath(where),
    at: where.map((piece) => (typeof piece === 'number' ? piece : String(piece))),
    found,
    expected,
  });
  switch (issue.code) {
    case 'invalid_type':
      return [make(showValue(value), articled(issue.expected))];
    case 'invalid_value':
      return [make(showValue(value), oneOf(issue.values.map((allowed) => showValue(allowed))))];
    case 'unrecognized_keys':
      return issue.keys.map((key) => make(`unknown key ${JSON.stringify(key)}`, knownKeysHint(issue), [...at, key]));
    case 'too_small':
      return [
        make(
          measured(issue.origin, value),
          `${quantity(issue.origin)}${issue.exact ? 'exactly' : issue.inclusive === false ? '>' : '>='} ${issue.minimum}`,
        ),
      ];
    case 'too_big':
      return [
        make(
          measured(issue.origin, value),
          `${quantity(issue.origin)}${issue.exact ? 'exactly' : issue.inclusive === false ? '<' : '<='} ${issue.maximum}`,
        ),
      ];
    case 'invalid_union':
      return closestBranch(issue, root, at, value, make);
    case 'custom': {
      const params = issue.params as { found?: string; expected?: string } | undefined;
      return [make(params?.found ?? showValue(value), params?.expected ?? issue.message)];
    }
    default:
      return [make(showValue(value), issue.message)];
  }
}

/** Of a union's alternatives, reports the one that came furthest: the user most likely meant that one. */
function closestBranch(
  issue: z.core.$ZodIssueInvalidUnion,
  root: unknown,
  at: PropertyKey[],
  value: unknown,
  make: (found: string, expected: string) => InputIssue,
): InputIssue[] {
  if (issue.errors.length === 0) {
    // A discriminated union that knows no such discriminator.
    const options = (issue as { options?: unknown[] }).options ?? [];
    return [make(showValue(value), options.length > 0 ? oneOf(options.map(showValue)) : issue.message)];
  }
  const branches = issue.errors.map((errors) => ({
    issues: toInputIssues(errors, root, at),
    // An enumeration calls a list a wrong value, not a wrong type.
    wrongAtTheTop: errors.some(
      (error) =>
        error.path.length === 0 &&
        (error.code === 'invalid_type' || (error.code === 'invalid_value' && typeof value === 'object')),
    ),
  }));
  const entered = branches.filter((branch) => !branch.wrongAtTheTop);
  const best = entered[0];
  if (best !== undefined) return best.issues;
  const expected = [...new Set(branches.flatMap((branch) => branch.issues.map((inner) => inner.expected)))];
  return [make(showValue(value), expected.join(' or '))];
}

function valueAt(root: unknown, at: readonly PropertyKey[]): unknown {
  let value = root;
  for (const piece of at) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[piece];
  }
  return value;
}

function articled(expected: string): string {
  if (expected === 'int') return 'a whole number';
  if (expected === 'array') return 'a list';
  if (expected === 'record') return 'an object';
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function oneOf(values: string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`;
}

function measured(origin: string, value: unknown): string {
  if (origin === 'string' && typeof value === 'string') return `${value.length} characters`;
  if (origin === 'array' && Array.isArray(value)) return `${value.length} entries`;
  return showValue(value);
}

function quantity(origin: string): string {
  if (origin === 'string') return 'a length ';
  if (origin === 'array') return 'a number of entries ';
  return 'a value ';
}

/** Zod does not say which keys it knows: `strictObject` puts them into the issue's message. */
function knownKeysHint(issue: z.core.$ZodIssueUnrecognizedKeys): string {
  return issue.message.startsWith('known keys:')
    ? `one of ${issue.message.slice('known keys:'.length).trim()}`
    : 'no such key';
}
