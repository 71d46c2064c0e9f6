import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { join, TestClock } from '../simulated-link.testkit.js';
import { addWords, checksum } from './bytes.js';
import { decodeFrame, encodeFrame, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from './ethernet.js';
import { decodeIpv4, encodeIpv4, ipv4, PROTOCOL_ICMP } from './ipv4.js';
import { Station, type Datagram } from './station.js';
import { tcpTiming } from './tcp-timing.js';

const SECOND = 3_200_000_000;
const ips = { near: ipv4('10.0.2.2'), far: ipv4('10.0.2.15') };
const macs = { near: Uint8Array.of(2, 0, 0, 0, 0, 1), far: Uint8Array.of(2, 0, 0, 0, 0, 2) };

function pair() {
  const clock = new TestClock();
  const make = (name: 'near' | 'far'): Station =>
    new Station({
      mac: macs[name],
      ip: ips[name],
      timing: tcpTiming(SECOND),
      arpInterval: 100_000,
      random: new Random(1, name),
    });
  const near = make('near');
  const far = make('far');
  const frames: { type: number; from: string }[] = [];
  join(clock, near, far, undefined, (frame, _, from) => frames.push({ type: decodeFrame(frame)!.type, from }));
  return { clock, near, far, frames };
}

describe('a station', () => {
  it('asks once for a MAC and sends what waited for it in order', () => {
    const { clock, near, far, frames } = pair();
    const got: Datagram[] = [];
    far.udpOpen(9, (datagram) => got.push(datagram));
    const port = near.udpOpen(0, () => undefined);
    for (const byte of [1, 2, 3]) port.send({ ip: ips.far, port: 9, payload: Uint8Array.of(byte) });
    clock.run(SECOND);
    expect(got.map(({ ip, payload }) => [ip, ...payload])).toEqual([1, 2, 3].map((byte) => [ips.near, byte]));
    expect(frames.filter(({ type }) => type === ETHERTYPE_ARP)).toHaveLength(2);
  });

  it('asks again until somebody answers, then acts', () => {
    const { clock, near, far, frames } = pair();
    const receive = far.receive.bind(far);
    far.receive = (frame) => (clock.now() > 1_000_000 ? receive(frame) : undefined);
    let reached = 0;
    near.whenReachable(ips.far, () => (reached = clock.now()));
    clock.run(SECOND);
    expect(reached).toBeGreaterThan(1_000_000);
    expect(frames.filter(({ from }) => from === 'left').length).toBeGreaterThan(10);
    expect(frames.filter(({ from }) => from === 'right')).toHaveLength(1);
  });

  it('answers an echo request, and nothing that is meant for others', () => {
    const { clock, near, far } = pair();
    const sent: Uint8Array[] = [];
    far.connect((frame) => sent.push(frame), clock);
    near.receive(new Uint8Array(3));
    const echo = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1);
    const sum = checksum(addWords(echo));
    echo.set([sum >> 8, sum & 0xff], 2);
    const frame = (mac: Uint8Array, ip: number): Uint8Array =>
      encodeFrame({
        destination: mac,
        source: macs.near,
        type: ETHERTYPE_IPV4,
        payload: encodeIpv4({ source: ips.near, destination: ip, protocol: PROTOCOL_ICMP, payload: echo }, 0),
      });
    far.receive(frame(macs.near, ips.far));
    far.receive(frame(macs.far, ips.near));
    expect(sent).toHaveLength(0);
    far.receive(frame(macs.far, ips.far));
    // The sender's MAC is not known yet: it is asked for.
    expect(decodeFrame(sent[0]!)!.type).toBe(ETHERTYPE_ARP);
    near.connect((answer) => far.receive(answer), clock);
    near.receive(sent[0]!);
    expect(decodeIpv4(decodeFrame(sent[1]!)!.payload)).toMatchObject({ protocol: PROTOCOL_ICMP, source: ips.far });
  });

  it('gives every client a port of its own', () => {
    const { near } = pair();
    near.connect(() => undefined, new TestClock());
    expect(() => near.udpOpen(9, () => undefined)).not.toThrow();
    expect(() => near.udpOpen(9, () => undefined)).toThrow(/UDP port 9 is open already/);
  });
});
