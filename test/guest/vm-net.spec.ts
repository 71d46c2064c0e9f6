/**
 * The network of the guest kernel against another implementation of the same protocols, the load generator's end station,
 * on a good and on a bad cable. The program guest/vmtest serves (net.c).
 */
import type { LinkPeer } from '#libs/riscv-core';
import { describe, expect, it } from 'vitest';
import { faultyLink } from '../../libs/duvisor/src/loadgen/faulty-link.js';
import { ipv4 } from '../../libs/duvisor/src/loadgen/net/ipv4.js';
import { Station } from '../../libs/duvisor/src/loadgen/net/station.js';
import { tcpTiming } from '../../libs/duvisor/src/loadgen/net/tcp-timing.js';
import { PowerOff } from '../../libs/duvisor/src/loadgen/power-off.js';
import { Random } from '../../libs/duvisor/src/loadgen/random.js';
import { diskImage, onSimulator, type Ended } from './vm.testkit.js';

const GUEST = ipv4('10.0.2.15');
const SECOND = 1_000_000_000; // cycles of the untimed machine: see serve()
const SERVE = 'ip=10.0.2.15/24 run=/vmtest,serve';

const pattern = (i: number): number => (i * 7 + Math.floor(i / 256) * 13) & 0xff;
const patternBytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => pattern(i));
const text = (line: string): Uint8Array => new TextEncoder().encode(line);

const good = (peer: LinkPeer): LinkPeer => peer;

/** A client: starts when the guest serves, calls `done` once with what it has seen. */
type Client = (station: Station, done: (seen: unknown) => void, cyclesPerSecond: number) => void;

/** Runs all clients at once; powers off when the last is done. What they saw, in their order. */
function serve(
  clients: readonly Client[],
  cable: (peer: LinkPeer) => LinkPeer = good,
  disk?: Uint8Array,
): { seen: unknown[]; ended: Ended } {
  const seen: unknown[] = [];
  const station = new Station({
    mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x01),
    ip: ipv4('10.0.2.2'),
    timing: tcpTiming(SECOND),
    arpInterval: SECOND / 100,
    random: new Random(1, 'station'),
  });
  let left = clients.length;
  let off = false;
  const ended = onSimulator({
    append: SERVE,
    peer: cable(station),
    ...(disk === undefined ? {} : { disk }),
    said: {
      line: 'serving',
      then: (cyclesPerSecond) => {
        expect(cyclesPerSecond).toBe(SECOND);
        const powerOff = new PowerOff(station, GUEST, SECOND / 10, (answered) => (off = answered));
        clients.forEach((client, index) =>
          client(
            station,
            (result) => {
              seen[index] = result;
              left -= 1;
              if (left === 0) powerOff.ask();
            },
            cyclesPerSecond,
          ),
        );
      },
    },
  });
  // The last datagram may be lost on a bad cable; that the machine has ended is answer enough.
  if (cable === good) expect(off, 'the guest has answered "bye"').toBe(true);
  return { seen, ended };
}

/** Collects a connection's whole stream, of which `look` makes what was seen; `start` may send. */
const stream =
  (
    port: number,
    start: (connection: ReturnType<Station['tcpConnect']>) => void,
    look: (bytes: Buffer) => unknown = (bytes) => bytes,
  ): Client =>
  (station, done) => {
    const pieces: Uint8Array[] = [];
    const connection = station.tcpConnect(GUEST, port, {
      data: (bytes) => pieces.push(bytes.slice()),
      ended: () => connection.close(),
      closed: (end) => done({ end, bytes: look(Buffer.concat(pieces)) }),
    });
    start(connection);
  };

/** Sends `size` bytes to be echoed, closes when all are back. */
const echo =
  (size: number, seed: number): Client =>
  (station, done) => {
    const random = new Random(seed, 'echo');
    const sent = Uint8Array.from({ length: size }, () => random.u32() & 0xff);
    const pieces: Uint8Array[] = [];
    let received = 0;
    const connection = station.tcpConnect(GUEST, 7, {
      data: (bytes) => {
        pieces.push(bytes.slice());
        received += bytes.length;
        if (received >= size) connection.close();
      },
      closed: (end) => done({ end, same: Buffer.concat(pieces).equals(sent) }),
    });
    connection.send(sent);
  };
const echoed = { end: 'finished', same: true };

const download = (size: number): Client =>
  stream(
    19,
    (connection) => connection.send(text(`${size}\n`)),
    (bytes) => bytes.equals(patternBytes(size)) || bytes.length,
  );
const downloaded = { end: 'finished', bytes: true };

/** Fills the guest's closed window, then lets it read. */
const upload =
  (size: number): Client =>
  (station, done, cyclesPerSecond) => {
    stream(10, (connection) => {
      connection.send(patternBytes(size));
      connection.close();
    })(station, done, cyclesPerSecond);
    const go = station.udpOpen(0, () => undefined);
    const ask = (): void => {
      go.send({ ip: GUEST, port: 10, payload: text('go') });
      station.clock.at(station.clock.now() + cyclesPerSecond, ask);
    };
    station.clock.at(station.clock.now() + cyclesPerSecond, ask);
  };
const uploaded = (size: number): unknown => {
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(size));
  return { end: 'finished', bytes: count };
};

const datagram =
  (size: number): Client =>
  (station, done) => {
    const payload = patternBytes(size);
    const port = station.udpOpen(0, (reply) => done(Buffer.from(reply.payload)));
    port.send({ ip: GUEST, port: 7, payload });
  };

describe('on a good cable', () => {
  it('echoes datagrams of every kind of size', () => {
    const sizes = [0, 1, 2, 17, 18, 1471, 1472];
    const { seen } = serve(sizes.map(datagram));
    expect(seen).toEqual(sizes.map((size) => Buffer.from(patternBytes(size))));
  });

  it('echoes streams, many at once', () => {
    const sizes = [1, 2, 3, 1459, 1460, 1461, 32_767, 32_768, 32_769, 100_000, ...Array<number>(50).fill(777)];
    const { seen } = serve(sizes.map((size, seed) => echo(size, seed)));
    expect(seen).toEqual(sizes.map(() => echoed));
  });

  it('sends more than its buffer holds, and ends the stream after the last byte', () => {
    const { seen } = serve([download(0), download(1), download(300_000)]);
    expect(seen).toEqual([downloaded, downloaded, downloaded]);
  });

  it('closes its window when a process does not read, and opens it again', () => {
    const { seen } = serve([upload(200_000), upload(10)]);
    expect(seen).toEqual([uploaded(200_000), uploaded(10)]);
  });

  it('waits for a peer that does not read', () => {
    const pausing: Client = (station, done, cyclesPerSecond) => {
      let size = 0;
      const connection = station.tcpConnect(GUEST, 19, {
        established: () => connection.pause(),
        data: (bytes) => (size += bytes.length),
        ended: () => connection.close(),
        closed: (end) => done({ end, size }),
      });
      connection.send(text('400000\n'));
      station.clock.at(station.clock.now() + 5 * cyclesPerSecond, () => connection.resume());
    };
    expect(serve([pausing]).seen).toEqual([{ end: 'finished', size: 400_000 }]);
  });

  it('sends files of the disk without a copy through the process', () => {
    const sizes = [0, 5000, 100_000];
    const disk = diskImage(sizes);
    const get = (path: string): Client => stream(80, (connection) => connection.send(text(`${path}\n`)));
    const { seen } = serve(
      [get('/disk/f000'), get('/disk/f001'), get('/disk/f002'), get('/disk/none')],
      undefined,
      disk,
    );
    const bodies = seen.map((entry) => (entry as { bytes: Buffer }).bytes);
    expect(bodies.map((body) => body.length)).toEqual([5, 5005, 100_005, 4]);
    expect(bodies[2]!.subarray(5, 9)).toEqual(Buffer.from([62, 69, 76, 83]));
    expect(bodies[2]![5 + 99_999]).toBe((62 + 99_999 * 7 + 24) & 0xff);
    expect(bodies[3]!.toString()).toBe('none');
  });

  it('refuses a connection to a port where nobody listens', () => {
    expect(serve([stream(81, () => undefined)]).seen).toEqual([{ end: 'refused', bytes: Buffer.alloc(0) }]);
  });

  it('forgets a connection that the peer resets', () => {
    const resetting: Client = (station, done) => {
      const connection = station.tcpConnect(GUEST, 7, {
        established: () => connection.send(text('abc')),
        data: () => connection.abort(),
        closed: done,
      });
    };
    expect(serve([resetting, echo(10, 1)]).seen).toEqual(['aborted', echoed]);
  });

  it('repeats itself to the instruction', () => {
    const run = (): number | undefined => serve([echo(20_000, 1), download(20_000)]).ended.instret;
    expect(run()).toBe(run());
  });
});

describe('on a bad cable', () => {
  it.each([1, 2, 3, 4])('loses, doubles, reorders and damages nothing of a stream (seed %i)', (seed) => {
    const faults = { loss: 0.03, duplicate: 0.03, reorder: 0.05, corrupt: 0.02, seed };
    const { seen } = serve([echo(60_000, seed), download(100_000), upload(60_000)], (peer) => faultyLink(peer, faults));
    expect(seen).toEqual([echoed, downloaded, uploaded(60_000)]);
  });

  it('gets through a cable that loses a quarter', () => {
    const { seen } = serve([download(20_000), echo(5000, 1)], (peer) => faultyLink(peer, { loss: 0.25, seed: 7 }));
    expect(seen).toEqual([downloaded, echoed]);
  });
});
