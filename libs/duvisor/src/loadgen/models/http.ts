/**
 * What a static file server answers to a request (RFC 9110: conditions §13.2.2, ranges §14; RFC 9112: framing §6). Requests that
 * break the syntax of the request line are not modelled here: a test states their replies one by one.
 */
import { byteParts, type HttpReply, type HttpRequest } from '../protocols/http.js';

export interface StaticFile {
  readonly body: string;
  /** Seconds since 1970. */
  readonly modified: number;
}

export interface ExpectedHttp {
  readonly status: number;
  /** Fields that must be there with exactly this value. */
  readonly headers: ReadonlyMap<string, string>;
  /** Absent: any. */
  readonly body?: string;
  /** 206 only. */
  readonly ranges?: readonly (readonly [first: number, last: number])[];
  /** The connection stays open. */
  readonly keepAlive: boolean;
}

export const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
  xml: 'text/xml',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  ico: 'image/x-icon',
  pdf: 'application/pdf',
  wasm: 'application/wasm',
  woff2: 'font/woff2',
  mp4: 'video/mp4',
  gz: 'application/gzip',
};

/** More ranges than this in one request: the whole file is sent. */
export const maxRanges = 16;
/** Longest request body that is read (and dropped), bytes. */
export const maxBodyBytes = 1 << 20;

const known = new Set(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'CONNECT']);
const token = /^[!#-'*+\-.^-z|~0-9A-Z]+$/;

const hasBody = (request: HttpRequest): boolean => (request.body ?? '') !== '' || bodyBytes(request) > 0;

/** Stated length of the body; 1 stands for one that ends by its own coding. */
const bodyBytes = (request: HttpRequest): number =>
  values(request, 'transfer-encoding').length > 0 ? 1 : Number(values(request, 'content-length')[0] ?? '0');

export class StaticFilesModel {
  private readonly folders = new Set<string>();

  /** `files` by absolute path, `/index.html`. `folders`: the file system knows folders, not names of files only. */
  constructor(
    private readonly files: ReadonlyMap<string, StaticFile>,
    { folders = true }: { folders?: boolean } = {},
  ) {
    if (!folders) return;
    this.folders.add('/');
    for (const path of files.keys())
      for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1))
        this.folders.add(`${path.slice(0, end)}/`);
  }

  execute(request: HttpRequest): ExpectedHttp {
    const broken = framing(request);
    if (broken !== undefined) return { status: broken, headers: new Map(), keepAlive: false };
    const connection = values(request, 'connection')
      .flatMap((value) => value.split(','))
      .map((value) => value.trim().toLowerCase());
    const keepAlive =
      request.version === '1.1'
        ? !connection.includes('close')
        : connection.includes('keep-alive') && !connection.includes('close');
    const answer = this.answer(request);
    // Whoever waits for consent may send the body or not: what follows could not be told from it.
    const waits = request.version === '1.1' && values(request, 'expect').length > 0 && hasBody(request);
    const refused = answer.status === 413 || answer.status === 417 || (waits && answer.status >= 400);
    return { ...answer, keepAlive: keepAlive && !refused };
  }

  private answer(request: HttpRequest): Omit<ExpectedHttp, 'keepAlive'> {
    const plain = (status: number, headers: Iterable<[string, string]> = []): Omit<ExpectedHttp, 'keepAlive'> => ({
      status,
      headers: new Map(headers),
      ...(request.method === 'HEAD' ? { body: '' } : {}),
    });
    const expectation = values(request, 'expect')[0];
    if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') return plain(417);
    if (bodyBytes(request) > maxBodyBytes) return plain(413);
    if (known.has(request.method)) return plain(405, [['allow', 'GET, HEAD']]);
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(501);
    const path = decodePath(request.target);
    if (path === undefined) return plain(400);
    const file = this.files.get(path.endsWith('/') ? `${path}index.html` : path);
    if (file === undefined) {
      if (this.folders.has(path)) return plain(403);
      if (this.folders.has(`${path}/`)) return plain(301, [['location', `${encodePath(path)}/`]]);
      return plain(404);
    }
    return this.select(request, file, path.endsWith('/') ? `${path}index.html` : path);
  }

  private select(request: HttpRequest, file: StaticFile, path: string): Omit<ExpectedHttp, 'keepAlive'> {
    const tag = etag(file);
    const date = httpDate(file.modified);
    const validators: [string, string][] = [
      ['etag', tag],
      ['last-modified', date],
    ];
    const one = (name: string): string | undefined => values(request, name)[0];
    const since = (name: string): number | undefined => parseHttpDate(one(name) ?? '');

    const ifMatch = one('if-match');
    const unmodified = since('if-unmodified-since');
    if (
      ifMatch !== undefined
        ? !tagListed(ifMatch, tag, 'strong')
        : unmodified !== undefined && file.modified > unmodified
    )
      return { status: 412, headers: new Map() };
    const ifNone = one('if-none-match');
    const modified = since('if-modified-since');
    if (ifNone !== undefined ? tagListed(ifNone, tag, 'weak') : modified !== undefined && file.modified <= modified)
      return { status: 304, headers: new Map(validators), body: '' };

    const type = contentTypes[/\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream';
    const size = file.body.length;
    const range = one('range');
    const condition = one('if-range');
    const applies =
      request.method === 'GET' &&
      range !== undefined &&
      (condition === undefined || condition === tag || condition === date);
    const ranges = applies ? byteRanges(range, size) : undefined;
    if (ranges?.length === 0) return { status: 416, headers: new Map([['content-range', `bytes */${size}`]]) };
    if (ranges !== undefined) return { status: 206, headers: new Map(validators), ranges };
    return {
      status: 200,
      headers: new Map([
        ...validators,
        ['content-type', type],
        ['content-length', String(size)],
        ['accept-ranges', 'bytes'],
      ]),
      body: request.method === 'HEAD' ? '' : file.body,
    };
  }

  /** Why `reply` is not the model's; undefined when it is. */
  difference(request: HttpRequest, reply: HttpReply): string | undefined {
    const expected = this.execute(request);
    if (reply.status !== expected.status) return `status: found ${reply.status}, expected ${expected.status}`;
    const connection = expected.keepAlive ? 'keep-alive' : 'close';
    for (const [name, value] of [...expected.headers, ['connection', connection] as const]) {
      const found = reply.headers.get(name);
      if (found !== value) return `${name}: found ${found ?? 'nothing'}, expected ${value}`;
    }
    if (expected.body !== undefined && reply.body !== expected.body)
      return `body: found ${reply.body.length} bytes, expected ${expected.body.length} others`;
    return expected.ranges === undefined ? undefined : this.rangeDifference(request, reply, expected.ranges);
  }

  private rangeDifference(
    request: HttpRequest,
    reply: HttpReply,
    ranges: readonly (readonly [number, number])[],
  ): string | undefined {
    const path = decodePath(request.target)!;
    const { body } = this.files.get(path.endsWith('/') ? `${path}index.html` : path)!;
    const parts = byteParts(reply);
    if (parts.length !== ranges.length) return `ranges: found ${parts.length}, expected ${ranges.length}`;
    for (const [index, [first, last]] of ranges.entries()) {
      const part = parts[index]!;
      if (part.first !== first || part.last !== last || part.size !== body.length)
        return `range ${index}: found ${part.first}-${part.last}/${part.size}, expected ${first}-${last}/${body.length}`;
      if (part.body !== body.slice(first, last + 1)) return `range ${index}: other bytes than the file's`;
    }
    return undefined;
  }
}

/** Strong validator: time of change and size. */
export const etag = (file: StaticFile): string => `"${file.modified.toString(16)}-${file.body.length.toString(16)}"`;

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** IMF-fixdate (RFC 9110 §5.6.7) of seconds since 1970. */
export function httpDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${days[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day} ${String(date.getUTCFullYear()).padStart(4, '0')} ${time} GMT`;
}

/** Seconds since 1970 of an IMF-fixdate; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const match = /^(...), (\d\d) (...) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text);
  if (match === null) return undefined;
  const [, , day, month = '', year, hour, minute, second] = match;
  const seconds =
    Date.UTC(Number(year), months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  // Only a date that exists, with its day of the week.
  return httpDate(seconds) === text ? seconds : undefined;
}

/** Control characters other than HTAB. */
const hasControl = (value: string): boolean =>
  [...value].some((char) => (char < ' ' && char !== '\t') || char === '\x7f');

/** Status of a request that breaks the rules of header fields and framing; undefined when it keeps them. */
function framing(request: HttpRequest): number | undefined {
  if (request.headers.some(([name, value]) => !token.test(name) || hasControl(value))) return 400;
  const hosts = values(request, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && request.version === '1.1')) return 400;
  if (hosts.some((host) => !/^[-A-Za-z0-9._~%!$&'()*+,;=:[\]]*$/.test(host))) return 400;
  const lengths = values(request, 'content-length');
  const codings = values(request, 'transfer-encoding');
  if (lengths.length > 1 || lengths.some((length) => !/^\d{1,15}$/.test(length))) return 400;
  if (codings.length === 0) return undefined;
  if (lengths.length > 0 || codings.length > 1 || request.version === '1.0') return 400;
  return codings[0]!.toLowerCase() === 'chunked' ? undefined : 501;
}

const values = (request: HttpRequest, name: string): string[] =>
  request.headers
    .filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''));

/** The path of a request target, decoded, without "." and ".."; undefined when it is malformed or leaves the root. */
export function decodePath(target: string): string | undefined {
  const origin = target.replace(/^http:\/\/[^/?#]+/i, '');
  const encoded = (origin.startsWith('/') || origin === target ? origin : `/${origin}`).replace(/[?#].*$/s, '');
  if (!encoded.startsWith('/') || /%(?![0-9a-fA-F]{2})/.test(encoded)) return undefined;
  const path = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  if (path.includes('\0')) return undefined;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const folder = ['', '.', '..'].includes(segments.at(-1)!);
  return `/${kept.join('/')}${folder && kept.length > 0 ? '/' : ''}`;
}

/** Percent-encodes what a path may not hold literally. */
const encodePath = (path: string): string =>
  path.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );

/** Whether an If-Match or If-None-Match list names the tag (RFC 9110 §8.8.3.2). A list that is malformed names nothing from there on. */
function tagListed(list: string, tag: string, comparison: 'strong' | 'weak'): boolean {
  if (list === '*') return true;
  const item = /[ \t,]*(W\/)?("[!#-~\x80-\xff]*")[ \t]*(?:,|$)/y;
  for (let match = item.exec(list); match !== null; match = item.exec(list)) {
    if (match[2] === tag && (comparison === 'weak' || match[1] === undefined)) return true;
  }
  return false;
}

/** Satisfiable ranges; none: 416; undefined: the header does not count and the whole file is sent. */
function byteRanges(header: string, size: number): [number, number][] | undefined {
  const list = /^bytes=(.*)$/i.exec(header)?.[1];
  if (list === undefined) return undefined;
  const ranges: [number, number][] = [];
  const specs = list
    .split(',')
    .map((spec) => spec.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > maxRanges) return undefined;
  for (const spec of specs) {
    const match = /^(\d{0,15})-(\d{0,15})$/.exec(spec);
    if (match === null || spec === '-') return undefined;
    const [, from = '', to = ''] = match;
    if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
    const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
    const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
    if (first < size && first <= last) ranges.push([first, last]);
  }
  // More bytes than the file has: overlapping ranges would make a small request a large reply.
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0) > size ? undefined : ranges;
}
