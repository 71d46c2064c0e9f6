/** Server-sent events of a campaign (text/event-stream), resumed after a lost connection where they stopped. */
import type { StreamEvent } from '#libs/contracts';
import type { ApiClient } from '#libs/platform';

/** Events of one connection, oldest first; ends when the connection does. `lastId` is kept up to date for the next one. */
export async function* campaignEvents(
  api: ApiClient,
  campaign: string,
  position: { lastId: string | null },
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const answer = await api.open(`/campaigns/${campaign}/events`, {
    headers: {
      accept: 'text/event-stream',
      ...(position.lastId === null ? {} : { 'last-event-id': position.lastId }),
    },
    signal,
  });
  if (answer.body === null) return;
  let pending = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(chunk, { stream: true }).replace(/\r\n?/g, '\n');
    for (let end = pending.indexOf('\n\n'); end >= 0; end = pending.indexOf('\n\n')) {
      const message = readMessage(pending.slice(0, end));
      pending = pending.slice(end + 2);
      if (message.id !== null) position.lastId = message.id;
      if (message.data !== '') yield JSON.parse(message.data) as StreamEvent;
    }
  }
}

function readMessage(block: string): { id: string | null; data: string } {
  const data: string[] = [];
  let id: string | null = null;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
  return { id, data: data.join('\n') };
}
