/** TCP segments (RFC 9293, 3.1). Of the options only the maximum segment size is read and written. */
import { addWords, checksum, concat, putU16, putU32, u16, u32 } from './bytes.js';
import { PROTOCOL_TCP, pseudoHeaderSum, type Ipv4Packet } from './ipv4.js';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

export const TCP_HEADER = 20;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 32-bit sequence numbers, as on the wire. */
  readonly sequence: number;
  readonly acknowledgment: number;
  /** Of FIN, SYN, RST, PSH, ACK. */
  readonly flags: number;
  readonly window: number;
  readonly mss?: number;
  readonly payload: Uint8Array;
}

type Addresses = Pick<Ipv4Packet, 'source' | 'destination'>;

export function encodeTcp(segment: TcpSegment, addresses: Addresses): Uint8Array {
  const header = new Uint8Array(segment.mss === undefined ? TCP_HEADER : TCP_HEADER + 4);
  putU16(header, 0, segment.sourcePort);
  putU16(header, 2, segment.destinationPort);
  putU32(header, 4, segment.sequence);
  putU32(header, 8, segment.acknowledgment);
  header[12] = (header.length / 4) << 4;
  header[13] = segment.flags;
  putU16(header, 14, segment.window);
  if (segment.mss !== undefined) {
    header[TCP_HEADER] = OPTION_MSS;
    header[TCP_HEADER + 1] = 4;
    putU16(header, TCP_HEADER + 2, segment.mss);
  }
  const bytes = concat([header, segment.payload]);
  putU16(bytes, 16, checksum(addWords(bytes, pseudoHeaderSum(addresses, PROTOCOL_TCP, bytes.length))));
  return bytes;
}

/** undefined: malformed or wrong checksum. */
export function decodeTcp(bytes: Uint8Array, addresses: Addresses): TcpSegment | undefined {
  if (bytes.length < TCP_HEADER) return undefined;
  const headerSize = (bytes[12]! >> 4) * 4;
  if (headerSize < TCP_HEADER || headerSize > bytes.length) return undefined;
  if (checksum(addWords(bytes, pseudoHeaderSum(addresses, PROTOCOL_TCP, bytes.length))) !== 0) return undefined;
  const mss = readMss(bytes.subarray(TCP_HEADER, headerSize));
  return {
    sourcePort: u16(bytes, 0),
    destinationPort: u16(bytes, 2),
    sequence: u32(bytes, 4),
    acknowledgment: u32(bytes, 8),
    flags: bytes[13]! & (FIN | SYN | RST | PSH | ACK),
    window: u16(bytes, 14),
    ...(mss === undefined ? {} : { mss }),
    payload: bytes.slice(headerSize),
  };
}

function readMss(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options[at]!;
    if (kind === OPTION_END) return undefined;
    if (kind === OPTION_NOP) {
      at += 1;
      continue;
    }
    const size = options[at + 1] ?? 0;
    if (size < 2 || at + size > options.length) return undefined;
    if (kind === OPTION_MSS && size === 4) return u16(options, at + 2);
    at += size;
  }
  return undefined;
}
