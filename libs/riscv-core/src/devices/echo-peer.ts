/** A far end that sends every frame back to its sender. */
import type { LinkPeer } from './link.js';

const ADDRESS_BYTES = 6;

/** Source and destination address of the frame change places; the rest is as it was. */
export function echoPeer(): LinkPeer {
  let answer: (frame: Uint8Array) => void = () => undefined;
  return {
    connect: (send) => {
      answer = send;
    },
    receive: (frame) => {
      const back = frame.slice();
      back.set(frame.subarray(ADDRESS_BYTES, 2 * ADDRESS_BYTES), 0);
      back.set(frame.subarray(0, ADDRESS_BYTES), ADDRESS_BYTES);
      answer(back);
    },
    saved: { kind: 'echo', state: () => [], restore: () => undefined },
  };
}
