/** Streams of HTTP requests, right and wrong, and what the model says to them. */
import fc from 'fast-check';
import { etag, httpDate, type StaticFile, type StaticFilesModel } from '../../libs/duvisor/src/loadgen/models/http.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import {
  HttpReplyParser,
  httpText,
  type HttpReply,
  type HttpRequest,
} from '../../libs/duvisor/src/loadgen/protocols/http.js';
import { byteString } from './segments.testkit.js';

const bytes = (length: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode((index * 7 + (index >> 8)) & 0xff)).join('');
const changed = Date.UTC(2024, 1, 29, 12, 0, 5) / 1000;
export const files = new Map<string, StaticFile>([
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

export const httpRequest: fc.Arbitrary<HttpRequest> = fc
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

export const httpRequests = fc.array(httpRequest, { minLength: 1, maxLength: 8, size: 'max' });

/** Why `received` is not what the model answers; undefined when it is. */
export function httpDifference(
  requests: readonly HttpRequest[],
  model: StaticFilesModel,
  received: string,
): string | undefined {
  // Nothing is answered after a reply that ends the connection.
  const last = requests.findIndex((each) => !model.execute(each).keepAlive);
  const answered = last < 0 ? requests : requests.slice(0, last + 1);
  const parser = new HttpReplyParser();
  for (const { method } of answered) parser.expect(method);
  const replies = final(parser.push(toBytes(received)));
  for (const [index, each] of answered.entries()) {
    const reply = replies[index];
    const difference = reply === undefined ? 'no reply' : model.difference(each, reply);
    if (difference !== undefined) return `${difference} to\n${httpText(each)}`;
  }
  const whole = replies.length === answered.length && !parser.pending;
  return whole ? undefined : `found ${replies.length} replies and perhaps more, expected ${answered.length}`;
}
