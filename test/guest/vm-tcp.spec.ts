/**
 * The guest kernel's TCP, segment by segment: what it does when the peer is silent, wrong or hostile. A scripted peer
 * (raw-peer.testkit.ts) against the servers of guest/vmtest/net.c.
 */
import { describe, expect, it } from 'vitest';
import { ETHERTYPE_IPV4 } from '../../libs/duvisor/src/loadgen/net/ethernet.js';
import { ACK, FIN, RST, SYN } from '../../libs/duvisor/src/loadgen/net/tcp-segment.js';
import { Random } from '../../libs/duvisor/src/loadgen/random.js';
import { RawConnection, RawPeer, type Script, type Seen } from './raw-peer.testkit.js';
import { onSimulator } from './vm.testkit.js';

/** Cycles of the untimed machine. */
const SECOND = 1_000_000_000;
const MS = SECOND / 1000;
const QUIET = 150 * MS; // longer than a delayed ACK, shorter than any retransmission

const text = (line: string): Uint8Array => new TextEncoder().encode(line);
const plain = (payload: Uint8Array): string => new TextDecoder().decode(payload);

function play<T>(script: (peer: RawPeer<T>) => Script<T>, memoryMiB = 128): T {
  const peer = new RawPeer<T>(script);
  const ended = onSimulator({
    append: 'ip=10.0.2.15/24 run=/vmtest,serve',
    memoryMiB,
    peer,
    said: {
      line: 'serving',
      then: (cyclesPerSecond) => {
        expect(cyclesPerSecond).toBe(SECOND);
        peer.start();
      },
    },
  });
  expect(ended.code, ended.console).toBe(0);
  expect(ended.console).not.toContain('failed');
  return peer.result as T;
}

/** A connection to `port` that is established. */
function* open(peer: RawPeer<unknown>, port: number, own = 4000): Generator<number, RawConnection, Seen | undefined> {
  const connection = new RawConnection(peer, port, own);
  if ((yield* connection.handshake()) === undefined) throw new Error(`no answer from port ${port}`);
  return connection;
}

/** Sends `line` on a fresh connection to the echo port, and what comes back. */
function* echo(peer: RawPeer<unknown>, own: number, line = 'alive'): Generator<number, string, Seen | undefined> {
  const connection = new RawConnection(peer, 7, own);
  if ((yield* connection.handshake()) === undefined) return 'no handshake';
  connection.send(ACK, text(line));
  for (;;) {
    const segment = yield* connection.receive(SECOND);
    if (segment === undefined || segment.payload.length > 0) {
      connection.next += line.length;
      connection.send(RST);
      return segment === undefined ? 'no echo' : plain(segment.payload);
    }
  }
}

const gaps = (seen: readonly Seen[]): number[] =>
  seen.slice(1).map((segment, i) => Math.round((segment.cycle - seen[i]!.cycle) / (10 * MS)) * 10);

describe('a connection', () => {
  it('opens with an MSS, echoes, and closes in both orders', () => {
    const seen = play(function* (peer) {
      const c = new RawConnection(peer, 7, 4000);
      const answer = yield* c.handshake();
      c.send(ACK, text('abc'));
      c.next += 3;
      const reply = yield* c.receive(QUIET);
      c.expected += 3;
      c.send(ACK | FIN);
      c.next += 1;
      const closing = yield* c.drain(QUIET);
      const fin = closing.at(-1);
      c.expected += 1;
      c.send(ACK);
      // The other order: the server ends first.
      const d = yield* open(peer, 19, 4001);
      d.send(ACK, text('0\n'));
      d.next += 2;
      const first = (yield* d.drain(QUIET)).at(-1);
      d.expected += 1;
      d.send(ACK | FIN);
      const last = yield* d.receive(QUIET);
      // In TIME-WAIT a FIN that comes again is acknowledged again.
      d.send(ACK | FIN);
      const again = yield* d.receive(QUIET);
      return {
        mss: answer?.mss,
        flags: answer?.flags,
        reply: plain(reply!.payload),
        fin: fin!.flags & FIN,
        first: first!.flags & FIN,
        acknowledged: [last, again].map((segment) => segment!.acknowledgment - d.next),
      };
    });
    expect(seen).toEqual({ mss: 1460, flags: SYN | ACK, reply: 'abc', fin: FIN, first: FIN, acknowledged: [1, 1] });
  });

  it('half open, is answered again with back-off, and forgotten', () => {
    const seen = play(function* (peer) {
      const c = new RawConnection(peer, 7, 4000);
      c.send(SYN, undefined, { mss: 1460 });
      const answers = yield* c.drain(70 * SECOND);
      c.send(ACK, undefined, { sequence: 1001, acknowledgment: answers[0]!.sequence + 1 });
      const late = yield* c.receive(SECOND);
      return { gaps: gaps(answers), late: late?.flags };
    });
    expect(seen).toEqual({ gaps: [1000, 2000, 4000, 8000, 16_000], late: RST });
  });

  it('repeats what is not acknowledged, each time later, then goes on', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 19);
      c.send(ACK, text('2000\n'));
      c.next += 5;
      const segments: Seen[] = [];
      for (let n = 0; n < 7; n++) segments.push((yield* c.receive(5 * SECOND))!);
      const repeated = segments.filter(({ sequence, payload }) => sequence === c.expected && payload.length > 0);
      c.expected += 1460;
      c.send(ACK);
      const rest = yield* c.receive(QUIET);
      return { gaps: gaps(repeated).slice(0, 4), rest: rest!.payload.length };
    });
    expect(seen).toEqual({ gaps: [200, 400, 800, 1600], rest: 540 });
  });

  it('is given up when the peer stays silent', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 19);
      c.send(ACK, text('10\n'));
      const all = yield* c.drain(61 * SECOND);
      return { last: all.at(-1)!.flags & RST, times: all.length > 8 && all.length < 20 };
    });
    expect(seen).toEqual({ last: RST, times: true });
  });

  it('sends a lost segment again after three duplicates, and the next hole after the partial acknowledgment', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 19);
      c.send(ACK, text('14600\n'));
      c.next += 6;
      const flight = (yield* c.drain(20 * MS)).filter(({ payload }) => payload.length > 0);
      const first = c.expected;
      for (let n = 0; n < 3; n++) c.send(ACK);
      const again = (yield* c.receive(20 * MS))!;
      // Two were lost: the acknowledgment of what lies before the second.
      c.expected = first + 1460 * 4;
      c.send(ACK);
      const hole = (yield* c.receive(20 * MS))!;
      return { flight: flight.length, again: again.sequence - first, hole: hole.sequence - first };
    });
    expect(seen).toEqual({ flight: 10, again: 0, hole: 1460 * 4 });
  });

  it('probes a closed window, each time later, and never beyond one byte', () => {
    const seen = play(function* (peer) {
      const c = new RawConnection(peer, 19, 4000);
      c.window = 0;
      yield* c.handshake();
      c.send(ACK, text('3000\n'));
      c.next += 5;
      const probes: Seen[] = [];
      while (probes.length < 5) {
        const segment = (yield* c.receive(10 * SECOND))!;
        if (segment.payload.length > 0) probes.push(segment);
        if (segment.payload.length > 0) c.send(ACK);
      }
      c.window = 65_535;
      c.send(ACK);
      const data = (yield* c.drain(QUIET)).reduce((sum, { payload }) => sum + payload.length, 0);
      return { sizes: probes.map(({ payload }) => payload.length), gaps: gaps(probes), data };
    });
    expect(seen).toEqual({ sizes: [1, 1, 1, 1, 1], gaps: [200, 400, 800, 1600], data: 3000 });
  });

  it('puts segments in order that come out of order, overlap and come twice', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 7);
      const whole = text('0123456789abcdefghij');
      const piece = (from: number, to: number): void =>
        c.send(ACK, whole.slice(from, to), { sequence: c.first + 1 + from });
      const pieces: [number, number][] = [
        [18, 20],
        [5, 8],
        [12, 15],
        [7, 13],
        [5, 6],
        [16, 19],
        [2, 3],
        [0, 4],
        [3, 17],
      ];
      for (const [from, to] of pieces) piece(from, to);
      c.next += 20;
      const replies = yield* c.drain(QUIET);
      return {
        acknowledged: replies
          .map(({ acknowledgment }) => acknowledgment - c.first - 1)
          .filter((n, i, all) => n !== all[i - 1]),
        echoed: replies.map(({ payload }) => plain(payload)).join(''),
      };
    });
    expect(seen).toEqual({ acknowledged: [0, 4, 20], echoed: '0123456789abcdefghij' });
  });

  it('holds back a small segment while another is not acknowledged (Nagle), but not with TCP_NODELAY', () => {
    const seen = play(function* (peer) {
      // Two writes, of 8192 and 100 bytes: what is left of the first waits for the second.
      const c = yield* open(peer, 19);
      c.send(ACK, text('8292\n'));
      const held = (yield* c.drain(QUIET)).map(({ payload }) => payload.length).filter((size) => size > 0);
      const d = yield* open(peer, 7, 4001);
      d.send(ACK, text('ab'));
      yield* d.receive(QUIET);
      d.next += 2;
      d.send(ACK, text('cde'));
      const second = yield* d.receive(QUIET);
      return { held, second: plain(second!.payload) };
    });
    expect(seen).toEqual({ held: [1460, 1460, 1460, 1460, 1460, 992], second: 'cde' });
  });

  it('delays an acknowledgment alone, not that of two full segments', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 10); // reads nothing
      const begin = peer.now;
      c.send(ACK, new Uint8Array(100));
      c.next += 100;
      const lone = (yield* c.receive(SECOND))!;
      const full = new Uint8Array(1460);
      const second = peer.now;
      c.send(ACK, full);
      c.next += 1460;
      c.send(ACK, full);
      c.next += 1460;
      const pair = (yield* c.receive(SECOND))!;
      return {
        lone: Math.round((lone.cycle - begin) / (10 * MS)) * 10,
        pair: pair.cycle - second < MS,
        window: lone.window + pair.window - 2 * 65_535 < 0,
        acknowledged: pair.acknowledgment === c.next,
      };
    });
    expect(seen).toEqual({ lone: 40, pair: true, window: true, acknowledged: true });
  });
});

describe('a hostile peer', () => {
  it('cannot reset or restart a connection with a guess inside the window', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 7);
      c.send(RST, undefined, { sequence: c.next + 100 });
      const first = yield* c.receive(QUIET);
      c.send(SYN, undefined, { sequence: c.next + 50 });
      const second = yield* c.receive(QUIET);
      c.send(ACK, text('bad'), { acknowledgment: c.expected + 10_000 });
      const third = yield* c.receive(QUIET);
      c.send(RST, undefined, { sequence: c.next - 1 });
      c.send(RST, undefined, { sequence: c.next + 40_000 });
      const silent = yield* c.receive(QUIET);
      c.send(ACK, text('fine'));
      const alive = (yield* c.drain(QUIET)).map(({ payload }) => plain(payload)).join('');
      c.next += 4;
      c.expected += 4;
      c.send(RST);
      c.send(ACK, text('gone'));
      const gone = (yield* c.receive(QUIET))!;
      const challenge = (segment: Seen | undefined): boolean =>
        segment?.flags === ACK && segment.acknowledgment === c.first + 1 && segment.payload.length === 0;
      return { challenges: [first, second, third].map(challenge), silent, alive, gone: gone.flags };
    });
    expect(seen).toEqual({ challenges: [true, true, true], silent: undefined, alive: 'fine', gone: RST });
  });

  it('gets an ACK for what lies outside the window, and nothing of it is taken', () => {
    const seen = play(function* (peer) {
      const c = yield* open(peer, 7);
      c.send(ACK, text('xx'), { sequence: c.next - 2 });
      c.send(ACK, text('yy'), { sequence: c.next + 32_768 });
      c.send(ACK, text('zz'), { sequence: c.next + 0x8000_0000 });
      const answers = yield* c.drain(QUIET);
      return answers.map(({ flags, acknowledgment, payload }) => [flags, acknowledgment - c.next, payload.length]);
    });
    expect(seen).toEqual([
      [ACK, 0, 0],
      [ACK, 0, 0],
      [ACK, 0, 0],
    ]);
  });

  it('cannot fill the table of half-open connections for others', () => {
    const seen = play(function* (peer) {
      for (let port = 10_000; port < 12_000; port++) {
        new RawConnection(peer, 7, port, port * 77).send(SYN, undefined, { mss: 1 });
        if (port % 50 === 0) yield* new RawConnection(peer, 7, 1).receive(MS);
      }
      yield* new RawConnection(peer, 7, 1).receive(2 * SECOND);
      return yield* echo(peer, 4000);
    });
    expect(seen).toBe('alive');
  });

  it('cannot exhaust connections, buffers or descriptors for good', () => {
    const seen = play(function* (peer) {
      const all: RawConnection[] = [];
      for (let own = 10_000; own < 10_700; own++) {
        const c = new RawConnection(peer, 19, own, own);
        c.window = 0;
        if ((yield* c.handshake(1)) === undefined) break;
        // Asks for much and takes nothing.
        c.send(ACK, text('1000000\n'));
        c.next += 8;
        all.push(c);
      }
      yield* new RawConnection(peer, 7, 1).receive(SECOND);
      for (const c of all) c.send(RST);
      yield* new RawConnection(peer, 7, 1).receive(SECOND);
      return { opened: all.length > 100, after: yield* echo(peer, 4000) };
    }, 64);
    expect(seen).toEqual({ opened: true, after: 'alive' });
  });

  it.each([1, 2, 3])('finds no segment that stops the guest (seed %i)', (seed) => {
    const seen = play(function* (peer) {
      const random = new Random(seed, 'segments');
      const pick = <V>(values: readonly V[]): V => values[random.within({ min: 0, max: values.length - 1 })]!;
      const edge = [
        0, 1, 2, 1459, 1460, 32_767, 32_768, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, -1, -2, -1460, -65_535,
      ];
      for (let round = 0; round < 40; round++) {
        const c = new RawConnection(peer, pick([7, 19, 10, 80, 81]), 4100 + round, random.u32());
        yield* c.handshake(pick([0, 1, 536, 1460, 65_535]));
        for (let n = 0; n < 25; n++) {
          c.window = pick([0, 1, 1460, 65_535]);
          const segment = c.segment(
            pick([ACK, ACK, ACK, ACK | FIN, RST, SYN, SYN | ACK, FIN, 0, 0xff, ACK | SYN | FIN | RST]),
            text(pick(['', 'x', '\n', '99999\n', '/disk/x\n', 'y'.repeat(1460), 'z'.repeat(700)])),
            { sequence: (c.next + pick(edge)) >>> 0, acknowledgment: (c.expected + pick(edge)) >>> 0 },
          );
          const packet = peer.tcpBytes(segment);
          // Some damaged, some cut short, some with a header that lies.
          const kind = random.within({ min: 0, max: 9 });
          if (kind === 0)
            packet[random.within({ min: 0, max: packet.length - 1 })]! ^= 1 << random.within({ min: 0, max: 7 });
          peer.frame(
            ETHERTYPE_IPV4,
            kind === 1 ? packet.slice(0, random.within({ min: 1, max: packet.length })) : packet,
          );
          const answer = yield* c.receive(pick([1, 100_000, 10 * MS]));
          if (answer !== undefined && random.chance(0.7)) c.expected = answer.sequence + answer.payload.length;
          if (random.chance(0.5)) c.next += segment.payload.length;
        }
      }
      return yield* echo(peer, 4000);
    });
    expect(seen).toBe('alive');
  });

  it.each([1, 2])('finds no frame that stops the guest (seed %i)', (seed) => {
    const seen = play(function* (peer) {
      const random = new Random(seed, 'frames');
      const idle = new RawConnection(peer, 7, 1);
      for (let n = 0; n < 3000; n++) {
        const bytes = Uint8Array.from({ length: random.within({ min: 1, max: 120 }) }, () => random.u32() & 0xff);
        // Headers that are right as far as it goes, for the parsers behind them.
        if (n % 2) bytes.set([0x45, 0, 0, bytes.length, 0, 0, 0, 0, 64, [1, 6, 17][n % 3]!].slice(0, bytes.length));
        peer.frame(n % 5 === 0 ? 0x0806 : ETHERTYPE_IPV4, bytes);
        if (n % 20 === 0) yield* idle.receive(MS / 10);
      }
      yield* idle.receive(MS);
      return yield* echo(peer, 4000);
    });
    expect(seen).toBe('alive');
  });
});
