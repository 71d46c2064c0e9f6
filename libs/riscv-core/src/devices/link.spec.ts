import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { echoPeer } from './echo-peer.js';
import { Link } from './link.js';
import { TestTime } from './virtio.testkit.js';

const TIMING = { latency: 1000, cyclesPerByte: 2 };
/** Cycles that a frame of `bytes` occupies the link. */
const occupancy = (bytes: number): number => 2 * (Math.max(bytes, 60) + 24);

describe('link', () => {
  it('delivers a frame when its last byte has travelled, and says when it has left', () => {
    const time = new TestTime();
    const arrivals: number[] = [];
    const peer = { connect: () => undefined, receive: (_: Uint8Array, cycle: number) => void arrivals.push(cycle) };
    const link = new Link(peer, time, TIMING, () => undefined);
    time.cycle = 50;
    expect(link.fromNic(new Uint8Array(100))).toBe(50 + 248);
    expect(link.fromNic(new Uint8Array(14))).toBe(50 + 248 + 168);
    time.runAll();
    expect(arrivals).toEqual([50 + 248 + 1000, 50 + 248 + 168 + 1000]);
  });

  it('refuses what is no Ethernet frame', () => {
    const link = new Link(echoPeer(), new TestTime(), TIMING, () => undefined);
    for (const size of [0, 13, 1515]) expect(() => link.fromNic(new Uint8Array(size))).toThrow(RangeError);
  });

  it('keeps what was sent when the sender reuses its buffer', () => {
    const time = new TestTime();
    const seen: Uint8Array[] = [];
    const link = new Link(
      { connect: () => undefined, receive: (frame) => void seen.push(frame) },
      time,
      TIMING,
      () => undefined,
    );
    const frame = new Uint8Array(20).fill(1);
    link.fromNic(frame);
    frame.fill(2);
    time.runAll();
    expect(seen).toEqual([new Uint8Array(20).fill(1)]);
  });

  it('any frames sent at any cycles come back from an echo in order, none earlier than the link allows', () => {
    const sends = fc.array(fc.record({ gap: fc.nat(5000), size: fc.integer({ min: 14, max: 1514 }) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(sends, (frames) => {
        const time = new TestTime();
        const back: { tag: number; size: number; cycle: number }[] = [];
        const link = new Link(echoPeer(), time, TIMING, (frame) => {
          back.push({ tag: frame[12]!, size: frame.length, cycle: time.now() });
        });
        const sent: number[] = [];
        frames.forEach(({ gap, size }, tag) => {
          time.advance(time.cycle + gap);
          sent.push(time.cycle);
          const frame = new Uint8Array(size);
          frame[12] = tag;
          link.fromNic(frame);
        });
        const pending = link.state();
        time.runAll();
        expect(back.map(({ tag, size }) => ({ tag, size }))).toEqual(frames.map(({ size }, tag) => ({ tag, size })));
        back.forEach(({ size, cycle }, i) => {
          expect(cycle).toBeGreaterThanOrEqual(sent[i]! + 2 * (occupancy(size) + TIMING.latency));
          if (i > 0) expect(cycle - back[i - 1]!.cycle).toBeGreaterThanOrEqual(occupancy(size));
        });
        // What was under way was part of the state, and nothing is left.
        if (back.some(({ cycle }) => cycle > (sent.at(-1) ?? 0))) expect(link.state()).not.toEqual(pending);
        expect(link.state()).toEqual([
          [expect.any(Number), []],
          [expect.any(Number), []],
        ]);
      }),
    );
  });
});
