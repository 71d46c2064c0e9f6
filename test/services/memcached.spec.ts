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
  UdpReplyAssembler,
  type MemcachedReply,
  type MemcachedRequest,
} from '../../libs/duvisor/src/loadgen/protocols/memcached.js';
import {
  memcachedDifference,
  memcachedRequest,
  memcachedSteps,
  memcachedText,
  predictable,
} from './memcached-streams.testkit.js';
import { byteString, cuts } from './segments.testkit.js';
import { emulatorInstalled, runService, startService, type RunningService } from './service.testkit.js';

const seconds = (): number => Math.floor(Date.now() / 1000);

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
      fc.asyncProperty(memcachedSteps, cuts, async (steps, at) => {
        const model = await freshModel();
        const text = await service.conversation(steps.map(memcachedText).join(''), at);
        expect(memcachedDifference(steps, model, text)).toBeUndefined();
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
        fc.asyncProperty(fc.array(memcachedRequest, { minLength: 1, maxLength: 5 }), async (requests) => {
          const steps = requests.map((each) => ({ request: each })).filter(predictable);
          const text = `${steps.map(memcachedText).join('').slice(0, 50_000)}version\r\n`;
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
