/** A link that loses, repeats, delays and damages frames, both ways; which ones follows from its seed. */
import type { DeviceClock, FarEnd } from '#libs/riscv-core';
import { ETHERNET_HEADER, ETHERTYPE_IPV4 } from './net/ethernet.js';
import { u16 } from './net/bytes.js';
import { Random } from './random.js';

export const faultKinds = ['loss', 'duplicate', 'reorder', 'corrupt'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Shares are probabilities per frame and direction, 0 .. 1. */
export interface LinkFaults {
  readonly loss?: number;
  readonly duplicate?: number;
  /** Share of frames that arrive late, so that later ones overtake them. */
  readonly reorder?: number;
  /** Longest delay of a late frame in cycles; default 200 000. */
  readonly reorderCycles?: number;
  /** Share of IPv4 packets with one bit flipped behind the Ethernet header (which a real link protects by its check sequence). */
  readonly corrupt?: number;
  readonly seed: number;
  /** Called for every frame that something happens to. */
  readonly onFault?: (kind: FaultKind) => void;
}

const DEFAULT_REORDER_CYCLES = 200_000;

/** `peer` behind a bad cable. */
export function faultyLink(peer: FarEnd, faults: LinkFaults): FarEnd {
  let towardsPeer: (frame: Uint8Array) => void = () => {
    throw new Error('faulty link: found a frame, expected connect() first');
  };
  return {
    connect: (send, clock) => {
      towardsPeer = faultyWay(faults, 'to the peer', clock, (frame) => peer.receive(frame, clock.now()));
      peer.connect(faultyWay(faults, 'from the peer', clock, send), clock);
    },
    receive: (frame) => towardsPeer(frame),
  };
}

function faultyWay(
  faults: LinkFaults,
  name: string,
  clock: DeviceClock,
  deliver: (frame: Uint8Array) => void,
): (frame: Uint8Array) => void {
  const { loss = 0, duplicate = 0, reorder = 0, corrupt = 0, reorderCycles = DEFAULT_REORDER_CYCLES } = faults;
  const random = new Random(faults.seed, `link ${name}`);
  const strikes = (kind: FaultKind, share: number): boolean => {
    const hit = random.chance(share);
    if (hit) faults.onFault?.(kind);
    return hit;
  };
  const pass = (frame: Uint8Array): void => {
    const whole = strikes('corrupt', corrupt) ? damaged(frame, random) : frame;
    if (strikes('reorder', reorder))
      clock.at(clock.now() + random.within({ min: 1, max: reorderCycles }), () => deliver(whole));
    else deliver(whole);
  };
  return (frame) => {
    if (strikes('loss', loss)) return;
    pass(frame);
    if (strikes('duplicate', duplicate)) pass(frame);
  };
}

/** One bit is what every Internet checksum finds; ARP has none and is left alone. */
function damaged(frame: Uint8Array, random: Random): Uint8Array {
  if (frame.length <= ETHERNET_HEADER || u16(frame, 12) !== ETHERTYPE_IPV4) return frame;
  const copy = frame.slice();
  const at = random.within({ min: ETHERNET_HEADER, max: frame.length - 1 });
  copy[at] = copy[at]! ^ (1 << random.within({ min: 0, max: 7 }));
  return copy;
}
