import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWords, checksum } from './bytes.js';
import { decodeArp, decodeFrame, encodeArp, encodeFrame, ETHERTYPE_IPV4 } from './ethernet.js';
import { decodeIpv4, decodeUdp, encodeIpv4, encodeUdp, icmpEchoReply, ipv4, PROTOCOL_UDP } from './ipv4.js';
import { ACK, decodeTcp, encodeTcp, SYN } from './tcp-segment.js';

const port = fc.integer({ min: 0, max: 0xffff });
const address = fc.integer({ min: 0, max: 0xffff_ffff });
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
const payload = fc.uint8Array({ maxLength: 1460 });
const addresses = fc.record({ source: address, destination: address });

/** The checksum as RFC 1071 says it: one word after the other, carries added at once. */
function plainChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += bytes[at]! * 256 + (bytes[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice();
  copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
  return copy;
};

describe('packets', () => {
  it('have the checksum of RFC 1071', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
        expect(checksum(addWords(bytes))).toBe(plainChecksum(bytes));
      }),
    );
  });

  it('are read as they were written, through all layers', () => {
    fc.assert(
      fc.property(mac, mac, addresses, port, port, payload, (destination, source, ips, from, to, content) => {
        const udp = encodeUdp({ sourcePort: from, destinationPort: to, payload: content }, ips);
        const packet = encodeIpv4({ ...ips, protocol: PROTOCOL_UDP, payload: udp }, 7);
        const frame = decodeFrame(encodeFrame({ destination, source, type: ETHERTYPE_IPV4, payload: packet }));
        expect(frame).toMatchObject({ destination, source, type: ETHERTYPE_IPV4 });
        const read = decodeIpv4(frame!.payload);
        expect(read).toEqual({ ...ips, protocol: PROTOCOL_UDP, payload: udp });
        expect(decodeUdp(read!.payload, ips)).toEqual({ sourcePort: from, destinationPort: to, payload: content });
      }),
    );
  });

  it('of TCP are read as they were written, with and without a segment size', () => {
    const segment = fc.record({
      sourcePort: port,
      destinationPort: port,
      sequence: address,
      acknowledgment: address,
      flags: fc.integer({ min: 0, max: 0x1f }),
      window: port,
      payload,
    });
    fc.assert(
      fc.property(segment, fc.option(port, { nil: undefined }), addresses, (fields, mss, ips) => {
        const whole = { ...fields, ...(mss === undefined ? {} : { mss }) };
        expect(decodeTcp(encodeTcp(whole, ips), ips)).toEqual(whole);
      }),
    );
  });

  it('with one bit changed are not read', () => {
    const ips = { source: ipv4('10.0.2.15'), destination: ipv4('10.0.2.2') };
    const tcp = encodeTcp(
      {
        sourcePort: 80,
        destinationPort: 50_000,
        sequence: 1,
        acknowledgment: 2,
        flags: ACK,
        window: 3,
        payload: new Uint8Array(7),
      },
      ips,
    );
    const udp = encodeUdp({ sourcePort: 9, destinationPort: 10, payload: new Uint8Array(7) }, ips);
    const packet = encodeIpv4({ ...ips, protocol: PROTOCOL_UDP, payload: udp }, 1);
    fc.assert(
      fc.property(fc.nat(), (bit) => {
        expect(decodeTcp(flipped(tcp, bit % (tcp.length * 8)), ips)).toBeUndefined();
        expect(decodeIpv4(flipped(packet, bit % 160))).toBeUndefined();
        // Neither the checksum cleared to "none" nor anything else passes as the same datagram.
        expect(decodeUdp(flipped(udp, bit % (udp.length * 8)), ips)).toBeUndefined();
      }),
    );
  });

  it('of any bytes are refused or read, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), addresses, (bytes, ips) => {
        for (const read of [
          decodeFrame(bytes),
          decodeArp(bytes),
          decodeIpv4(bytes),
          decodeUdp(bytes, ips),
          decodeTcp(bytes, ips),
          icmpEchoReply(bytes),
        ])
          expect(read === undefined || typeof read === 'object').toBe(true);
      }),
    );
  });

  it('of ARP keep who asks and who is asked for', () => {
    fc.assert(
      fc.property(mac, mac, addresses, fc.boolean(), (senderMac, targetMac, { source, destination }, asks) => {
        const operation = asks ? ('request' as const) : ('reply' as const);
        const packet = { operation, senderMac, targetMac, senderIp: source, targetIp: destination };
        expect(decodeArp(encodeArp(packet))).toEqual(packet);
      }),
    );
  });

  it('that ask for an echo are answered with the same content', () => {
    const request = Uint8Array.of(8, 0, 0, 0, 1, 2, 3, 4, 5);
    const sum = checksum(addWords(request));
    request[2] = sum >> 8;
    request[3] = sum;
    const reply = icmpEchoReply(request)!;
    expect([...reply.subarray(4)]).toEqual([1, 2, 3, 4, 5]);
    expect(reply[0]).toBe(0);
    expect(checksum(addWords(reply))).toBe(0);
    expect(icmpEchoReply(reply)).toBeUndefined();
  });

  it('name the segment size only in a SYN that says so', () => {
    const ips = { source: 1, destination: 2 };
    const syn = { sourcePort: 1, destinationPort: 2, sequence: 0, acknowledgment: 0, flags: SYN, window: 0 };
    expect(encodeTcp({ ...syn, mss: 1460, payload: new Uint8Array() }, ips)).toHaveLength(24);
    expect(encodeTcp({ ...syn, payload: new Uint8Array() }, ips)).toHaveLength(20);
  });
});
