/**
 * A small generator with a fixed start value, so that a bootstrap gives the same interval every time it is computed.
 * Method: xorshift32 (Marsaglia 2003, "Xorshift RNGs", triple 13, 17, 5).
 */
export function xorshift32(seed: number): () => number {
  let state = seed | 0 || 0x6d2b79f5;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
