/** Ethernet II frames and ARP for IPv4 (RFC 826). */
import { concat, putU16, u16, u32, putU32 } from './bytes.js';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const BROADCAST_MAC: Uint8Array = new Uint8Array(6).fill(0xff);
export const ETHERNET_HEADER = 14;
/** Without check sequence; shorter frames are padded with zeros. */
const MIN_FRAME = 60;

export interface EthernetFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly type: number;
  /** With padding. */
  readonly payload: Uint8Array;
}

export function encodeFrame(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(Math.max(MIN_FRAME, ETHERNET_HEADER + frame.payload.length));
  bytes.set(frame.destination, 0);
  bytes.set(frame.source, 6);
  putU16(bytes, 12, frame.type);
  bytes.set(frame.payload, ETHERNET_HEADER);
  return bytes;
}

/** undefined: no frame. */
export function decodeFrame(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.length < ETHERNET_HEADER) return undefined;
  return {
    destination: bytes.subarray(0, 6),
    source: bytes.subarray(6, 12),
    type: u16(bytes, 12),
    payload: bytes.subarray(ETHERNET_HEADER),
  };
}

export type ArpOperation = 'request' | 'reply';

export interface ArpPacket {
  readonly operation: ArpOperation;
  readonly senderMac: Uint8Array;
  readonly senderIp: number;
  readonly targetMac: Uint8Array;
  readonly targetIp: number;
}

/** Hardware type Ethernet, protocol IPv4, address lengths 6 and 4. */
const ARP_PREFIX = Uint8Array.of(0, 1, 8, 0, 6, 4);
const ARP_SIZE = 28;

export function encodeArp(packet: ArpPacket): Uint8Array {
  const rest = new Uint8Array(ARP_SIZE - ARP_PREFIX.length);
  putU16(rest, 0, packet.operation === 'request' ? 1 : 2);
  rest.set(packet.senderMac, 2);
  putU32(rest, 8, packet.senderIp);
  rest.set(packet.targetMac, 12);
  putU32(rest, 18, packet.targetIp);
  return concat([ARP_PREFIX, rest]);
}

/** undefined: not an ARP packet of Ethernet and IPv4. */
export function decodeArp(bytes: Uint8Array): ArpPacket | undefined {
  if (bytes.length < ARP_SIZE || ARP_PREFIX.some((byte, at) => bytes[at] !== byte)) return undefined;
  const operation = u16(bytes, 6);
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: bytes.slice(8, 14),
    senderIp: u32(bytes, 14),
    targetMac: bytes.slice(18, 24),
    targetIp: u32(bytes, 24),
  };
}
