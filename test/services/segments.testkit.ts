/** Streams of bytes, cut into segments. */
import fc from 'fast-check';
import { fromBytes, toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';

/** Positions at which a stream is cut; many cuts close together are as likely as few. */
export const cuts = fc.oneof(
  fc.constant([]),
  fc.array(fc.nat({ max: 1 << 20 }), { maxLength: 8 }),
  fc
    .tuple(fc.nat({ max: 1 << 20 }), fc.nat({ max: 30 }))
    .map(([from, count]) => [...Array(count).keys()].map((n) => from + n)),
);

export function segmentsOf(text: string, at: readonly number[]): Uint8Array[] {
  const ends = [...new Set(at.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => toBytes(text.slice(ends[index - 1] ?? 0, end)));
}

export const byteString = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength, size: 'max' }).map(fromBytes);
