/** The memcached-like service against the model: any commands, right or wrong, in any segments, by TCP and by UDP. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemcachedModel, sameMemcachedReply } from '../../libs/duvisor/src/loadgen/models/memcached.js';
import { fromBytes, toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  frameUdp,
  MemcachedReplyParser,
  requestText,
  storageVerbs,
  UdpReplyAssembler,
  type MemcachedReply,
  type MemcachedRequest,
} from '../../libs/duvisor/src/loadgen/protocols/memcached.js';
import {
  byteString,
  cuts,
  emulatorInstalled,
  runService,
  startService,
  type RunningService,
} from './service.testkit.js';

const seconds = (): number => Math.floor(Date.now() / 1000);

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

const request: fc.Arbitrary<MemcachedRequest> = fc.oneof(
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

type Step = { request: MemcachedRequest } | { invalid: (typeof invalid)[number] };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ request }) },
  { weight: 1, arbitrary: fc.record({ invalid: fc.constantFrom(...invalid) }) },
);

const tooMuch = 'v'.repeat((1 << 20) + 1);
const textOf = (each: Step): string =>
  'request' in each ? requestText(each.request) : each.invalid[0].replace('<too much>', tooMuch);

/** What the model answers to the steps. */
function expectedOf(model: MemcachedModel, steps: readonly Step[]): MemcachedReply[] {
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
const predictable = (each: Step): boolean =>
  !(
    'request' in each &&
    'value' in each.request &&
    each.request.key.length > 250 &&
    !/^[0-9x+ ]*$/.test(each.request.value)
  );

function explain(
  steps: readonly Step[],
  expected: readonly MemcachedReply[],
  actual: readonly MemcachedReply[],
): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))?.slice(0, 200) ??
    'nothing';
  const at = expected.findIndex(
    (each, index) => actual[index] === undefined || !sameMemcachedReply(each, actual[index]),
  );
  const sent = steps.map((each) => JSON.stringify(textOf(each).slice(0, 120))).join('\n');
  return `reply ${at}: found ${show(actual[at])}, expected ${show(expected[at])} after\n${sent}`;
}

describe.runIf(emulatorInstalled)('memcached service', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService('memcached', '-m', '64');
  });
  afterAll(() => service.stop());

  /** An empty cache and a model that knows the last CAS unique. */
  async function freshModel(): Promise<MemcachedModel> {
    const reply = await service.conversation('flush_all\r\nset x 0 0 0\r\n\r\ngets x\r\ndelete x\r\n');
    return new MemcachedModel(seconds, BigInt(/VALUE x 0 0 (\d+)/.exec(reply)![1]!));
  }

  it('answers any commands in any segments as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step.filter(predictable), { maxLength: 40, size: 'max' }), cuts, async (steps, at) => {
        const expected = expectedOf(await freshModel(), steps);
        const text = await service.conversation(steps.map(textOf).join(''), at);
        const actual = new MemcachedReplyParser().push(toBytes(text));
        const same = expected.every((each, index) => actual[index] && sameMemcachedReply(each, actual[index]));
        expect(same && actual.length === expected.length, explain(steps, expected, actual)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('answers any bytes alike, whatever the segments, and lives on', async () => {
    const word = fc.constantFrom(
      'set',
      'get',
      'a',
      'b',
      '0',
      '1',
      '5',
      '-1',
      ' ',
      '\r\n',
      '\n',
      'incr',
      'noreply',
      '\0',
      'cas',
      'x\r',
      'touch',
    );
    const noise = fc.oneof(
      byteString(80),
      fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(noise, cuts, async (text, at) => {
        await service.conversation('flush_all\r\n');
        const whole = await service.conversation(text);
        await service.conversation('flush_all\r\n');
        expect(await service.conversation(text, at)).toBe(whole);
      }),
      { numRuns: 150 },
    );
    expect(await service.conversation('get nothing\r\n')).toBe('END\r\n');
  });

  it('holds a value of 1 MiB, and refuses a longer one without keeping the old', async () => {
    const large = 'x'.repeat(1 << 20);
    const store = (length: number): string => `set big 0 0 ${length}\r\n${large.padEnd(length, 'x')}\r\n`;
    expect(await service.conversation(store(1 << 20))).toBe('STORED\r\n');
    const twice = `${`VALUE big 0 ${1 << 20}\r\n${large}\r\n`.repeat(2)}END\r\nVERSION 1.0-duvisor\r\n`;
    // Not toBe: a difference would be printed.
    expect((await service.conversation('get big big\r\nversion\r\n')) === twice).toBe(true);
    expect(await service.conversation('append big 0 0 1\r\nx\r\n')).toBe('SERVER_ERROR object too large for cache\r\n');
    expect(await service.conversation(`${store((1 << 20) + 1)}get big\r\n`)).toBe(
      'SERVER_ERROR object too large for cache\r\nEND\r\n',
    );
  });

  it('takes more requests than a slow reader fetches, without losing one', async () => {
    const value = 'v'.repeat(100_000);
    await service.conversation(`set slow 0 0 ${value.length}\r\n${value}\r\n`);
    const channel = await service.open();
    await channel.send([toBytes('get slow\r\n'.repeat(100))]);
    const replies = await channel.replies(new MemcachedReplyParser(), 100);
    expect(replies.every((reply) => reply.kind === 'values' && reply.values[0]?.value === value)).toBe(true);
    channel.close();
  });

  it('closes a connection whose line does not end, and one that says quit', async () => {
    const channel = await service.open();
    await channel.send([toBytes('get '.padEnd(20_000, 'k'))]);
    expect(await channel.rest()).toBe('CLIENT_ERROR line too long\r\n');
    expect(await service.conversation('version\r\nquit\r\nversion\r\n')).toBe('VERSION 1.0-duvisor\r\n');
  });

  it('lets an item go when its time is over', async () => {
    const channel = await service.open();
    const parser = new MemcachedReplyParser();
    const ask = async (text: string): Promise<MemcachedReply | undefined> => {
      await channel.send([toBytes(text)]);
      return (await channel.replies(parser, 1))[0];
    };
    await ask('set short 0 1 1\r\nv\r\n');
    for (;;) {
      const reply = await ask('get short\r\n');
      if (reply?.kind === 'values' && reply.values.length === 0) break;
    }
    channel.close();
  });

  it('counts what it does', async () => {
    const before = 'stats reset\r\nflush_all\r\nset s 0 0 1\r\nv\r\nget s t\r\ndelete s\r\ndelete s\r\n';
    const text = await service.conversation(`${before}stats\r\nstats slabs\r\nstats items\r\n`);
    const stats = new Map([...text.matchAll(/STAT (\S+) (\S+)/g)].map(([, name, value]) => [name, value]));
    for (const [name, value] of [
      ['cmd_get', '2'],
      ['get_hits', '1'],
      ['get_misses', '1'],
      ['cmd_set', '1'],
    ] as const)
      // prettier-ignore
      expect(stats.get(name), name).toBe(value);
    for (const [name, value] of [
      ['delete_hits', '1'],
      ['delete_misses', '1'],
      ['threads', '1'],
      ['1:chunk_size', '96'],
    ] as const)
      // prettier-ignore
      expect(stats.get(name), name).toBe(value);
  });

  describe('by UDP', () => {
    async function exchange(...datagrams: Uint8Array[]): Promise<string> {
      const socket = createSocket('udp4');
      const assembler = new UdpReplyAssembler();
      try {
        for (const datagram of datagrams) socket.send(datagram, service.port, '127.0.0.1');
        for (;;) {
          const [message] = (await once(socket, 'message')) as [Buffer];
          const reply = assembler.push(new Uint8Array(message));
          if (reply !== undefined) return `${reply.requestId} ${fromBytes(reply.payload)}`;
        }
      } finally {
        socket.close();
      }
    }

    it('stores and gets, a long value in several datagrams', async () => {
      const value = 'u'.repeat(20_000);
      expect(await exchange(frameUdp(7, toBytes(`set udp 3 0 ${value.length}\r\n${value}\r\n`)))).toBe('7 STORED\r\n');
      expect(await exchange(frameUdp(65_535, toBytes('get udp none\r\n')))).toBe(
        `65535 VALUE udp 3 ${value.length}\r\n${value}\r\nEND\r\n`,
      );
    });

    it('refuses a request of several datagrams and a value that is cut off; drops what has no header', async () => {
      const several = frameUdp(1, toBytes('version\r\n'));
      several[5] = 2;
      expect(await exchange(toBytes('short'), several)).toBe('1 SERVER_ERROR multi-packet request not supported\r\n');
      expect(await exchange(frameUdp(2, toBytes('set cut 0 0 10\r\nabc')))).toBe('2 CLIENT_ERROR bad data chunk\r\n');
      expect(await exchange(frameUdp(3, toBytes('get cut\r\n')))).toBe('3 END\r\n');
    });

    it('answers like TCP', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 5 }), async (requests) => {
          const steps = requests.map((each) => ({ request: each })).filter(predictable);
          const text = `${steps.map(textOf).join('').slice(0, 50_000)}version\r\n`;
          await service.conversation('flush_all\r\n');
          const byTcp = await service.conversation(text.replaceAll('gets', 'get'));
          await service.conversation('flush_all\r\n');
          const byUdp = await exchange(frameUdp(9, toBytes(text.replaceAll('gets', 'get'))));
          const clean = (reply: string): string => reply.replace(/STAT .*\r\n/g, '');
          expect(clean(byUdp.slice(2))).toBe(clean(byTcp));
        }),
        { numRuns: 40 },
      );
    });
  });
});

describe.runIf(emulatorInstalled)('memcached service with little memory', () => {
  it('evicts what was not used for longest, and never answers with another value', async () => {
    const service = await startService('memcached', '-m', '4');
    const length = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 20_000 }), fc.constantFrom(5000, 300_000));
    const stores = fc.array(fc.tuple(fc.nat({ max: 99 }), length), { minLength: 60, maxLength: 100, size: 'max' });
    await fc.assert(
      fc.asyncProperty(stores, async (list) => {
        const model = new MemcachedModel(seconds);
        await service.conversation('flush_all\r\n');
        const requests = list.flatMap(([number, bytes], index): MemcachedRequest[] => [
          { verb: 'set', key: `k${number}`, flags: index, exptime: 0, value: String(index).padEnd(bytes, '.') },
          { verb: 'get', keys: [`k${number}`, `k${(number * 7) % 100}`] },
        ]);
        const channel = await service.open();
        await channel.send(requests.map((each) => toBytes(requestText(each))));
        const replies = await channel.replies(new MemcachedReplyParser(), requests.length);
        channel.close();
        requests.forEach((each, index) => {
          const expected = model.execute(each)!;
          expect(sameMemcachedReply(expected, replies[index]!, { mayEvict: true })).toBe(true);
          // What was stored last is there.
          if (each.verb === 'get') expect(JSON.stringify(replies[index])).toContain(`"key":"${each.keys[0]}"`);
        });
      }),
      { numRuns: 5 },
    );
    const stats = await service.conversation('stats\r\n');
    expect(Number(/evictions (\d+)/.exec(stats)![1])).toBeGreaterThan(0);
    await service.stop();
  });

  it('keeps what is read again and again', async () => {
    const service = await startService('memcached', '-m', '2');
    const value = 'v'.repeat(1000);
    const set = (name: string): string => `set ${name} 0 0 1000 noreply\r\n${value}\r\n`;
    let text = set('hot');
    for (let index = 0; index < 5000; index++)
      text += `${set(`cold${index}`)}${index % 500 === 0 ? 'get hot\r\n' : ''}`;
    const reply = await service.conversation(`${text}get hot cold0 cold4999\r\n`);
    expect(reply.match(/VALUE hot/g)).toHaveLength(11);
    expect(reply.match(/VALUE cold\d+/g)).toEqual(['VALUE cold4999']);
    await service.stop();
  });
});

describe.runIf(emulatorInstalled)('command line of a service', () => {
  it.each([
    [['-x', '1'], '-x: unknown option'],
    [['-p'], '-p: expected a value'],
    [['-p', '0'], '-p: found "0", expected a number from 1 to 65535'],
    [['-l', '1.2.3.256'], '-l: found "1.2.3.256", expected an IPv4 address'],
  ])('%j ends with code 2', (options, message) => {
    expect(runService('memcached', ...options)).toEqual({ status: 2, stderr: `${message}\n` });
  });
});
