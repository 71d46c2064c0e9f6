/** Big-endian fields and the Internet checksum (RFC 1071). */

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, value >>> 16);
  putU16(bytes, at + 2, value & 0xffff);
}

/** Sum of the 16-bit words, a last odd byte padded with zero; `sum` is that of what precedes. Bytes: at most 64 KiB. */
export function addWords(bytes: Uint8Array, sum = 0): number {
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += u16(bytes, at);
  return bytes.length % 2 === 1 ? sum + (bytes[bytes.length - 1]! << 8) : sum;
}

/** The checksum of words that add up to `sum`; 0 when they hold their own, right checksum. */
export function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
