import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultyLink, type LinkFaults } from '../faulty-link.js';
import { Random } from '../random.js';
import { gigabit, join, TestClock } from '../simulated-link.testkit.js';
import { concat, equalBytes, u16 } from './bytes.js';
import { ipv4 } from './ipv4.js';
import { Station } from './station.js';
import type { TcpConnection, TcpEnd } from './tcp-connection.js';
import { tcpTiming } from './tcp-timing.js';

const SECOND = 3_200_000_000;
const serverIp = ipv4('10.0.2.15');
const clientIp = ipv4('10.0.2.2');
const timing = tcpTiming(SECOND);

function station(last: number, ip: number, seed: number): Station {
  return new Station({
    mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, last),
    ip,
    timing,
    arpInterval: SECOND / 100,
    random: new Random(seed, `station ${last}`),
  });
}

interface Net {
  readonly clock: TestClock;
  readonly client: Station;
  readonly server: Station;
  /** One line for each frame. */
  readonly frames: string[];
}

function network(seed = 1, faults?: LinkFaults): Net {
  const clock = new TestClock();
  const client = station(1, clientIp, seed);
  const server = station(0x56, serverIp, seed);
  const frames: string[] = [];
  const left = faults === undefined ? client : faultyLink(client, faults);
  join(clock, left, server, gigabit, (frame, cycle, from) =>
    frames.push(`${cycle} ${from} ${Buffer.from(frame).toString('hex')}`),
  );
  return { clock, client, server, frames };
}

/** What one side saw. */
class Side {
  readonly parts: Uint8Array[] = [];
  ended = false;
  end: TcpEnd | undefined;

  readonly events = {
    data: (bytes: Uint8Array): void => {
      if (this.ended || this.end !== undefined) throw new Error('data after the end');
      this.parts.push(bytes);
    },
    ended: (): void => {
      this.ended = true;
    },
    closed: (end: TcpEnd): void => {
      this.end = end;
    },
  };

  get received(): Uint8Array {
    return concat(this.parts);
  }
}

interface Part {
  readonly after: number;
  readonly seed: number;
  readonly size: number;
}

/** Writes `parts`, each when its time has come, then closes. */
function write(clock: TestClock, connection: TcpConnection, parts: readonly Part[]): void {
  let at = clock.now();
  for (const { after, seed, size } of parts) {
    at += after;
    clock.at(at, () => connection.send(bytesOf(seed, size)));
  }
  clock.at(at + 1, () => connection.close());
}

const contentOf = (parts: readonly Part[]): Uint8Array => concat(parts.map(({ seed, size }) => bytesOf(seed, size)));

const bytesOf = (seed: number, size: number): Uint8Array => {
  const random = new Random(seed, 'content');
  return Uint8Array.from({ length: size }, () => random.u32());
};

const partsArbitrary = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 2_000_000 }),
    seed: fc.nat({ max: 1000 }),
    size: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 })),
  }),
  { maxLength: 6 },
);

const share = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true });

describe('a TCP connection', () => {
  it('carries both streams whole and in order over a link that loses, repeats, reorders and damages frames', () => {
    fc.assert(
      fc.property(
        fc.record({
          loss: share(0.2),
          duplicate: share(0.2),
          reorder: share(0.3),
          corrupt: share(0.1),
          reorderCycles: fc.constantFrom(20_000, 500_000, 400_000_000),
          seed: fc.nat(),
        }),
        partsArbitrary,
        partsArbitrary,
        (faults, fromClient, fromServer) => {
          const { clock, client, server } = network(faults.seed, faults);
          const near = new Side();
          const far = new Side();
          server.tcpListen(80, (connection) => {
            write(clock, connection, fromServer);
            return far.events;
          });
          const connection: TcpConnection = client.tcpConnect(serverIp, 80, {
            ...near.events,
            established: () => write(clock, connection, fromClient),
          });
          clock.run(600 * SECOND);
          expect(equalBytes(near.received, contentOf(fromServer))).toBe(true);
          expect(equalBytes(far.received, contentOf(fromClient))).toBe(true);
          expect(near.ended && far.ended).toBe(true);
          // The last acknowledgment may be lost as often as it likes: then one side gives up waiting for it.
          expect(['finished', 'timeout', 'reset']).toContain(near.end);
          expect(['finished', 'timeout', 'reset']).toContain(far.end);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('closes in order on a good link, whoever closes first', () => {
    fc.assert(
      fc.property(partsArbitrary, partsArbitrary, (fromClient, fromServer) => {
        const { clock, client, server } = network();
        const near = new Side();
        const far = new Side();
        server.tcpListen(80, (connection) => {
          write(clock, connection, fromServer);
          return far.events;
        });
        const connection: TcpConnection = client.tcpConnect(serverIp, 80, near.events);
        write(clock, connection, fromClient);
        clock.run(600 * SECOND);
        expect([near.end, far.end]).toEqual(['finished', 'finished']);
      }),
      { numRuns: 30 },
    );
  });

  it('sends the same frames at the same cycles for the same seed, others for another', () => {
    const transfer = (seed: number): string[] => {
      const { clock, client, server, frames } = network(seed, { loss: 0.1, reorder: 0.2, duplicate: 0.1, seed });
      server.tcpListen(80, (connection) => {
        connection.send(bytesOf(1, 30_000));
        return { data: () => undefined, ended: () => connection.close() };
      });
      const connection = client.tcpConnect(serverIp, 80, { data: () => undefined });
      write(clock, connection, [{ after: 0, seed: 2, size: 20_000 }]);
      clock.run(600 * SECOND);
      return frames;
    };
    const one = transfer(5);
    expect(one.length).toBeGreaterThan(40);
    expect(transfer(5)).toEqual(one);
    expect(transfer(6)).not.toEqual(one);
  });

  it('stops at a closed window, probes it, and goes on when it opens', () => {
    const { clock, client, server, frames } = network();
    const far = new Side();
    let accepted: TcpConnection | undefined;
    server.tcpListen(80, (connection) => {
      accepted = connection;
      connection.pause();
      return far.events;
    });
    const content = bytesOf(3, 200_000);
    const connection = client.tcpConnect(serverIp, 80, { data: () => undefined });
    connection.send(content);
    connection.close();
    clock.run(20 * SECOND);
    expect(far.received).toHaveLength(0);
    const sent = frames.length;
    clock.run(40 * SECOND);
    // Probes, at most one a second and its answer, for longer than a connection without answers lives.
    expect(frames.length - sent).toBeGreaterThan(10);
    expect(frames.length - sent).toBeLessThan(60);
    accepted?.resume();
    accepted?.close();
    clock.run(60 * SECOND);
    expect(equalBytes(far.received, content)).toBe(true);
    expect(far.end).toBe('finished');
  });

  it('repairs one lost segment without waiting for the timeout', () => {
    const { clock, client, server } = network();
    const far = new Side();
    server.tcpListen(80, () => far.events);
    let data = 0;
    const drop = (frame: Uint8Array): boolean => frame.length > 1000 && u16(frame, 36) === 80 && ++data === 5;
    const receive = server.receive.bind(server);
    server.receive = (frame) => (drop(frame) ? undefined : receive(frame));
    const content = bytesOf(4, 50_000);
    client.tcpConnect(serverIp, 80, { data: () => undefined }).send(content);
    clock.run(timing.minRto / 2);
    expect(data).toBeGreaterThan(5);
    expect(equalBytes(far.received, content)).toBe(true);
  });

  it('is refused by a closed port and given up when nobody answers', () => {
    const { clock, client, server } = network();
    const refused = new Side();
    client.tcpConnect(serverIp, 81, refused.events);
    clock.run(SECOND);
    expect(refused.end).toBe('refused');
    const lost = new Side();
    server.receive = () => undefined;
    client.tcpConnect(serverIp, 80, lost.events);
    clock.run(60 * SECOND);
    expect(lost.end).toBe('timeout');
  });

  it('reports a reset, and gives up when its segments are not answered any more', () => {
    const { clock, client, server } = network();
    const near = new Side();
    let accepted: TcpConnection | undefined;
    server.tcpListen(80, (connection) => {
      accepted = connection;
      return { data: () => undefined };
    });
    client.tcpConnect(serverIp, 80, near.events);
    clock.run(SECOND);
    accepted?.abort();
    clock.run(2 * SECOND);
    expect(near.end).toBe('reset');
    const cut = new Side();
    const connection = client.tcpConnect(serverIp, 80, cut.events);
    clock.run(3 * SECOND);
    server.receive = () => undefined;
    connection.send(bytesOf(1, 10));
    clock.run(60 * SECOND);
    expect(cut.end).toBe('timeout');
  });

  it('acknowledges what it gets without writing anything, within the delay', () => {
    const { clock, client, server, frames } = network();
    server.tcpListen(80, (connection) => {
      connection.send(Uint8Array.of(1));
      return { data: () => undefined };
    });
    client.tcpConnect(serverIp, 80, { data: () => undefined });
    clock.run(timing.minRto / 2);
    const fromServer = frames.filter((line) => line.includes(' right ')).length;
    clock.run(10 * SECOND);
    expect(frames.filter((line) => line.includes(' right '))).toHaveLength(fromServer);
  });
});
