import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader } from './event-stream.js';

const text =
  ': a comment\n\nid: 4\r\ndata: {"kind":\r\ndata: "alarm"}\r\n\r\nevent: progress\ndata:{"kind":"progress"}\n\nid: 9\ndata: {"kind":"end"}\n\n';

describe('a stream of events', () => {
  it('is read the same however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const reader = new EventStreamReader();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const events = places.slice(1).flatMap((to, index) => reader.push(text.slice(places[index], to)));
        expect(events.map((event) => event.kind)).toEqual(['alarm', 'progress', 'end']);
        expect(reader.lastId).toBe('9');
      }),
    );
  });

  it('keeps what is not complete, and goes on from the last id it was given', () => {
    const reader = new EventStreamReader('3');
    expect(reader.push('data: {"kind":"end"}\n')).toEqual([]);
    expect(reader.lastId).toBe('3');
    expect(reader.push('\n')).toHaveLength(1);
  });
});
