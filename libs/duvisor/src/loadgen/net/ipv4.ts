/** IPv4 packets without options or fragments (RFC 791), ICMP echo (RFC 792) and UDP (RFC 768). */
import { addWords, checksum, concat, putU16, putU32, u16, u32 } from './bytes.js';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const IPV4_HEADER = 20;
const UDP_HEADER = 8;
const TIME_TO_LIVE = 64;
const DONT_FRAGMENT = 0x4000;
const FRAGMENT = 0x3fff;

/** Dotted text to a 32-bit address. Throws on anything else: addresses are written by us. */
export function ipv4(text: string): number {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    throw new Error(`IPv4 address: found "${text}", expected four numbers from 0 to 255`);
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export interface Ipv4Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

export function encodeIpv4(packet: Ipv4Packet, identification: number): Uint8Array {
  const header = new Uint8Array(IPV4_HEADER);
  header[0] = 0x45;
  putU16(header, 2, IPV4_HEADER + packet.payload.length);
  putU16(header, 4, identification);
  putU16(header, 6, DONT_FRAGMENT);
  header[8] = TIME_TO_LIVE;
  header[9] = packet.protocol;
  putU32(header, 12, packet.source);
  putU32(header, 16, packet.destination);
  putU16(header, 10, checksum(addWords(header)));
  return concat([header, packet.payload]);
}

/** undefined: malformed, wrong checksum, or a fragment (nothing here sends any). */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet | undefined {
  const headerSize = (bytes[0]! & 0xf) * 4;
  if (bytes.length < IPV4_HEADER || bytes[0]! >> 4 !== 4 || headerSize < IPV4_HEADER) return undefined;
  const size = u16(bytes, 2);
  if (size < headerSize || size > bytes.length || checksum(addWords(bytes.subarray(0, headerSize))) !== 0)
    return undefined;
  if ((u16(bytes, 6) & FRAGMENT) !== 0) return undefined;
  return {
    source: u32(bytes, 12),
    destination: u32(bytes, 16),
    protocol: bytes[9]!,
    payload: bytes.subarray(headerSize, size),
  };
}

type Addresses = Pick<Ipv4Packet, 'source' | 'destination'>;

/** Sum of the pseudo header that TCP and UDP include in their checksum. */
export function pseudoHeaderSum({ source, destination }: Addresses, protocol: number, size: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + size;
}

/** The answer to an echo request; undefined when `message` is anything else. */
export function icmpEchoReply(message: Uint8Array): Uint8Array | undefined {
  const [type, code] = message;
  if (message.length < 8 || type !== 8 || code !== 0 || checksum(addWords(message)) !== 0) return undefined;
  const reply = message.slice();
  reply[0] = 0;
  putU16(reply, 2, 0);
  putU16(reply, 2, checksum(addWords(reply)));
  return reply;
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export function encodeUdp(datagram: UdpDatagram, addresses: Addresses): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER + datagram.payload.length);
  putU16(bytes, 0, datagram.sourcePort);
  putU16(bytes, 2, datagram.destinationPort);
  putU16(bytes, 4, bytes.length);
  bytes.set(datagram.payload, UDP_HEADER);
  // A sum of zero is sent as all ones: zero says "no checksum".
  putU16(bytes, 6, checksum(addWords(bytes, pseudoHeaderSum(addresses, PROTOCOL_UDP, bytes.length))) || 0xffff);
  return bytes;
}

/** undefined: malformed or wrong checksum. */
export function decodeUdp(bytes: Uint8Array, addresses: Addresses): UdpDatagram | undefined {
  if (bytes.length < UDP_HEADER) return undefined;
  const size = u16(bytes, 4);
  if (size < UDP_HEADER || size > bytes.length) return undefined;
  const whole = bytes.subarray(0, size);
  const checked = u16(bytes, 6) !== 0;
  if (checked && checksum(addWords(whole, pseudoHeaderSum(addresses, PROTOCOL_UDP, size))) !== 0) return undefined;
  return { sourcePort: u16(bytes, 0), destinationPort: u16(bytes, 2), payload: whole.subarray(UDP_HEADER) };
}
