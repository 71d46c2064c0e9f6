/**
 * The Redis-like service against the model: any commands, right or wrong, in any segments. Where a real redis-server is
 * installed (CI does so), the model itself is held against it.
 */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisModel, sameRedisReply } from '../../libs/duvisor/src/loadgen/models/redis.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  commandText,
  inlineText,
  RespReplyParser,
  type RespValue,
} from '../../libs/duvisor/src/loadgen/protocols/resp.js';
import {
  byteString,
  cuts,
  emulatorInstalled,
  startReference,
  startService,
  type RunningService,
} from './service.testkit.js';

type Words = readonly string[];

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
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775', 'x'),
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
const spop = fc.oneof(c('spop', set), c('spop', set, integer), c('spop', set, '1', '1'));

const anyCommand = (...more: fc.Arbitrary<Words>[]): fc.Arbitrary<Words> =>
  fc.oneof(...Object.values(commands), ...more);
const printable = (words: Words): boolean => words.length > 0 && words[0] !== '';

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))?.slice(0, 300) ??
  'nothing';

/** The first reply that is not the model's, told with what was sent before. */
function difference(list: readonly Words[], model: RedisModel, replies: readonly RespValue[]): string | undefined {
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

async function checkCommands(service: RunningService, command: fc.Arbitrary<Words>, numRuns: number): Promise<void> {
  const sent = fc.array(fc.tuple(command.filter(printable), fc.boolean()), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(sent, cuts, async (list, at) => {
      const all: [Words, boolean][] = [[['flushall'], false], ...list];
      const stream = all.map(([words, inline]) => (inline ? inlineText(words) : commandText(words))).join('');
      const replies = new RespReplyParser().push(toBytes(await service.conversation(stream, at)));
      expect(difference(all.map(([words]) => words), new RedisModel(Date.now), replies)).toBeUndefined(); // prettier-ignore
    }),
    { numRuns },
  );
}

describe.runIf(emulatorInstalled)('Redis service', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService('redis', '-m', '32');
  });
  afterAll(() => service.stop());

  it('answers any commands in any segments as the model does', () => checkCommands(service, anyCommand(spop), 200));

  it('answers any bytes alike, whatever the segments, and lives on', async () => {
    const piece = fc.constantFrom(
      '*',
      '$',
      '1',
      '2',
      '3',
      '-1',
      '\r\n',
      '\r',
      '\n',
      'get',
      'a',
      ' ',
      '"',
      "'",
      '\\x41',
      '\0',
      'ping',
      '*1\r\n$4\r\nping\r\n',
    );
    const noise = fc.oneof(
      byteString(80),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    await fc.assert(
      fc.asyncProperty(noise, cuts, async (bytes, at) => {
        const whole = await service.conversation(`flushall\r\n${bytes}`);
        expect(await service.conversation(`flushall\r\n${bytes}`, at)).toBe(whole);
      }),
      { numRuns: 200 },
    );
    expect(await service.conversation('ping\r\n')).toBe('+PONG\r\n');
  });

  it.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*1\r\nPING\r\n', "expected '$', got 'P'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$1048577\r\n', 'invalid bulk length'],
    ['echo "a\r\n', 'unbalanced quotes in request'],
    ['echo "a"b\r\n', 'unbalanced quotes in request'],
    ['x'.repeat(70_000), 'too big inline request'],
    [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
  ])('refuses a request: case %#', async (bytes, what) => {
    const channel = await service.open();
    await channel.send([toBytes(bytes)]);
    expect(await channel.rest()).toBe(`-ERR Protocol error: ${what}\r\n`);
  });

  it('says OK to QUIT and closes', async () => {
    expect(await service.conversation('ping\r\nquit\r\nping\r\n')).toBe('+PONG\r\n+OK\r\n');
  });

  it('holds many keys while its tables grow and shrink', async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `key:${index}`);
    const ask = async (list: readonly Words[]): Promise<RespValue[]> =>
      new RespReplyParser().push(toBytes(await service.conversation(list.map(commandText).join(''))));
    const sets = await ask([['flushall'], ...names.map((name): Words => ['set', name, name])]);
    expect(sets).toHaveLength(20_001);
    const read = await ask(names.map((name): Words => ['get', name]));
    expect(read.every((reply, index) => reply.kind === 'bulk' && reply.value === names[index])).toBe(true);
    const odd = names.filter((_, index) => index % 10 !== 0);
    await ask(odd.map((name): Words => ['del', name]));
    const [size, all] = await ask([['dbsize'], ['keys', 'key:*']]);
    expect(size).toEqual({ kind: 'integer', value: 2000n });
    expect(all?.kind === 'array' && all.items?.length).toBe(2000);
  });

  it('deletes keys when their time is over, read or not', async () => {
    const channel = await service.open();
    const parser = new RespReplyParser();
    const ask = async (words: Words): Promise<RespValue | undefined> => {
      await channel.send([toBytes(commandText(words))]);
      return (await channel.replies(parser, 1))[0];
    };
    await ask(['flushall']);
    for (let index = 0; index < 200; index++) await ask(['set', `k${index}`, 'v', 'px', String(1 + (index % 7) * 10)]);
    await ask(['set', 'past', 'v', 'pxat', '1']);
    await ask(['set', 'stays', 'v']);
    // INFO does not delete anything itself.
    for (;;) {
      const reply = await ask(['info', 'keyspace']);
      if (reply?.kind === 'bulk' && reply.value?.includes('keys:1\r\n')) break;
    }
    expect(await ask(['exists', 'k1', 'k2', 'stays'])).toEqual({ kind: 'integer', value: 1n });
    channel.close();
  });

  it('takes a value of 1 MiB, appends no further, and answers a slow reader completely', async () => {
    const large = 'x'.repeat(1 << 20);
    const stream = [['set', 'big', large], ['append', 'big', 'y'], ...Array.from({ length: 8 }, () => ['get', 'big'])];
    const replies = new RespReplyParser().push(toBytes(await service.conversation(stream.map(commandText).join(''))));
    expect(replies.slice(0, 2)).toEqual([
      { kind: 'status', text: 'OK' },
      { kind: 'error', text: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)' },
    ]);
    expect(replies.slice(2).filter((reply) => reply.kind === 'bulk' && reply.value === large)).toHaveLength(8);
  });
});

describe.runIf(emulatorInstalled)('Redis service with little memory', () => {
  it('refuses what needs memory, takes what frees it, and drops a client whose replies pile up', async () => {
    const service = await startService('redis', '-m', '4');
    const fill = Array.from({ length: 12 }, (_, index) => commandText(['set', `k${index}`, 'x'.repeat(500_000)])).join(
      '',
    );
    const reply = await service.conversation(fill);
    expect(reply).toContain("-OOM command not allowed when used memory > 'maxmemory'.");
    expect(await service.conversation(commandText(['mget', ...Array<string>(40).fill('k1')]))).not.toContain('k2');
    expect(await service.conversation('del k0 k1 k2 k3 k4 k5 k6 k7 k8 k9\r\nset k v\r\n')).toMatch(
      /^:\d+\r\n\+OK\r\n$/,
    );
    await service.stop();
  });
});

const serverInstalled = spawnSync('redis-server', ['--version']).status === 0;
describe.runIf(serverInstalled)('the model', () => {
  it("answers as Debian's redis-server does", async () => {
    const server = await startReference('redis-server', (port, host) =>
      ['--port', port, '--bind', host, '--save', '', '--appendonly', 'no', '--databases', '1', '--proto-max-bulk-len', '1048576'],
    ); // prettier-ignore
    await checkCommands(server, anyCommand(), 200);
    await server.stop();
  });
});
