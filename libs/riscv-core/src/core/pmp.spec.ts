import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { PRV_M, PRV_S, PRV_U } from '../hart/layout.js';
import { CoreKit, RAM } from './core.testkit.js';

const R = 1;
const W = 2;
const X = 4;
const TOR = 8;
const NA4 = 16;
const NAPOT = 24;
const V = 0x20;
const LOCK = 0x80;

/** pmpaddr of a naturally aligned power of two. */
const napot = (base: bigint, size: bigint): bigint => (base >> 2n) | (size / 8n - 1n);

function configure(kit: CoreKit, entries: readonly { config: number; address: bigint }[]): void {
  entries.forEach(({ address }, i) => kit.setCsr(`pmpaddr${i}`, address));
  let word = 0n;
  entries.forEach(({ config }, i) => (word |= BigInt(config) << BigInt(8 * i)));
  kit.setCsr('pmpcfg0', word);
}

function allows(kit: CoreKit, pa: bigint, size = 4, need = R, prv = PRV_S, guest = false): boolean {
  return kit.core.pmp_allows(kit.h, pa, BigInt(size), need, prv, guest ? 1 : 0) !== 0;
}

describe('PMP (Privileged ISA 3.7)', () => {
  let kit: CoreKit;
  beforeEach(() => {
    kit = new CoreKit();
  });

  it('without a matching entry only M gets through', () => {
    expect([PRV_M, PRV_S, PRV_U].map((prv) => allows(kit, RAM, 4, R, prv))).toEqual([true, false, false]);
  });

  it('NA4, NAPOT and TOR cover what they say', () => {
    configure(kit, [
      { config: NA4 | R, address: RAM >> 2n },
      { config: NAPOT | R | W, address: napot(RAM + 0x1000n, 0x40n) },
      { config: 0, address: (RAM + 0x2000n) >> 2n },
      { config: TOR | X, address: (RAM + 0x2100n) >> 2n },
    ]);
    const reach = (need: number): bigint[] =>
      Array.from({ length: 0x800 }, (_, i) => RAM + BigInt(8 * i)).filter((pa) => allows(kit, pa, 4, need));
    const block = Array.from({ length: 8 }, (_, i) => RAM + 0x1000n + BigInt(8 * i));
    expect(reach(R)).toEqual([RAM, ...block]);
    expect(reach(W)).toEqual(block);
    expect(reach(X)).toEqual(Array.from({ length: 32 }, (_, i) => RAM + 0x2000n + BigInt(8 * i)));
  });

  it('the lowest entry that matches any byte decides, and must match all', () => {
    configure(kit, [
      { config: NA4, address: RAM >> 2n },
      { config: NAPOT | R, address: napot(RAM, 0x1000n) },
    ]);
    expect(allows(kit, RAM + 4n)).toBe(true);
    expect(allows(kit, RAM)).toBe(false);
    expect(allows(kit, RAM, 8)).toBe(false);
    // Partial coverage fails in M too.
    expect(allows(kit, RAM, 8, R, PRV_M)).toBe(false);
    expect(allows(kit, RAM, 4, R, PRV_M)).toBe(true);
  });

  it('an all-ones NAPOT covers everything; an empty TOR nothing', () => {
    configure(kit, [
      { config: TOR, address: 0n },
      { config: NAPOT | R, address: (1n << 54n) - 1n },
    ]);
    expect(allows(kit, 0n)).toBe(true);
    expect(allows(kit, (1n << 56n) - 8n, 8)).toBe(true);
  });

  it('locked entries bind M and refuse writes, the bound below a locked TOR too', () => {
    configure(kit, [
      { config: 0, address: RAM >> 2n },
      { config: TOR | LOCK | R, address: (RAM + 0x1000n) >> 2n },
    ]);
    expect(allows(kit, RAM, 4, R, PRV_M)).toBe(true);
    expect(allows(kit, RAM, 4, W, PRV_M)).toBe(false);
    kit.setCsr('pmpaddr0', 0n);
    kit.setCsr('pmpaddr1', 0n);
    kit.setCsr('pmpcfg0', 0x0f0fn);
    expect(kit.csr('pmpaddr0')).toBe(RAM >> 2n);
    expect(kit.csr('pmpaddr1')).toBe((RAM + 0x1000n) >> 2n);
    expect(kit.csr('pmpcfg0')).toBe(0x890fn);
  });

  it('W without R is not kept, bits 5 and 6 read zero', () => {
    kit.setCsr('pmpcfg0', 0x7an);
    expect(kit.csr('pmpcfg0')).toBe(0x18n);
  });

  it('granularity 4096: no NA4; low address bits read ones in NAPOT, zeros otherwise, and come back', () => {
    const coarse = new CoreKit({ machine: 'firesim' });
    coarse.setCsr('pmpaddr0', 0x2000_0155n);
    expect(coarse.csr('pmpaddr0')).toBe(0x2000_0000n);
    coarse.setCsr('pmpcfg0', 0x11n);
    expect(coarse.csr('pmpcfg0')).toBe(0x19n);
    expect(coarse.csr('pmpaddr0')).toBe(0x2000_01ffn);
    expect(allows(coarse, RAM + 0xff8n, 8)).toBe(true);
    expect(allows(coarse, RAM + 0x1000n)).toBe(false);
    coarse.setCsr('pmpcfg0', 0n);
    expect(coarse.csr('pmpaddr0')).toBe(0x2000_0000n);
  });

  it('random entries: the answer of a byte-wise definition', () => {
    const window = 0x400;
    const entry = fc.record({
      config: fc.record({
        rwx: fc.constantFrom(0, 1, 3, 4, 5, 7),
        a: fc.integer({ min: 0, max: 3 }),
        lock: fc.boolean(),
      }),
      address: fc.integer({ min: 0, max: window / 4 }),
    });
    const access = fc.record({
      offset: fc.integer({ min: 0, max: window / 8 - 1 }).map((i) => i * 8),
      size: fc.constantFrom(1, 2, 4, 8),
      need: fc.constantFrom(R, W, X),
      prv: fc.constantFrom(PRV_M, PRV_S, PRV_U),
    });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 4 }),
        fc.array(access, { minLength: 1, maxLength: 8 }),
        (entries, accesses) => {
          const fresh = new CoreKit();
          const words = entries.map(({ address }) => address);
          configure(
            fresh,
            entries.map(({ config, address }) => ({
              config: config.rwx | (config.a << 3) | (config.lock ? LOCK : 0),
              address: (RAM >> 2n) + BigInt(address),
            })),
          );
          const covers = (i: number, byte: number): boolean => {
            const word = words[i]!;
            switch (entries[i]!.config.a) {
              case 0:
                return false;
              case 1:
                return byte < word * 4 && (i === 0 ? true : byte >= words[i - 1]! * 4);
              case 2:
                return byte >> 2 === word;
              default: {
                const ones = Math.log2((~word & (word + 1)) >>> 0);
                return byte >> (ones + 3) === word >> (ones + 1);
              }
            }
          };
          for (const { offset, size, need, prv } of accesses) {
            const bytes = Array.from({ length: size }, (_, i) => offset + i);
            const first = entries.findIndex((_, i) => bytes.some((byte) => covers(i, byte)));
            let expected = prv === PRV_M;
            if (first >= 0) {
              const { rwx, lock } = entries[first]!.config;
              const whole = bytes.every((byte) => covers(first, byte));
              expected = whole && ((prv === PRV_M && !lock) || (rwx & need) !== 0);
            }
            expect(allows(fresh, RAM + BigInt(offset), size, need, prv)).toBe(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the V bit of vPMP (dv-ext.md 5.3)', () => {
  const everything = (1n << 54n) - 1n;

  it('guests need it, hosts do not', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    configure(kit, [
      { config: NAPOT | R | W | X | V, address: napot(RAM, 0x1_0000n) },
      { config: NAPOT | R | W | X, address: everything },
    ]);
    expect(kit.csr('pmpcfg0')).toBe(0x1f3fn);
    expect(allows(kit, RAM, 4, W, PRV_S, true)).toBe(true);
    expect(allows(kit, RAM + 0x1_0000n, 4, W, PRV_S, true)).toBe(false);
    expect(allows(kit, RAM + 0x1_0000n, 4, W, PRV_S, false)).toBe(true);
    expect(allows(kit, RAM + 0x1_0000n, 4, W, PRV_U, false)).toBe(true);
  });

  it('does not exist in profile qemu, without DV-ext, and with vpmp.absent', () => {
    for (const options of [{}, { dvext: 'qemu' }, { dvext: 'rocket', set: { 'vpmp.absent': true } }] as const) {
      const kit = new CoreKit(options);
      configure(kit, [{ config: NAPOT | R | V, address: everything }]);
      expect(kit.csr('pmpcfg0')).toBe(0x19n);
      expect(allows(kit, RAM, 4, R, PRV_S, true)).toBe(true);
    }
  });

  it('a violation is an access fault with the guest address in mtval of M, even if HU asked for all it may (16.9)', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    configure(kit, [
      { config: NAPOT | R | W | X | V, address: napot(RAM + 0x10_0000n, 0x1000n) },
      { config: NAPOT | R | W | X, address: everything },
    ]);
    kit.setCsr('medeleg', 0xf0_b5ffn);
    kit.setCsr('sedeleg', 0xf0_0400n);
    kit.enter('VS');
    kit.store(RAM + 0x10_0008n, 1n, 3);
    expect(kit.trap).toBeUndefined();
    kit.store(RAM + 0x10_1008n, 1n, 3);
    expect(kit.trap).toEqual({ to: kit.mode, cause: 7n, tval: RAM + 0x10_1008n });
    kit.enter('HU');
    kit.store(RAM + 0x10_1008n, 1n, 3);
    expect(kit.trap).toBeUndefined();
  });

  it('rocket walks tables without it, strict does not', () => {
    for (const [dvext, cause] of [
      ['rocket', 0],
      ['strict', 5],
    ] as const) {
      const kit = new CoreKit({ dvext });
      const root = kit.newTable(4);
      const page = RAM + 0x10_0000n;
      kit.map(root, page, page, 0xdfn, { wide: true });
      configure(kit, [
        { config: NAPOT | R | W | X | V, address: napot(page, 0x1000n) },
        { config: NAPOT | R | W | X, address: everything },
      ]);
      kit.setCsr('hgatp', (8n << 60n) | (root >> 12n));
      expect(kit.core.translate(kit.h, page, 8n, 1, PRV_S, 1, 0), dvext).toBe(cause);
    }
  });

  it('a change takes effect at the latest after a fence (16.10)', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    configure(kit, [{ config: NAPOT | R | W | X | V, address: everything }]);
    kit.enter('VS');
    kit.store(RAM, 1n, 3);
    expect(kit.trap).toBeUndefined();
    kit.setCsr('pmpcfg0', 0x1fn);
    kit.enter('VS');
    kit.store(RAM, 1n, 3);
    expect(kit.trap?.cause).toBe(7n);
  });
});
