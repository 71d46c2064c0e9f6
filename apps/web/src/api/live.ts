/** A campaign's events as they come, through lost connections. */
import { EventStreamReader, type LoggedEvent, type ProgressEvent } from '#libs/contracts';
import { useEffect, useState } from 'preact/hooks';
import { open, RefusedError } from './client.js';

export interface Live {
  readonly progress: ProgressEvent | null;
  /** Newest first. */
  readonly log: readonly LoggedEvent[];
  readonly connection: 'connecting' | 'open' | 'lost' | 'ended';
  /** Grows with every change of a run: what lists of runs look at. */
  readonly changes: number;
}

const longestLog = 200;
const firstPauseMs = 500;
const longestPauseMs = 8_000;

const nothing: Live = { progress: null, log: [], connection: 'connecting', changes: 0 };

/** @param id of the campaign; events from a little before now on. */
export function useLive(id: string): Live {
  const [live, setLive] = useState(nothing);
  useEffect(() => {
    const gone = new AbortController();
    setLive(nothing);
    void follow(id, gone.signal, (change) => setLive((before) => ({ ...before, ...change(before) })));
    return () => gone.abort();
  }, [id]);
  return live;
}

async function follow(
  id: string,
  signal: AbortSignal,
  update: (change: (before: Live) => Partial<Live>) => void,
): Promise<void> {
  const reader = { lastId: null as string | null };
  for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      for await (const events of connection(id, reader, signal)) {
        pause = firstPauseMs;
        const logged = events.filter((event) => event.kind !== 'progress' && event.kind !== 'end');
        const progress = events.filter((event) => event.kind === 'progress').at(-1);
        const ended = events.some((event) => event.kind === 'end');
        update((before) => ({
          connection: ended ? 'ended' : 'open',
          ...(progress === undefined ? {} : { progress }),
          ...(logged.length === 0
            ? {}
            : {
                log: [...logged.reverse(), ...before.log].slice(0, longestLog),
                changes: before.changes + logged.length,
              }),
        }));
        if (ended) return;
      }
    } catch (error) {
      // Not found, or not allowed: asking again would not help.
      if (error instanceof RefusedError && error.status < 500) return update(() => ({ connection: 'lost' }));
    }
    if (signal.aborted) return;
    update(() => ({ connection: 'lost' }));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Events of one connection; a broken one is resumed behind the last event that was seen. */
async function* connection(id: string, position: { lastId: string | null }, signal: AbortSignal) {
  const answer = await open(`/campaigns/${encodeURIComponent(id)}/events?tail=40`, {
    headers: { accept: 'text/event-stream', ...(position.lastId === null ? {} : { 'last-event-id': position.lastId }) },
    signal,
  });
  if (answer.body === null) return;
  const reader = new EventStreamReader(position.lastId);
  const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) return;
    const events = reader.push(value);
    position.lastId = reader.lastId;
    if (events.length > 0) yield events;
  }
}
