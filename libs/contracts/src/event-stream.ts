import type { StreamEvent } from './events.js';

/**
 * Takes the text of GET /campaigns/:id/events (text/event-stream) in pieces of any size and gives the events that are
 * complete. `lastId` is where a new connection goes on (header Last-Event-ID).
 */
export class EventStreamReader {
  private pending = '';
  /** A carriage return at the end of a piece: the line feed of the same line end may follow in the next. */
  private heldReturn = false;

  constructor(public lastId: string | null = null) {}

  push(piece: string): StreamEvent[] {
    const text = (this.heldReturn ? '\r' : '') + piece;
    this.heldReturn = text.endsWith('\r');
    this.pending += (this.heldReturn ? text.slice(0, -1) : text).replace(/\r\n?/g, '\n');
    const events: StreamEvent[] = [];
    for (let end = this.pending.indexOf('\n\n'); end >= 0; end = this.pending.indexOf('\n\n')) {
      const { id, data } = readMessage(this.pending.slice(0, end));
      this.pending = this.pending.slice(end + 2);
      if (id !== null) this.lastId = id;
      if (data !== '') events.push(JSON.parse(data) as StreamEvent);
    }
    return events;
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
