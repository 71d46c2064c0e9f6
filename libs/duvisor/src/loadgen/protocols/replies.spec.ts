import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, ProtocolError, toBytes } from './byte-string.js';
import { byteParts, HttpReplyParser } from './http.js';
import { frameUdp, MemcachedReplyParser, UdpReplyAssembler, type MemcachedReply } from './memcached.js';
import { RespReplyParser, type RespValue } from './resp.js';

const byteString = (maxLength: number): fc.Arbitrary<string> => fc.uint8Array({ maxLength }).map(fromBytes);
const word = fc.stringMatching(/^[a-z0-9:]{1,12}$/);

/** Any way to cut a stream into segments. */
const cuts = fc.array(fc.nat({ max: 4096 }), { maxLength: 12 });
function segments(text: string, at: readonly number[]): Uint8Array[] {
  const ends = [...new Set(at.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => toBytes(text.slice(ends[index - 1] ?? 0, end)));
}

const values: fc.Arbitrary<MemcachedReply> = fc
  .array(
    fc.record(
      { key: word, flags: fc.nat(), value: byteString(40), unique: fc.bigInt({ min: 0n, max: 1n << 63n }) },
      { requiredKeys: ['key', 'flags', 'value'] },
    ),
    { maxLength: 3 },
  )
  .map((list) => ({ kind: 'values', values: list as [] }));
const stats: fc.Arbitrary<MemcachedReply> = fc
  .array(fc.tuple(word, word), { minLength: 1, maxLength: 3 })
  .map((list) => ({ kind: 'stats', stats: list }));
const lines: fc.Arbitrary<MemcachedReply> = fc
  .constantFrom('STORED', '42', 'SERVER_ERROR object too large for cache')
  .map((line) => ({ kind: 'line', line }));

function memcachedText(reply: MemcachedReply): string {
  switch (reply.kind) {
    case 'line':
      return `${reply.line}\r\n`;
    case 'stats':
      return `${reply.stats.map(([name, value]) => `STAT ${name} ${value}\r\n`).join('')}END\r\n`;
    case 'values':
      return `${reply.values
        .map(
          ({ key, flags, value, unique }) =>
            `VALUE ${key} ${flags} ${value.length}${unique === undefined ? '' : ` ${unique}`}\r\n${value}\r\n`,
        )
        .join('')}END\r\n`;
  }
}

const resp: fc.Arbitrary<RespValue> = fc.letrec<{ value: RespValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    word.map((text): RespValue => ({ kind: 'status', text })),
    word.map((text): RespValue => ({ kind: 'error', text })),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map((value): RespValue => ({ kind: 'integer', value })),
    fc.option(byteString(40)).map((value): RespValue => ({ kind: 'bulk', value })),
    fc.option(fc.array(tie('value'), { maxLength: 4 })).map((items): RespValue => ({ kind: 'array', items })),
  ),
})).value;

function respText(value: RespValue): string {
  switch (value.kind) {
    case 'status':
      return `+${value.text}\r\n`;
    case 'error':
      return `-${value.text}\r\n`;
    case 'integer':
      return `:${value.value}\r\n`;
    case 'bulk':
      return value.value === null ? '$-1\r\n' : `$${value.value.length}\r\n${value.value}\r\n`;
    case 'array':
      return value.items === null ? '*-1\r\n' : `*${value.items.length}\r\n${value.items.map(respText).join('')}`;
  }
}

describe('memcached replies', () => {
  it('are read from any segments', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(values, stats, lines), { maxLength: 6 }), cuts, (replies, at) => {
        const parser = new MemcachedReplyParser();
        const read = segments(replies.map(memcachedText).join(''), at).flatMap((segment) => parser.push(segment));
        expect(read).toEqual(replies);
        expect(parser.pending).toBe(false);
      }),
    );
  });

  it('that break the protocol are refused', () => {
    const read = (text: string): MemcachedReply[] => new MemcachedReplyParser().push(toBytes(text));
    expect(() => read('VALUE a b 3\r\nabc\r\n')).toThrow(ProtocolError);
    expect(() => read('VALUE a 0 3\r\nabcde\r\n')).toThrow('does not end in CRLF');
    expect(() => read('VALUE a 0 3\r\nabc\r\nSTORED\r\n')).toThrow('expected END');
  });

  it('by UDP come in any order of datagrams', () => {
    const assembler = new UdpReplyAssembler();
    const part = (sequence: number, text: string): Uint8Array => {
      const datagram = frameUdp(7, toBytes(text));
      new DataView(datagram.buffer).setUint16(2, sequence);
      new DataView(datagram.buffer).setUint16(4, 3);
      return datagram;
    };
    expect(assembler.push(part(2, 'c'))).toBeUndefined();
    expect(assembler.push(part(0, 'a'))).toBeUndefined();
    expect(assembler.push(part(0, 'a'))).toBeUndefined();
    expect(assembler.push(part(1, 'b'))).toEqual({ requestId: 7, payload: toBytes('abc') });
    expect(() => assembler.push(toBytes('short'))).toThrow(ProtocolError);
    expect(() => assembler.push(part(3, 'd'))).toThrow('datagram 3 of 3');
  });
});

describe('RESP replies', () => {
  it('are read from any segments', () => {
    fc.assert(
      fc.property(fc.array(resp, { maxLength: 6 }), cuts, (replies, at) => {
        const parser = new RespReplyParser();
        const read = segments(replies.map(respText).join(''), at).flatMap((segment) => parser.push(segment));
        expect(read).toEqual(replies);
        expect(parser.pending).toBe(false);
      }),
    );
  });

  it('that break the protocol are refused', () => {
    const read = (text: string): RespValue[] => new RespReplyParser().push(toBytes(text));
    expect(() => read('hello\r\n')).toThrow('expected one of + - : $ *');
    expect(() => read(':1x\r\n')).toThrow('expected an integer');
    expect(() => read('$1\r\nabc\r\n')).toThrow('CRLF');
  });
});

describe('HTTP replies', () => {
  const exchange = fc.record({
    method: fc.constantFrom('GET', 'HEAD'),
    status: fc.constantFrom(200, 304, 404),
    body: byteString(60),
  });

  it('are read from any segments, their ends by method and status', () => {
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 5 }), cuts, (exchanges, at) => {
        const parser = new HttpReplyParser();
        const seen = ({ method, status, body }: (typeof exchanges)[number]): string =>
          method === 'HEAD' || status === 304 ? '' : body;
        const text = exchanges
          .map((each) => `HTTP/1.1 ${each.status} X\r\nContent-Length: ${each.body.length}\r\n\r\n${seen(each)}`)
          .join('');
        for (const { method } of exchanges) parser.expect(method);
        const read = segments(text, at).flatMap((segment) => parser.push(segment));
        expect(read.map(({ status, body }) => ({ status, body }))).toEqual(
          exchanges.map((each) => ({ status: each.status, body: seen(each) })),
        );
        expect(parser.pending).toBe(false);
      }),
    );
  });

  it('that break the protocol are refused', () => {
    const read = (text: string): unknown => {
      const parser = new HttpReplyParser();
      parser.expect('GET');
      return parser.push(toBytes(text));
    };
    expect(() => read('HTTP/2 200 OK\r\n\r\n')).toThrow('expected a status line');
    expect(() => read('HTTP/1.1 200 OK\r\nno colon\r\n\r\n')).toThrow('expected a header field');
    expect(() => read('HTTP/1.1 200 OK\r\n\r\n')).toThrow('Content-Length ""');
  });

  it('with several ranges come apart', () => {
    const part = (range: string, body: string): string =>
      `\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/9\r\n\r\n${body}`;
    const headers = new Map([['content-type', 'multipart/byteranges; boundary=B']]);
    const reply = { status: 206, reason: '', headers, body: `${part('0-1', 'ab')}${part('4-4', 'e')}\r\n--B--\r\n` };
    expect(byteParts(reply)).toEqual([
      { type: 'text/plain', first: 0, last: 1, size: 9, body: 'ab' },
      { type: 'text/plain', first: 4, last: 4, size: 9, body: 'e' },
    ]);
    expect(() => byteParts({ ...reply, body: reply.body.slice(4) })).toThrow(ProtocolError);
  });
});
