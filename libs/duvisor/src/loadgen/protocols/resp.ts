/** RESP2, the Redis protocol, client side: commands to bytes, bytes to replies. */
import { ByteQueue, ProtocolError, toBytes } from './byte-string.js';

export type RespValue =
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'bulk'; readonly value: string | null }
  | { readonly kind: 'array'; readonly items: readonly RespValue[] | null };

/** The bytes of a command and its arguments (byte strings). */
export function encodeCommand(words: readonly string[]): Uint8Array {
  return toBytes(commandText(words));
}

/** As {@link encodeCommand}, as a byte string. */
export function commandText(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** The inline form: words on a line, quoted where needed. */
export function inlineText(words: readonly string[]): string {
  return `${words.map(quoted).join(' ')}\r\n`;
}

function quoted(word: string): string {
  if (/^[!#-&(-~]+$/.test(word)) return word;
  const escaped = word.replace(/[^ !#-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

/** Replies out of a stream that arrives in any segments. One instance per connection. */
export class RespReplyParser {
  private readonly queue = new ByteQueue();

  /** Complete replies after `segment`. @throws ProtocolError. */
  push(segment: Uint8Array): RespValue[] {
    this.queue.push(segment);
    if (!this.queue.ready) return [];
    const replies: RespValue[] = [];
    for (;;) {
      const mark = this.queue.mark();
      const reply = this.value(0);
      if (reply === undefined) {
        this.queue.rewind(mark);
        return replies;
      }
      replies.push(reply);
    }
  }

  /** Bytes of a reply that is not complete. */
  get pending(): boolean {
    return this.queue.length > 0;
  }

  private value(depth: number): RespValue | undefined {
    if (depth > 8) throw new ProtocolError('RESP: arrays nested more than 8 deep');
    const line = this.queue.line();
    if (line === undefined) return undefined;
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        return { kind: 'status', text: rest };
      case '-':
        return { kind: 'error', text: rest };
      case ':':
        return { kind: 'integer', value: BigInt(integer(line)) };
      case '$': {
        const length = Number(integer(line));
        if (length < 0) return { kind: 'bulk', value: null };
        const data = this.queue.take(length + 2);
        if (data === undefined) return undefined;
        if (!data.endsWith('\r\n')) throw new ProtocolError('RESP: bulk string does not end in CRLF');
        return { kind: 'bulk', value: data.slice(0, -2) };
      }
      case '*': {
        const length = Number(integer(line));
        if (length < 0) return { kind: 'array', items: null };
        const items: RespValue[] = [];
        for (let index = 0; index < length; index++) {
          const item = this.value(depth + 1);
          if (item === undefined) return undefined;
          items.push(item);
        }
        return { kind: 'array', items };
      }
      default:
        throw new ProtocolError(`RESP: found "${line.slice(0, 40)}", expected one of + - : $ *`);
    }
  }
}

function integer(line: string): string {
  if (!/^.-?\d+$/.test(line)) throw new ProtocolError(`RESP: found "${line.slice(0, 40)}", expected an integer`);
  return line.slice(1);
}
