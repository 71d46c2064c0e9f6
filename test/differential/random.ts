/** A seeded generator of pseudo-random numbers (splitmix64): a failing program is made again from its seed. */
export class Random {
  private state: bigint;

  constructor(seed: number) {
    // Far apart, so that neighbouring seeds share nothing.
    this.state = (BigInt(seed) * 0xd134_2543_de82_ef95n) & 0xffff_ffff_ffff_ffffn;
  }

  u64(): bigint {
    const mask = 0xffff_ffff_ffff_ffffn;
    this.state = (this.state + 0x9e37_79b9_7f4a_7c15n) & mask;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
    return z ^ (z >> 31n);
  }

  u32(): number {
    return Number(this.u64() >> 32n);
  }

  /** 0 .. limit-1. */
  below(limit: number): number {
    return this.u32() % limit;
  }

  /** True once in `n` on average. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Values at which arithmetic has its corners, and others. */
  interesting(): bigint {
    const corner = this.pick([
      0n,
      1n,
      -1n,
      2n,
      0x7fn,
      0x80n,
      0x7fff_ffffn,
      0x8000_0000n,
      0xffff_ffffn,
      1n << 63n,
      (1n << 63n) - 1n,
    ]);
    const value = this.oneIn(2) ? corner + BigInt(this.below(3) - 1) : this.u64() >> BigInt(this.below(64));
    return BigInt.asUintN(64, this.oneIn(3) ? -value : value);
  }
}
