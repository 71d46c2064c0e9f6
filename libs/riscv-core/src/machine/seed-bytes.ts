/** Bytes that follow from a run's seed: what the machine hands to software as randomness (rng-seed in /chosen). */

const MASK = (1n << 64n) - 1n;

/** `length` bytes of the SplitMix64 sequence (Steele, Lea, Flood, OOPSLA 2014) that starts at `seed`. */
export function seedBytes(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = BigInt(seed);
  for (let at = 0; at < length; at += 8) {
    state = (state + 0x9e37_79b9_7f4a_7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK;
    z ^= z >> 31n;
    for (let i = 0; i < 8 && at + i < length; i += 1) bytes[at + i] = Number((z >> BigInt(8 * i)) & 0xffn);
  }
  return bytes;
}
