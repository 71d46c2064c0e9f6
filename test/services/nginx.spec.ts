/** The Nginx-like service against the model: any requests, right or wrong, in any segments; and what no client should send. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StaticFilesModel } from '../../libs/duvisor/src/loadgen/models/http.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { HttpReplyParser, httpText } from '../../libs/duvisor/src/loadgen/protocols/http.js';
import { files, httpDifference, httpRequests } from './nginx-streams.testkit.js';
import { byteString, cuts } from './segments.testkit.js';
import { emulatorInstalled, startService, type RunningService } from './service.testkit.js';

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

  const status = async (text: string): Promise<string> => (await service.conversation(text)).slice(9, 12);

  it('answers any requests in any segments as the model does', async () => {
    await fc.assert(
      fc.asyncProperty(httpRequests, cuts, async (requests, at) => {
        const received = await service.conversation(requests.map(httpText).join(''), at);
        expect(httpDifference(requests, model, received)).toBeUndefined();
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
