/** Streams of Redis commands, right and wrong, and what the model says to them. */
import fc from 'fast-check';
import { sameRedisReply, type RedisModel } from '../../libs/duvisor/src/loadgen/models/redis.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  commandText,
  inlineText,
  RespReplyParser,
  type RespValue,
} from '../../libs/duvisor/src/loadgen/protocols/resp.js';
import { byteString } from './segments.testkit.js';

export type Words = readonly string[];

const anyKey = fc.constantFrom('s', 't', 'h', 'i', 'l', 'm', 'u', 'v', 'none');
/** Mostly a key of the right type. */
const keyOf = (...names: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: anyKey });
const [text, hash, list, set] = [keyOf('s', 't'), keyOf('h', 'i'), keyOf('l', 'm'), keyOf('u', 'v', 'w')];

const integer = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) },
  fc.constantFrom(
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
    '01',
    '+1',
    ' 1',
    '-0',
    '1x',
    '',
  ),
);
const word = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', '7', '') },
  { weight: 2, arbitrary: integer },
  byteString(40),
);
/** Never over while the test runs, or over at once. */
const time = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('1000000', '2000000', '0', '-1') },
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854776', 'x'),
);
const some = (item: fc.Arbitrary<string>, minLength = 1): fc.Arbitrary<string[]> =>
  fc.array(item, { minLength, maxLength: 5 });
const c = (...parts: (string | fc.Arbitrary<string | string[]>)[]): fc.Arbitrary<Words> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((words) => words.flat());
const setOptions = fc.array(
  fc.oneof(
    fc.constantFrom(['NX'], ['xx'], ['GET'], ['KeepTTL'], ['bogus'], ['EX']),
    fc.tuple(fc.constantFrom('EX', 'px'), time),
    // Not in the past: redis-server goes on counting such a key until it meets it.
    fc.tuple(fc.constantFrom('exat', 'PXAT'), fc.constantFrom('4102444800000', '0', '-1', 'x')),
  ),
  { maxLength: 2 },
);
const pattern = fc.constantFrom('*', '?', '[s-u]', '[^s-u]', 'n*e', '\\s', '[h', '**n', 's\\', '');

const commands: Record<string, fc.Arbitrary<Words>> = {
  set: fc
    .tuple(c('SET', text, word), fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, setOptions))
    .map(([words, options]) => [...words, ...options.flat()]),
  getset: c('getset', text, word),
  get: c('GET', text),
  strings: fc.oneof(
    c('setnx', text, word),
    c('append', text, word),
    c('strlen', text),
    c('mget', some(text)),
    c('mset', some(word, 2)),
  ),
  counting: fc.oneof(c('incr', text), c('decr', text), c('incrby', text, integer), c('decrby', text, integer)),
  keys: fc.oneof(
    c('del', some(anyKey)),
    c('exists', some(anyKey)),
    c('type', anyKey),
    c('keys', pattern),
    c('dbsize'),
    c('flushall'),
  ),
  expiry: fc.oneof(
    c('expire', anyKey, time, fc.array(fc.constantFrom('nx', 'XX', 'gt', 'LT', 'y'), { maxLength: 2 })),
    c('pexpire', anyKey, time),
    c('ttl', anyKey),
    c('pttl', anyKey),
    c('persist', anyKey),
  ),
  hset: c('hset', hash, some(word, 2)),
  hashes: fc.oneof(
    c('hget', hash, word),
    c('hmget', hash, some(word)),
    c('hdel', hash, some(word)),
    c('hlen', hash),
    c('hexists', hash, word),
  ),
  wholeHashes: fc.oneof(c('hgetall', hash), c('hkeys', hash), c('hvals', hash), c('hincrby', hash, word, integer)),
  push: fc.oneof(c('lpush', list, some(word)), c('rpush', list, some(word))),
  pop: fc.oneof(c('lpop', list), c('rpop', list), c('lpop', list, integer), c('rpop', list, integer)),
  lists: fc.oneof(
    c('lrange', list, integer, integer),
    c('ltrim', list, integer, integer),
    c('lrem', list, integer, word),
  ),
  places: fc.oneof(c('llen', list), c('lindex', list, integer), c('lset', list, integer, word)),
  sadd: c('sadd', set, some(word)),
  sets: fc.oneof(c('srem', set, some(word)), c('smembers', set), c('sismember', set, word), c('scard', set)),
  setAlgebra: fc.oneof(c('sinter', some(set)), c('sunion', some(set)), c('sdiff', some(set))),
  server: fc.oneof(
    c('ping'),
    c('PING', word),
    c('echo', word),
    c('select', integer),
    c('info'),
    c('command', 'count'),
    c('flushdb', 'ASYNC'),
    c('flushall', 'x'),
  ),
  wrong: fc.oneof(
    c(some(word)),
    c('get'),
    c('get', word, word),
    c('hset', hash, word, word, word),
    c('mset', 'a', 'b', 'c'),
    c('lpop', list, '1', '1'),
    c('ping', 'a', 'b'),
    c('nosuch', some(byteString(70), 0)),
  ),
};
/** Redis itself takes any member. */
export const spop = fc.oneof(c('spop', set), c('spop', set, integer), c('spop', set, '1', '1'));

export const anyCommand = (...more: fc.Arbitrary<Words>[]): fc.Arbitrary<Words> =>
  fc.oneof(...Object.values(commands), ...more);
const printable = (words: Words): boolean => words.length > 0 && words[0] !== '';

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))?.slice(0, 300) ??
  'nothing';

/** The first reply that is not the model's, told with what was sent before. */
function firstDifference(list: readonly Words[], model: RedisModel, replies: readonly RespValue[]): string | undefined {
  for (const [index, words] of list.entries()) {
    const expected = model.execute(words);
    const actual = replies[index];
    if (actual === undefined || !sameRedisReply(words, expected, actual, { slackMs: 30_000 }))
      return `found ${show(actual)}, expected ${show(expected)} after\n${list
        .slice(0, index + 1)
        .map(show)
        .join('\n')}`;
  }
  return replies.length === list.length ? undefined : `found ${replies.length} replies, expected ${list.length}`;
}

export interface RedisStream {
  readonly list: readonly Words[];
  /** As sent: each command as an array or inline. */
  readonly text: string;
}

/** Begins with an empty database. */
export const redisStream = (command: fc.Arbitrary<Words>, maxLength = 60): fc.Arbitrary<RedisStream> =>
  fc
    .array(fc.tuple(command.filter(printable), fc.boolean()), { minLength: 1, maxLength, size: 'max' })
    .map((sent) => [[['flushall'], false] as const, ...sent])
    .map((sent) => ({
      list: sent.map(([words]) => words),
      text: sent.map(([words, inline]) => (inline ? inlineText(words) : commandText(words))).join(''),
    }));

/** Why `received` is not what the model answers; undefined when it is. */
export const redisDifference = ({ list }: RedisStream, model: RedisModel, received: string): string | undefined =>
  firstDifference(list, model, new RespReplyParser().push(toBytes(received)));
