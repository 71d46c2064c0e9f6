/** The memcached text protocol, client side: requests to bytes, bytes to replies, and the frame header of its UDP form. */
import { ByteQueue, ProtocolError, toBytes } from './byte-string.js';

export const storageVerbs = ['set', 'add', 'replace', 'append', 'prepend'] as const;
export type StorageVerb = (typeof storageVerbs)[number];

interface NoReply {
  /** The server stays silent unless the request is malformed. */
  readonly noreply?: boolean;
}

export interface StorageFields extends NoReply {
  /** 1 to 250 bytes, no control characters or spaces. */
  readonly key: string;
  /** 32 bits. */
  readonly flags: number;
  /** 0 = never, negative = at once, to 30 days = seconds from now, beyond = seconds since 1970. */
  readonly exptime: number;
  readonly value: string;
}

export type MemcachedRequest =
  | { readonly verb: 'get' | 'gets'; readonly keys: readonly string[] }
  | ({ readonly verb: StorageVerb } & StorageFields)
  | ({ readonly verb: 'cas'; readonly unique: bigint } & StorageFields)
  | ({ readonly verb: 'delete'; readonly key: string } & NoReply)
  | ({ readonly verb: 'incr' | 'decr'; readonly key: string; readonly delta: bigint } & NoReply)
  | ({ readonly verb: 'touch'; readonly key: string; readonly exptime: number } & NoReply)
  | ({ readonly verb: 'flush_all'; readonly delay?: number } & NoReply)
  | ({ readonly verb: 'verbosity'; readonly level: number } & NoReply)
  | { readonly verb: 'version' | 'quit' }
  | { readonly verb: 'stats'; readonly about?: string };

export interface MemcachedValue {
  readonly key: string;
  readonly flags: number;
  readonly value: string;
  /** CAS unique; only in replies to `gets`. */
  readonly unique?: bigint;
}

export type MemcachedReply =
  /** `STORED`, `42`, `ERROR`, `CLIENT_ERROR ...`: whatever is one line. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'values'; readonly values: readonly MemcachedValue[] }
  | { readonly kind: 'stats'; readonly stats: readonly (readonly [name: string, value: string])[] };

/** The bytes of a request. */
export function encodeMemcached(request: MemcachedRequest): Uint8Array {
  return toBytes(requestText(request));
}

/** As {@link encodeMemcached}, as a byte string. */
export function requestText(request: MemcachedRequest): string {
  const line = (...words: (string | number | bigint)[]): string =>
    [request.verb, ...words, ...('noreply' in request && request.noreply === true ? ['noreply'] : [])].join(' ') +
    '\r\n';
  switch (request.verb) {
    case 'get':
    case 'gets':
      return line(...request.keys);
    case 'cas':
      return `${line(request.key, request.flags, request.exptime, request.value.length, request.unique)}${request.value}\r\n`;
    case 'delete':
      return line(request.key);
    case 'incr':
    case 'decr':
      return line(request.key, request.delta);
    case 'touch':
      return line(request.key, request.exptime);
    case 'flush_all':
      return line(...(request.delay === undefined ? [] : [request.delay]));
    case 'verbosity':
      return line(request.level);
    case 'version':
    case 'quit':
      return line();
    case 'stats':
      return line(...(request.about === undefined ? [] : [request.about]));
    default:
      return `${line(request.key, request.flags, request.exptime, request.value.length)}${request.value}\r\n`;
  }
}

/** Replies out of a stream that arrives in any segments. One instance per connection. */
export class MemcachedReplyParser {
  private readonly queue = new ByteQueue();
  private values: MemcachedValue[] = [];
  private stats: (readonly [string, string])[] = [];

  /** Complete replies after `segment`. @throws ProtocolError. */
  push(segment: Uint8Array): MemcachedReply[] {
    this.queue.push(segment);
    if (!this.queue.ready) return [];
    const replies: MemcachedReply[] = [];
    for (;;) {
      const mark = this.queue.mark();
      const line = this.queue.line();
      if (line === undefined) return replies;
      if (line.startsWith('VALUE ')) {
        const value = this.value(line);
        if (value === undefined) {
          this.queue.rewind(mark);
          return replies;
        }
        this.values.push(value);
      } else if (line.startsWith('STAT ')) {
        const [, name = '', value = ''] = /^STAT (\S+) (.*)$/.exec(line) ?? [];
        this.stats.push([name, value]);
      } else if (line === 'END') {
        replies.push(
          this.stats.length > 0 ? { kind: 'stats', stats: this.stats } : { kind: 'values', values: this.values },
        );
        this.values = [];
        this.stats = [];
      } else {
        if (this.values.length + this.stats.length > 0)
          throw new ProtocolError(`memcached: found "${line}" inside a list, expected END`);
        replies.push({ kind: 'line', line });
      }
    }
  }

  /** Bytes of a reply that is not complete. */
  get pending(): boolean {
    return this.queue.length + this.values.length + this.stats.length > 0;
  }

  private value(line: string): MemcachedValue | undefined {
    const match = /^VALUE (\S+) (\d+) (\d+)(?: (\d+))?$/.exec(line);
    if (match === null) throw new ProtocolError(`memcached: found "${line}", expected VALUE key flags bytes [unique]`);
    const [, key = '', flags, length, unique] = match;
    const data = this.queue.take(Number(length) + 2);
    if (data === undefined) return undefined;
    if (!data.endsWith('\r\n')) throw new ProtocolError(`memcached: value of "${key}" does not end in CRLF`);
    const value = { key, flags: Number(flags), value: data.slice(0, -2) };
    return unique === undefined ? value : { ...value, unique: BigInt(unique) };
  }
}

/** Datagram of the UDP form: request id, sequence number 0 of 1, payload (8 bytes of header, big endian). */
export function frameUdp(requestId: number, payload: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + payload.length);
  const view = new DataView(datagram.buffer);
  view.setUint16(0, requestId);
  view.setUint16(4, 1);
  datagram.set(payload, 8);
  return datagram;
}

/** Puts replies together that came as several datagrams, in any order. */
export class UdpReplyAssembler {
  private readonly partial = new Map<number, (Uint8Array | undefined)[]>();

  /** The reply that `datagram` completes. @throws ProtocolError. */
  push(datagram: Uint8Array): { readonly requestId: number; readonly payload: Uint8Array } | undefined {
    if (datagram.length < 8)
      throw new ProtocolError(`memcached UDP: found ${datagram.length} bytes, expected 8 or more`);
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    const [requestId, sequence, total] = [view.getUint16(0), view.getUint16(2), view.getUint16(4)];
    const parts = this.partial.get(requestId) ?? new Array<Uint8Array | undefined>(total).fill(undefined);
    if (sequence >= total || parts.length !== total)
      throw new ProtocolError(`memcached UDP: found datagram ${sequence} of ${total}, expected one of ${parts.length}`);
    parts[sequence] = datagram.slice(8);
    this.partial.set(requestId, parts);
    if (parts.includes(undefined)) return undefined;
    this.partial.delete(requestId);
    const payload = new Uint8Array(parts.reduce((sum, part) => sum + part!.length, 0));
    let at = 0;
    for (const part of parts) {
      payload.set(part!, at);
      at += part!.length;
    }
    return { requestId, payload };
  }

  /** Gives up a reply, for example before the request is sent again. */
  forget(requestId: number): void {
    this.partial.delete(requestId);
  }
}
