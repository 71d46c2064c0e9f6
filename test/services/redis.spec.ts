/**
 * The Redis-like service against the model: any commands, right or wrong, in any segments. Where a real redis-server is
 * installed (CI does so), the model itself is held against it.
 */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisModel } from '../../libs/duvisor/src/loadgen/models/redis.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { commandText, RespReplyParser, type RespValue } from '../../libs/duvisor/src/loadgen/protocols/resp.js';
import { anyCommand, redisDifference, redisStream, spop, type Words } from './redis-streams.testkit.js';
import { byteString, cuts } from './segments.testkit.js';
import { emulatorInstalled, startReference, startService, type RunningService } from './service.testkit.js';

async function checkCommands(service: RunningService, command: fc.Arbitrary<Words>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(redisStream(command), cuts, async (stream, at) => {
      const received = await service.conversation(stream.text, at);
      expect(redisDifference(stream, new RedisModel(Date.now), received)).toBeUndefined();
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
