/** The Nginx-like service against the model: any requests, right or wrong, in any segments; and what no client should send. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { etag, httpDate, StaticFilesModel, type StaticFile } from '../../libs/duvisor/src/loadgen/models/http.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  HttpReplyParser,
  httpText,
  type HttpReply,
  type HttpRequest,
} from '../../libs/duvisor/src/loadgen/protocols/http.js';
import { byteString, cuts, emulatorInstalled, startService, type RunningService } from './service.testkit.js';

const bytes = (length: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode((index * 7 + (index >> 8)) & 0xff)).join('');
const changed = Date.UTC(2024, 1, 29, 12, 0, 5) / 1000;
const files = new Map<string, StaticFile>([
  ['/index.html', { body: '<h1>root</h1>', modified: changed }],
  ['/style.css', { body: 'a{}', modified: 0 }],
  ['/empty.txt', { body: '', modified: changed }],
  ['/data.bin', { body: bytes(5000), modified: changed + 3600 }],
  ['/large.PNG', { body: bytes(300_000), modified: changed }],
  ['/a b%.txt', { body: 'odd name', modified: changed }],
  ['/docs/index.html', { body: '<h1>docs</h1>', modified: changed }],
  ['/docs/deep er/page.json', { body: '{}', modified: changed }],
]);

const target = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      '/',
      '/index.html',
      '/style.css',
      '/empty.txt',
      '/data.bin',
      '/data.bin',
      '/large.PNG',
      '/docs/',
    ),
  },
  fc.constantFrom(
    '/a%20b%25.txt',
    '/%64ata.bin?x=1',
    '/data.bin#x',
    '/docs',
    '/docs/deep%20er',
    '/docs/deep%20er/',
    '/nothing',
    '/nothing/',
  ),
  fc.constantFrom(
    '/docs/../data.bin',
    '/./docs//./deep%20er/page.json',
    '/docs/%2e%2e/style.css',
    '/..',
    '/../secret',
    '/%2e%2e/secret',
    '/docs/..%2f..%2fsecret',
  ),
  fc.constantFrom(
    '/data.bin/',
    '/%',
    '/%0',
    '/%zz',
    '/data.bin%00',
    'data.bin',
    '*',
    'http://host/data.bin',
    'HTTP://host',
    'http:///x',
    `/${'x'.repeat(300)}`,
  ),
  fc.webPath().map((path) => `/${path}`),
);
const tags = [...files.values()].map(etag);
const tag = fc.oneof(
  fc.constantFrom(...tags),
  fc.constantFrom('"x"', '*', 'x', '"', ''),
  fc.constantFrom(...tags).map((each) => `W/${each}`),
);
const date = fc.oneof(
  fc.constantFrom(changed, changed - 1, changed + 1, changed + 3600, 0).map(httpDate),
  fc.constantFrom('Thu, 30 Feb 2023 00:00:00 GMT', 'now', ''),
);
const edge = fc.constantFrom(
  '0',
  '1',
  '2',
  '4999',
  '5000',
  '300',
  '999999999999999',
  '9999999999999999',
  '',
  'x',
  '-1',
);
const range = fc.tuple(edge, edge).map(([first, last]) => `${first}-${last}`);
const list = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(item, { maxLength: 4 }).map((items) => items.join(', '));
const field = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  value.map((text) => [name, text]);

const headers = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: field(
        'Range',
        fc.oneof(list(range), range).map((text) => `bytes=${text}`),
      ),
    },
    field(
      'range',
      fc.constantFrom('bytes', 'lines=1-2', 'bytes=', `bytes=${'0-0,'.repeat(17)}`, `BYTES=${'1-1,'.repeat(16)}`),
    ),
    field('If-Range', fc.oneof(tag, date)),
    field('If-None-Match', list(tag)),
    field('If-Modified-Since', date),
    field('if-match', list(tag)),
    field('If-Unmodified-Since', date),
    field('Connection', fc.constantFrom('close', 'keep-alive', 'Keep-Alive, x', 'x,CLOSE', '')),
    field('Accept', fc.constantFrom('*/*', ' \tx\xff\t ', '')),
    field('Expect', fc.constantFrom('100-continue', '200-ok')),
  ),
  { maxLength: 4 },
);
/** Rarely: what makes a request unacceptable, or its end doubtful. */
const badHeaders = fc.array(
  fc.oneof(
    field('Host', fc.constantFrom('second', 'a b', 'a/b')),
    field('Content-Length', fc.constantFrom('x', '-1', '+3', '1, 1', '', '9999999', '99999999999999999999')),
    field('Transfer-Encoding', fc.constantFrom('gzip', 'chunked, chunked', 'identity', 'xchunked')),
    fc.constantFrom<[string, string]>(
      ['Bad Name', 'x'],
      ['Space ', 'x'],
      ['', 'x'],
      ['Null', 'a\0b'],
      ['Return', 'a\rb'],
    ),
  ),
  { minLength: 1, maxLength: 1 },
);
const chunked = fc
  .array(fc.tuple(byteString(300), fc.constantFrom('', ';x=1')), { maxLength: 3 })
  .map((chunks) => chunks.filter(([text]) => text !== ''))
  .map(
    (chunks) =>
      `${chunks.map(([text, extension]) => `${text.length.toString(16)}${extension}\r\n${text}\r\n`).join('')}0\r\nTrailer: x\r\n\r\n`,
  );
const body = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ fields: [] as [string, string][] }) },
  byteString(300).map((text) => ({ fields: [] as [string, string][], body: text })),
  chunked.map((text) => ({ fields: [['Transfer-Encoding', 'Chunked']] as [string, string][], body: text })),
);

const request: fc.Arbitrary<HttpRequest> = fc
  .record({
    method: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('GET', 'GET', 'HEAD') },
      fc.constantFrom('POST', 'PUT', 'OPTIONS', 'get', 'BREW'),
    ),
    target,
    version: fc.constantFrom('1.1' as const, '1.1' as const, '1.1' as const, '1.0' as const),
    host: fc.oneof(
      { weight: 20, arbitrary: fc.constant([['Host', 'guest:80']] as [string, string][]) },
      fc.constant([]),
    ),
    headers: fc.oneof({ weight: 12, arbitrary: headers }, badHeaders),
    body,
  })
  .map(({ host, headers: fields, body: content, ...rest }) => ({
    ...rest,
    headers: [...host, ...fields, ...content.fields],
    ...('body' in content ? { body: content.body } : {}),
  }));

const final = (replies: readonly HttpReply[]): HttpReply[] => replies.filter(({ status }) => status >= 200);

describe.runIf(emulatorInstalled)('Nginx service', () => {
  const model = new StaticFilesModel(files);
  let folder: string;
  let service: RunningService;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    const root = join(folder, 'root');
    writeFileSync(join(folder, 'secret'), 'secret');
    for (const [path, file] of files) {
      const name = join(root, path);
      mkdirSync(dirname(name), { recursive: true });
      writeFileSync(name, toBytes(file.body));
      utimesSync(name, file.modified, file.modified);
    }
    service = await startService('nginx', '--root', root, '-t', '1');
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const parse = (requests: readonly HttpRequest[], text: string): HttpReply[] => {
    const parser = new HttpReplyParser();
    for (const { method } of requests) parser.expect(method);
    const replies = final(parser.push(toBytes(text)));
    expect(parser.pending).toBe(false);
    return replies;
  };
  const status = async (text: string): Promise<string> => (await service.conversation(text)).slice(9, 12);

  it('answers any requests in any segments as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8, size: 'max' }), cuts, async (requests, at) => {
        const text = await service.conversation(requests.map(httpText).join(''), at);
        // Nothing is answered after a reply that ends the connection.
        const last = requests.findIndex((each) => !model.execute(each).keepAlive);
        const answered = last < 0 ? requests : requests.slice(0, last + 1);
        const replies = parse(answered, text);
        const differences = answered.map((each, index) => {
          const reply = replies[index];
          return reply === undefined ? 'no reply' : model.difference(each, reply);
        });
        const first = differences.findIndex((each) => each !== undefined);
        expect(first < 0 ? '' : `${differences[first]} to\n${httpText(answered[first]!)}`).toBe('');
        expect(replies).toHaveLength(answered.length);
      }),
      { numRuns: 300 },
    );
  });

  it('answers any bytes alike, whatever the segments, and lives on', async () => {
    const piece = fc.constantFrom(
      'GET ',
      'POST ',
      '/',
      '/data.bin',
      ' HTTP/1.1',
      ' HTTP/1.0',
      '\r\n',
      '\n',
      '\r',
      'Host: x\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 5\r\n',
      '5\r\nabcde\r\n',
      '0\r\n\r\n',
      ' ',
      ':',
      '\0',
      '\xff',
      'Expect: 100-continue\r\n',
    );
    const noise = fc.oneof(
      byteString(100),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    const clean = (text: string): string => text.replace(/Date: .*\r\n/g, '');
    await fc.assert(
      fc.asyncProperty(noise, cuts, async (text, at) => {
        const whole = clean(await service.conversation(text));
        expect(clean(await service.conversation(text, at))).toBe(whole);
      }),
      { numRuns: 200 },
    );
    expect(await status('GET / HTTP/1.0\n\n')).toBe('200');
  });

  const host = 'Host: x\r\n';
  it.each([
    ['GET /\r\n', '400'],
    ['GET  / HTTP/1.1\r\n', '400'],
    ['GET / HTTP/1.1 \r\n', '400'],
    ['GET / HTTP/1.1.1\r\n', '400'],
    ['GET / http/1.1\r\n', '400'],
    ['G@T / HTTP/1.1\r\n', '400'],
    ['GET /\x01 HTTP/1.1\r\n', '400'],
    ['GET /\xe4 HTTP/1.1\r\n', '400'],
    ['GET / HTTP/2.0\r\n', '505'],
    ['\x16\x03\x01\x02\n', '400'],
    [`GET /${'x'.repeat(5000)}`, '414'],
    [`GET /${'x'.repeat(4090)} HTTP/1.1\r\n`, '414'],
    [`GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(8192)}`, '431'],
    [`GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(100)}\r\n`, '431'],
    [`GET / HTTP/1.1\r\n${host} folded\r\n\r\n`, '400'],
    [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, '400'],
    [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, '400'],
    [`POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '400'],
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nx\r\n`, '400'],
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, '400'],
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${'1'.repeat(300)}`, '400'],
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n200000\r\n`, '413'],
    [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(1000)}`, '431'],
  ])('refuses what is malformed, case %#, and closes', async (text, expected) => {
    const replies = await service.conversation(`${text}\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`);
    expect(replies.slice(9, 12)).toBe(expected);
    expect(replies).toContain('\r\nConnection: close\r\n');
    expect(replies.match(/HTTP\/1.1 \d/g)).toHaveLength(1);
  });

  it('asks for the body that waits for consent, and answers behind it', async () => {
    const channel = await service.open();
    const parser = new HttpReplyParser();
    parser.expect('GET');
    await channel.send([
      toBytes(`GET /style.css HTTP/1.1\r\n${host}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`),
    ]);
    expect(await channel.replies(parser, 1)).toMatchObject([{ status: 100 }]);
    await channel.send([toBytes('body')]);
    expect(await channel.replies(parser, 1)).toMatchObject([{ status: 200, body: 'a{}' }]);
    channel.close();
  });

  it('dates its replies', async () => {
    const reply = await service.conversation('GET / HTTP/1.0\r\n\r\n');
    const found = /\r\nDate: (.*)\r\n/.exec(reply)?.[1] ?? '';
    expect(Math.abs(Date.parse(found) - Date.now())).toBeLessThan(60_000);
    expect(new Date(found).toUTCString()).toBe(found);
  });

  it('tells who begins a request and does not go on, and leaves who says nothing', async () => {
    const [slow, silent] = [await service.open(), await service.open()];
    await slow.send([toBytes('GET / HTTP/1.1\r\nHost')]);
    expect((await slow.rest()).slice(9, 12)).toBe('408');
    expect(await silent.rest()).toBe('');
  });
});
