import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { apiClient, UnreachableError } from '#libs/platform';
import { campaignEvents } from './stream.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that sends `pieces` one by one and ends, or breaks the connection. */
async function serving(pieces: string[], seen: string[] = [], broken = false): Promise<string> {
  server = createServer((request, response) => {
    seen.push(`${request.url ?? ''} ${String(request.headers['last-event-id'])}`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
    if (broken) response.socket?.destroy();
    else response.end();
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server?.address() as AddressInfo).port)}`;
}

async function kindsFrom(url: string, position: { lastId: string | null } = { lastId: null }): Promise<string[]> {
  const kinds: string[] = [];
  for await (const event of campaignEvents(apiClient(url, 'k'), '7', position, new AbortController().signal))
    kinds.push(event.kind);
  return kinds;
}

describe('the event stream of a campaign', () => {
  it('is read however it is cut into pieces, comments and carriage returns included', async () => {
    const url = await serving([
      ': hello\n\n',
      'id: 4\nda',
      'ta: {"kind":\ndata: "alarm"}\n',
      '\ndata: {"kind":"end"}\r\n\r\n',
    ]);
    expect(await kindsFrom(url)).toEqual(['alarm', 'end']);
  });

  it('is resumed behind the last event that was seen', async () => {
    const seen: string[] = [];
    const position = { lastId: null as string | null };
    await kindsFrom(await serving(['id: 41\ndata: {"kind":"alarm"}\n\n'], seen), position);
    expect(position.lastId).toBe('41');
    await kindsFrom(await serving([], seen), position);
    expect(seen).toEqual(['/api/v1/campaigns/7/events undefined', '/api/v1/campaigns/7/events 41']);
  });

  it('fails as unreachable when nobody answers', async () => {
    const url = await serving([]);
    server?.close();
    server?.closeAllConnections();
    await expect(kindsFrom(url)).rejects.toBeInstanceOf(UnreachableError);
  });

  it('fails when the connection breaks in the middle', async () => {
    await expect(kindsFrom(await serving(['data: {"kind":"al'], [], true))).rejects.toThrow();
  });
});
