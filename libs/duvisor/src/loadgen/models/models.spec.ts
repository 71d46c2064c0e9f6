/** The models' less obvious answers, stated by hand. The services are compared with the models in test/services. */
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../protocols/http.js';
import type { MemcachedReply, MemcachedRequest } from '../protocols/memcached.js';
import { globMatches } from './glob.js';
import { decodePath, httpDate, parseHttpDate, StaticFilesModel } from './http.js';
import { MemcachedModel, sameMemcachedReply } from './memcached.js';
import { RedisModel, sameRedisReply } from './redis.js';

describe('memcached model', () => {
  const set = (key: string, value: string, exptime = 0): MemcachedRequest => ({
    verb: 'set',
    key,
    flags: 0,
    exptime,
    value,
  });
  const lineOf = (reply: MemcachedReply | undefined): string | undefined =>
    reply?.kind === 'line' ? reply.line : undefined;
  const valueOf = (model: MemcachedModel, key: string): string | undefined => {
    const reply = model.execute({ verb: 'get', keys: [key] });
    return reply?.kind === 'values' ? reply.values[0]?.value : undefined;
  };

  it('counts with 64 bits, and decr keeps the length', () => {
    const model = new MemcachedModel(() => 1000);
    model.execute(set('n', '18446744073709551615'));
    expect(lineOf(model.execute({ verb: 'incr', key: 'n', delta: 1n }))).toBe('0');
    model.execute(set('n', '10'));
    expect(lineOf(model.execute({ verb: 'decr', key: 'n', delta: 1n }))).toBe('9');
    expect(valueOf(model, 'n')).toBe('9 ');
    expect(lineOf(model.execute({ verb: 'decr', key: 'n', delta: 10n }))).toBe('0');
    model.execute(set('n', 'x1'));
    expect(lineOf(model.execute({ verb: 'incr', key: 'n', delta: 1n }))).toContain('non-numeric');
  });

  it('expires relative, absolute and negative times, and flushes later', () => {
    let now = 2_000_000_000;
    const model = new MemcachedModel(() => now);
    model.execute(set('relative', 'v', 10));
    model.execute(set('absolute', 'v', now + 20));
    model.execute(set('gone', 'v', -1));
    expect(model.size).toBe(2);
    now += 10;
    expect(valueOf(model, 'relative')).toBeUndefined();
    expect(lineOf(model.execute({ verb: 'touch', key: 'absolute', exptime: 100 }))).toBe('TOUCHED');
    model.execute({ verb: 'flush_all', delay: 5 });
    now += 4;
    expect(valueOf(model, 'absolute')).toBe('v');
    now += 1;
    expect(valueOf(model, 'absolute')).toBeUndefined();
  });

  it('compares with what eviction and other connections allow', () => {
    const hit: MemcachedReply = { kind: 'values', values: [{ key: 'a', flags: 0, value: 'v', unique: 1n }] };
    const other: MemcachedReply = { kind: 'values', values: [{ key: 'a', flags: 0, value: 'v', unique: 2n }] };
    const stale: MemcachedReply = { kind: 'values', values: [{ key: 'a', flags: 0, value: 'w', unique: 1n }] };
    const miss: MemcachedReply = { kind: 'values', values: [] };
    expect(sameMemcachedReply(hit, hit)).toBe(true);
    expect(sameMemcachedReply(hit, miss)).toBe(false);
    expect(sameMemcachedReply(hit, miss, { mayEvict: true })).toBe(true);
    expect(sameMemcachedReply(hit, other)).toBe(false);
    expect(sameMemcachedReply(hit, other, { anyUnique: true })).toBe(true);
    expect(sameMemcachedReply(hit, stale, { mayEvict: true, anyUnique: true })).toBe(false);
    expect(sameMemcachedReply(miss, hit, { mayEvict: true })).toBe(false);
  });
});

describe('Redis model', () => {
  it('forgets a key when its time is over', () => {
    let now = 0;
    const model = new RedisModel(() => now);
    model.execute(['SET', 'k', 'v', 'PX', '100']);
    now = 99;
    expect(model.execute(['PTTL', 'k'])).toEqual({ kind: 'integer', value: 1n });
    now = 100;
    expect(model.execute(['GET', 'k'])).toEqual({ kind: 'bulk', value: null });
    expect(model.execute(['DBSIZE'])).toEqual({ kind: 'integer', value: 0n });
  });

  it('compares sets in any order, lists in theirs, times within the slack', () => {
    const bulks = (...values: string[]) => ({
      kind: 'array' as const,
      items: values.map((value) => ({ kind: 'bulk' as const, value })),
    });
    const integer = (value: bigint) => ({ kind: 'integer' as const, value });
    expect(sameRedisReply(['smembers', 's'], bulks('a', 'b'), bulks('b', 'a'))).toBe(true);
    expect(sameRedisReply(['smembers', 's'], bulks('a', 'b'), bulks('a', 'a'))).toBe(false);
    expect(sameRedisReply(['lrange', 'l', '0', '-1'], bulks('a', 'b'), bulks('b', 'a'))).toBe(false);
    expect(sameRedisReply(['hgetall', 'h'], bulks('a', 'b', 'c', 'd'), bulks('c', 'd', 'a', 'b'))).toBe(true);
    expect(sameRedisReply(['hgetall', 'h'], bulks('a', 'b', 'c', 'd'), bulks('a', 'd', 'c', 'b'))).toBe(false);
    expect(sameRedisReply(['pttl', 'k'], integer(100n), integer(95n), { slackMs: 5 })).toBe(true);
    expect(sameRedisReply(['pttl', 'k'], integer(100n), integer(94n), { slackMs: 5 })).toBe(false);
    expect(sameRedisReply(['pttl', 'k'], integer(100n), integer(-1n), { slackMs: 500 })).toBe(false);
  });

  it.each([
    ['*', '', true],
    ['h?llo*', 'hallo world', true],
    ['h[^a-c]llo', 'hbllo', false],
    ['[z-a]', 'm', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a*b*c', 'a--b--b-c', true],
    ['a*b*c', 'a--b--b-', false],
    ['[ab', 'b', true],
  ])('pattern %s on "%s": %s', (pattern, text, fits) => {
    expect(globMatches(pattern, text)).toBe(fits);
  });
});

describe('static files model', () => {
  const modified = Date.UTC(2024, 1, 29, 12, 0, 5) / 1000;
  const model = new StaticFilesModel(
    new Map([
      ['/index.html', { body: '<p>', modified }],
      ['/docs/a b.txt', { body: '0123456789', modified }],
    ]),
  );
  const ask = (target: string, headers: [string, string][] = [], method = 'GET') => {
    const request: HttpRequest = { method, target, version: '1.1', headers: [['Host', 'x'], ...headers] };
    return model.execute(request);
  };

  it('finds files, folders and neither', () => {
    expect(ask('/')).toMatchObject({ status: 200, body: '<p>' });
    expect(ask('/docs/a%20b.txt?x#y')).toMatchObject({ status: 200, body: '0123456789' });
    expect(ask('/docs')).toMatchObject({ status: 301, headers: new Map([['location', '/docs/']]) });
    expect(ask('/docs/')).toMatchObject({ status: 403 });
    expect(ask('/docs/../../index.html')).toMatchObject({ status: 400 });
    expect(ask('/docs/a%20b.txt/')).toMatchObject({ status: 404 });
    expect(ask('/', [], 'PUT')).toMatchObject({ status: 405, keepAlive: true });
    expect(ask('/', [['Host', 'y']])).toMatchObject({ status: 400, keepAlive: false });
  });

  it('reads ranges as the RFC does', () => {
    const range = (value: string) => ask('/docs/a%20b.txt', [['Range', value]]);
    expect(range('bytes=2-4')).toMatchObject({ status: 206, ranges: [[2, 4]] });
    expect(range('bytes=-3, 0-0')).toMatchObject({ status: 206, ranges: [[7, 9], [0, 0]] }); // prettier-ignore
    expect(range('bytes=10-')).toMatchObject({ status: 416 });
    expect(range('bytes=4-2')).toMatchObject({ status: 200 });
    expect(range('bytes=0-,0-')).toMatchObject({ status: 200 });
  });

  it('weighs conditions in the order of the RFC', () => {
    const tag = `"${modified.toString(16)}-a"`;
    const file = (...headers: [string, string][]) => ask('/docs/a%20b.txt', headers).status;
    expect(file(['If-None-Match', `"x", W/${tag}`])).toBe(304);
    expect(file(['If-None-Match', '"x"'], ['If-Modified-Since', httpDate(modified)])).toBe(200);
    expect(file(['If-Modified-Since', httpDate(modified - 1)])).toBe(200);
    expect(file(['If-Match', `W/${tag}`])).toBe(412);
    expect(file(['Range', 'bytes=0-0'], ['If-Range', tag])).toBe(206);
    expect(file(['Range', 'bytes=0-0'], ['If-Range', `W/${tag}`])).toBe(200);
  });

  it('knows dates that exist', () => {
    expect(httpDate(784_111_777)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(784_111_777);
    expect(parseHttpDate('Mon, 06 Nov 1994 08:49:37 GMT')).toBeUndefined();
    expect(parseHttpDate('Thu, 30 Feb 2023 00:00:00 GMT')).toBeUndefined();
  });

  it('decodes paths once', () => {
    expect(decodePath('/a/./b/../c//d')).toBe('/a/c/d');
    expect(decodePath('/%252e')).toBe('/%2e');
    expect(decodePath('/%2e%2e/x')).toBeUndefined();
    expect(decodePath('/a%00')).toBeUndefined();
    expect(decodePath('/a%2')).toBeUndefined();
    expect(decodePath('http://host')).toBe('/');
  });
});
