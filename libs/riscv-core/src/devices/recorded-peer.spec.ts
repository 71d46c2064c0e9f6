import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Link, type FarEnd } from './link.js';
import { recordedPeer } from './recorded-peer.js';
import { StateError } from './state-reader.js';
import { TestTime } from './virtio.testkit.js';

const TIMING = { latency: 500, cyclesPerByte: 1 };

/** Answers some frames, makes appointments, keeps what it saw in closures; all by chance, which follows from its own numbers. */
function restless(): FarEnd & { readonly log: string[] } {
  const log: string[] = [];
  let chance = 12345;
  const next = (below: number): number => {
    chance = (Math.imul(chance, 1103515245) + 12345) >>> 0;
    return (chance >>> 8) % below;
  };
  let send: (frame: Uint8Array) => void = () => undefined;
  let act: (cycle: number) => void = () => undefined;
  return {
    log,
    connect: (send_, clock) => {
      send = send_;
      act = (cycle) => {
        log.push(`${cycle} ${clock.now()} ${chance}`);
        const kept = next(1000);
        for (let left = next(3); left > 0; left--)
          clock.at(clock.now() + next(2) * next(3000), (due) => {
            log.push(`${due} kept ${kept}`);
            if (next(3) === 0) act(due);
          });
        if (next(2) === 0) send(new Uint8Array(14 + next(200)).fill(kept));
      };
      act(0);
      clock.at(100_000, act);
    },
    receive: (frame, cycle) => {
      log.push(`${cycle} received ${frame.length}`);
      act(cycle);
    },
  };
}

function setUp() {
  const far = restless();
  const peer = recordedPeer('restless', far);
  const time = new TestTime();
  const arrived: string[] = [];
  const link = new Link(peer, time, TIMING, (frame) => void arrived.push(`${time.now()} ${frame.length} ${frame[0]}`));
  return { far, peer, time, link, arrived };
}

describe('a recorded far end', () => {
  it('cut at any cycle, goes on in another machine as it would have, again and again', () => {
    const frames = fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 14, max: 300 })), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(frames, fc.nat(24), fc.nat(24), (sends, a, b) => {
        const whole = setUp();
        let here = setUp();
        let arrived: string[] = [];
        for (const [index, [gap, size]] of sends.entries()) {
          for (const one of [whole, here]) {
            one.time.advance(one.time.cycle + gap);
            one.link.fromNic(new Uint8Array(size));
          }
          if (index !== a && index !== b) continue;
          const [queue, link, state] = [here.time.state(), here.link.state(), here.peer.saved!.state()];
          const fresh = setUp();
          fresh.time.cycle = here.time.cycle;
          fresh.time.restore(queue);
          fresh.link.restore(link);
          fresh.peer.saved!.restore(state);
          // Told again, it has seen all that it saw; what it sent then does not arrive twice.
          expect(fresh.far.log).toEqual(here.far.log);
          arrived = [...arrived, ...here.arrived];
          here = fresh;
        }
        whole.time.runAll();
        here.time.runAll();
        expect(here.far.log).toEqual(whole.far.log);
        expect([...arrived, ...here.arrived]).toEqual(whole.arrived);
        expect(here.time.state()).toEqual(whole.time.state());
      }),
    );
  });

  it('refuses what happened to another one', () => {
    const { peer, time } = setUp();
    time.advance(100_000);
    const [history, pending] = peer.saved!.state() as readonly [readonly unknown[], readonly unknown[]];
    const refused = (state: unknown): void => {
      expect(() => setUp().peer.saved!.restore(state as never)).toThrow(StateError);
    };
    refused([[...history, [100_001, 99_999]], pending]);
    refused([history, [...pending, [99_999, 1]]]);
    refused([[...history, [100_001, 'words']], pending]);
  });
});
