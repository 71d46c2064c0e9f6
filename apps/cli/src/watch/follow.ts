/** Follows a campaign to its end, through lost connections and restarts of the controller. */
import { setTimeout as delay } from 'node:timers/promises';
import { campaignViewSchema, type CampaignView } from '#libs/contracts';
import { type ApiClient, ApiError, UnreachableError } from '#libs/platform';
import type { Display } from './display.js';
import { campaignEvents } from './stream.js';

const pauseMs = 300;

/**
 * @param reconnect called when the controller does not answer; gives the client to go on with, or throws to give up.
 * @returns the campaign as it ended.
 */
export async function follow(
  api: ApiClient,
  id: string,
  display: Display,
  signal: AbortSignal,
  reconnect: (lost: UnreachableError) => Promise<ApiClient>,
): Promise<CampaignView> {
  const position = { lastId: null as string | null };
  let client = api;
  for (;;) {
    signal.throwIfAborted();
    try {
      for await (const event of campaignEvents(client, id, position, signal)) {
        if (event.kind === 'progress') display.show(event);
        else if (event.kind === 'alarm') display.say(`ALARM: run ${event.runId}: ${event.detail}`);
        else if (event.kind === 'end') break;
      }
      const campaign = await client.call(`/campaigns/${id}`, campaignViewSchema, { signal });
      if (campaign.endedAt !== null) return campaign;
    } catch (error) {
      signal.throwIfAborted();
      const lost = error instanceof UnreachableError ? error : brokenStream(client.url, error);
      if (lost !== null) client = await reconnect(lost);
      // 503: the controller is there and waits for its database, as we do for both.
      else if (!(error instanceof ApiError && error.status === 503)) throw error;
    }
    await delay(pauseMs, undefined, { signal });
  }
}

/** A stream that ends in the middle of an event is a lost connection too. */
function brokenStream(url: string, error: unknown): UnreachableError | null {
  return error instanceof TypeError || (error instanceof Error && error.name === 'AbortError')
    ? new UnreachableError(url, error)
    : null;
}
