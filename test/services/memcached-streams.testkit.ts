/** Streams of memcached commands, right and wrong, and what the model says to them. */
import fc from 'fast-check';
import { sameMemcachedReply, type MemcachedModel } from '../../libs/duvisor/src/loadgen/models/memcached.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  MemcachedReplyParser,
  requestText,
  storageVerbs,
  type MemcachedReply,
  type MemcachedRequest,
} from '../../libs/duvisor/src/loadgen/protocols/memcached.js';
import { byteString } from './segments.testkit.js';

const key = fc.constantFrom('a', 'b', 'c', 'key:4', 'k'.repeat(250), '\x01\xff', 'k'.repeat(251));
const value = fc.oneof(
  { weight: 6, arbitrary: byteString(60) },
  { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: (1n << 64n) + 5n }).map(String) },
  fc.constantFrom('', ' 7', '+8 x', '9x', '\r\n', 'END\r\n', '00012'),
  byteString(40_000),
);
const noreply = fc.boolean();
/** Never ends on a second that may pass meanwhile. */
const exptime = fc.constantFrom(0, 0, 0, 1000, -1, 2_592_000, 2_592_001, 2_000_000_000, 4_000);
const unique = fc.oneof(fc.bigInt({ min: 0n, max: 60n }), fc.constant((1n << 64n) - 1n));
const storage = { key, flags: fc.constantFrom(0, 1, 0xffff_ffff), exptime, value, noreply };

export const memcachedRequest: fc.Arbitrary<MemcachedRequest> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constantFrom(...storageVerbs), ...storage }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('cas' as const), unique, ...storage }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constantFrom('get', 'gets'), keys: fc.array(key, { maxLength: 9 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constantFrom('incr', 'decr'),
      key,
      delta: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      noreply,
    }),
  },
  fc.record({ verb: fc.constant('delete' as const), key, noreply }),
  fc.record({ verb: fc.constant('touch' as const), key, exptime, noreply }),
  fc.record(
    { verb: fc.constant('flush_all' as const), delay: fc.constantFrom(0, 5000), noreply },
    { requiredKeys: ['verb', 'noreply'] },
  ),
  fc.record({ verb: fc.constant('verbosity' as const), level: fc.nat(), noreply }),
  fc.record({ verb: fc.constant('version' as const) }),
  fc.record({ verb: fc.constant('stats' as const), about: fc.constant('reset') }, { requiredKeys: ['verb'] }),
);

const badLine = 'CLIENT_ERROR bad command line format';
const badChunk = 'CLIENT_ERROR bad data chunk';
/** What no client should send, and the lines that answer it. */
const invalid: readonly (readonly [text: string, ...replies: string[]])[] = [
  ['\r\n', 'ERROR'],
  ['   \n', 'ERROR'],
  ['GET a\r\n', 'ERROR'],
  ['get\r\n', 'ERROR'],
  ['gett a\r\n', 'ERROR'],
  ['set a 0 0\r\n', 'ERROR'],
  ['set a 0 0 1 noreply extra\r\n', 'ERROR'],
  ['set a x 0 1\r\n', badLine],
  ['set a 4294967296 0 1\r\n', badLine],
  ['set a 0 2147483648 1\r\n', badLine],
  ['set a 0 0 99999999999999999999 noreply\r\n', badLine],
  ['set a 0 0 -1\r\n', badLine],
  ['set a 0 0 3\r\nabcde', badChunk],
  ['set a 0 0 3 noreply\r\nabcdeversion x\r\n', badChunk, 'ERROR'],
  ['cas a 0 0 1\r\n', 'ERROR'],
  ['cas a 0 0 1 x\r\n', badLine],
  ['set a 0 0 1048577\r\n<too much>\r\n', 'SERVER_ERROR object too large for cache'],
  ['incr a\r\n', 'ERROR'],
  ['incr a -1\r\n', 'CLIENT_ERROR invalid numeric delta argument'],
  ['incr a 18446744073709551616\r\n', 'CLIENT_ERROR invalid numeric delta argument'],
  ['touch a x\r\n', 'CLIENT_ERROR invalid exptime argument'],
  ['delete a 1\r\n', `${badLine}.  Usage: delete <key> [noreply]`],
  ['flush_all x\r\n', 'CLIENT_ERROR invalid exptime argument'],
  ['verbosity\r\n', 'ERROR'],
  ['stats nothing\r\n', 'ERROR'],
  ['\x80\x01\x00\r\n', 'ERROR'],
];

export type MemcachedStep = { request: MemcachedRequest } | { invalid: (typeof invalid)[number] };
const step: fc.Arbitrary<MemcachedStep> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ request: memcachedRequest }) },
  { weight: 1, arbitrary: fc.record({ invalid: fc.constantFrom(...invalid) }) },
);

const tooMuch = 'v'.repeat((1 << 20) + 1);
/** What goes over the wire. */
export const memcachedText = (each: MemcachedStep): string =>
  'request' in each ? requestText(each.request) : each.invalid[0].replace('<too much>', tooMuch);

/** What the model answers to the steps. */
function expectedOf(model: MemcachedModel, steps: readonly MemcachedStep[]): MemcachedReply[] {
  return steps.flatMap((each) => {
    if ('invalid' in each) {
      const [text, ...replies] = each.invalid;
      if (text.includes('<too much>')) model.execute({ verb: 'delete', key: 'a' });
      return replies.map((line): MemcachedReply => ({ kind: 'line', line }));
    }
    const reply = model.execute(each.request);
    const lost =
      each.request.verb !== 'get' &&
      each.request.verb !== 'gets' &&
      'key' in each.request &&
      each.request.key.length > 250;
    // A storage command whose line is refused: its value is read as a command.
    if (lost && 'value' in each.request) return [reply!, { kind: 'line', line: 'ERROR' }];
    return reply === undefined ? [] : [reply];
  });
}

/** A value after a refused line is a command; only one that is certainly wrong is predictable. */
export const predictable = (each: MemcachedStep): boolean =>
  !(
    'request' in each &&
    'value' in each.request &&
    each.request.key.length > 250 &&
    !/^[0-9x+ ]*$/.test(each.request.value)
  );

function explain(
  steps: readonly MemcachedStep[],
  expected: readonly MemcachedReply[],
  actual: readonly MemcachedReply[],
): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))?.slice(0, 200) ??
    'nothing';
  const at = expected.findIndex(
    (each, index) => actual[index] === undefined || !sameMemcachedReply(each, actual[index]),
  );
  const sent = steps.map((each) => JSON.stringify(memcachedText(each).slice(0, 120))).join('\n');
  return `reply ${at}: found ${show(actual[at])}, expected ${show(expected[at])} after\n${sent}`;
}

/** Any stream whose replies are predictable. */
export const memcachedSteps = fc.array(step.filter(predictable), { maxLength: 40, size: 'max' });

/** Why `received` is not what the model answers to the steps; undefined when it is. */
export function memcachedDifference(
  steps: readonly MemcachedStep[],
  model: MemcachedModel,
  received: string,
): string | undefined {
  const expected = expectedOf(model, steps);
  const actual = new MemcachedReplyParser().push(toBytes(received));
  const same = expected.every((each, index) => actual[index] && sameMemcachedReply(each, actual[index]));
  return same && actual.length === expected.length ? undefined : explain(steps, expected, actual);
}
