/** Server-sent events of a campaign (text/event-stream), resumed after a lost connection where they stopped. */
import { EventStreamReader, type StreamEvent } from '#libs/contracts';
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
  const reader = new EventStreamReader(position.lastId);
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
    for (const event of reader.push(decoder.decode(chunk, { stream: true }))) {
      position.lastId = reader.lastId;
      yield event;
    }
}
