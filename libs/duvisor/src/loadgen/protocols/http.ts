/** HTTP/1.x, client side: requests to bytes, bytes to replies (RFC 9112), and the parts of a multipart/byteranges body. */
import { ByteQueue, ProtocolError, toBytes } from './byte-string.js';

export interface HttpRequest {
  readonly method: string;
  /** As on the request line, percent-encoded. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** In order, as sent; Host is not added by itself. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export interface HttpReply {
  readonly status: number;
  readonly reason: string;
  /** By lower-case name; a repeated field keeps its values joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface BytePart {
  readonly type: string;
  readonly first: number;
  readonly last: number;
  readonly size: number;
  readonly body: string;
}

/** The bytes of a request; Content-Length is added for a body unless a framing header is given. */
export function encodeHttp(request: HttpRequest): Uint8Array {
  return toBytes(httpText(request));
}

/** As {@link encodeHttp}, as a byte string. */
export function httpText({ method, target, version, headers, body }: HttpRequest): string {
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const all = body === undefined || framed ? headers : [...headers, ['Content-Length', String(body.length)] as const];
  const fields = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${target} HTTP/${version}\r\n${fields}\r\n${body ?? ''}`;
}

/**
 * Replies out of a stream that arrives in any segments. One instance per connection. What a reply's end is depends on the
 * request: call {@link expect} for each, in order.
 */
export class HttpReplyParser {
  private readonly queue = new ByteQueue();
  private readonly methods: string[] = [];
  private head: { status: number; reason: string; headers: Map<string, string>; length: number } | undefined;
  private lines: string[] = [];

  expect(method: string): void {
    this.methods.push(method);
  }

  /** Complete replies after `segment`; interim ones (1xx) are among them. @throws ProtocolError. */
  push(segment: Uint8Array): HttpReply[] {
    this.queue.push(segment);
    if (!this.queue.ready) return [];
    const replies: HttpReply[] = [];
    for (;;) {
      this.head ??= this.readHead();
      if (this.head === undefined) return replies;
      const body = this.queue.take(this.head.length);
      if (body === undefined) return replies;
      const { status, reason, headers } = this.head;
      if (status >= 200) this.methods.shift();
      this.head = undefined;
      replies.push({ status, reason, headers, body });
    }
  }

  /** Bytes of a reply that is not complete. */
  get pending(): boolean {
    return this.queue.length + this.lines.length > 0 || this.head !== undefined;
  }

  private readHead(): typeof this.head {
    for (;;) {
      const line = this.queue.line();
      if (line === undefined) return undefined;
      if (line !== '') {
        this.lines.push(line);
        continue;
      }
      const [first = '', ...fields] = this.lines;
      this.lines = [];
      const match = /^HTTP\/1\.[01] (\d{3}) (.*)$/.exec(first);
      if (match === null) throw new ProtocolError(`HTTP: found "${first.slice(0, 60)}", expected a status line`);
      const headers = new Map<string, string>();
      for (const field of fields) {
        const [, name, value = ''] = /^([!#-'*+\-.^-z|~0-9A-Z]+):[ \t]*(.*?)[ \t]*$/.exec(field) ?? [];
        if (name === undefined) throw new ProtocolError(`HTTP: found "${field.slice(0, 60)}", expected a header field`);
        const key = name.toLowerCase();
        headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value);
      }
      const status = Number(match[1]);
      return { status, reason: match[2] ?? '', headers, length: this.bodyLength(status, headers) };
    }
  }

  private bodyLength(status: number, headers: ReadonlyMap<string, string>): number {
    if (status < 200 || status === 204 || status === 304) return 0;
    const method = this.methods[0];
    if (method === undefined) throw new ProtocolError(`HTTP: found a reply with status ${status}, expected none`);
    const text = headers.get('content-length') ?? '';
    if (!/^\d{1,15}$/.test(text)) throw new ProtocolError(`HTTP: found Content-Length "${text}", expected a number`);
    return method === 'HEAD' ? 0 : Number(text);
  }
}

/** The parts of a 206 reply, whether it carries one range or several. @throws ProtocolError. */
export function byteParts(reply: HttpReply): BytePart[] {
  const type = reply.headers.get('content-type') ?? '';
  const boundary = /^multipart\/byteranges; ?boundary="?([^"]+)"?$/.exec(type)?.[1];
  if (boundary === undefined) {
    return [{ type, ...contentRange(reply.headers.get('content-range') ?? ''), body: reply.body }];
  }
  const parts: BytePart[] = [];
  const delimiter = `\r\n--${boundary}`;
  let at = 0;
  for (;;) {
    if (!reply.body.startsWith(delimiter, at)) throw new ProtocolError(`HTTP: no part boundary at byte ${at}`);
    at += delimiter.length;
    if (reply.body.slice(at) === '--\r\n') return parts;
    const end = reply.body.indexOf('\r\n\r\n', at);
    const head = reply.body.slice(at, end);
    const field = (name: string): string => new RegExp(`\r\n${name}: (.*?)(?:\r\n|$)`, 'i').exec(head)?.[1] ?? '';
    const range = contentRange(field('Content-Range'));
    const length = range.last - range.first + 1;
    parts.push({ type: field('Content-Type'), ...range, body: reply.body.slice(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
}

function contentRange(text: string): { first: number; last: number; size: number } {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text);
  if (match === null) throw new ProtocolError(`HTTP: found Content-Range "${text}", expected bytes first-last/size`);
  return { first: Number(match[1]), last: Number(match[2]), size: Number(match[3]) };
}
