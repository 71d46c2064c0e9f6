import type { LoadSpec, Range } from './load-spec.js';

/** Longest value: what the services take. */
const MAX_VALUE = 1 << 20;
const MAX_CONNECTIONS = 256;

/** Throws RangeError naming the field, what it said and what was expected. */
export function checkLoad(spec: LoadSpec): void {
  whole('requests', spec.requests, 1, 1e9);
  whole('warmup', spec.warmup, 0, 1e9);
  whole('connections', spec.connections, 1, MAX_CONNECTIONS);
  whole('pipeline', spec.pipeline ?? 1, 1, 1000);
  if (spec.loop.kind === 'open' && !(spec.loop.ratePerSecond > 0))
    wrong('loop.ratePerSecond', spec.loop.ratePerSecond, 'a number above 0');
  if (spec.transport === 'udp' && (spec.service !== 'memcached' || (spec.pipeline ?? 1) !== 1))
    wrong('transport', 'udp', 'tcp, or memcached with pipeline 1');
  if (spec.service === 'nginx') {
    if (spec.files === undefined) wrong('files', 'none', 'the files on the disk');
    whole('files.count', spec.files.count, 1, 10_000);
    range('files.bytes', spec.files.bytes, 1, 64 << 20);
    return;
  }
  whole('keys', spec.keys, spec.connections, 1e6);
  range('valueBytes', spec.valueBytes, 0, MAX_VALUE);
  range('keyBytes', spec.keyBytes ?? { min: 16, max: 16 }, 8, 250);
  if (!(spec.getShare >= 0 && spec.getShare <= 1)) wrong('getShare', spec.getShare, 'a number from 0 to 1');
}

function wrong(field: string, found: unknown, expected: string): never {
  throw new RangeError(`load: ${field}: found ${String(found)}, expected ${expected}`);
}

function whole(field: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    wrong(field, value, `a whole number from ${min} to ${max}`);
}

function range(field: string, value: Range, min: number, max: number): void {
  whole(`${field}.min`, value.min, min, max);
  whole(`${field}.max`, value.max, value.min, max);
}
