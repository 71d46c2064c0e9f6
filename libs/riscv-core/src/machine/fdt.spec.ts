import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFdt, writeFdt, type Fdt, type FdtNode } from './fdt.js';

const name = fc.stringMatching(/^[a-z][a-z0-9,@-]{0,20}$/);
const properties = fc
  .uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 9 })), { selector: ([key]) => key, maxLength: 4 })
  .map((entries) => new Map(entries));
const leaf: fc.Arbitrary<FdtNode> = fc.record({ name, properties, children: fc.constant([]) });
const branch = (child: fc.Arbitrary<FdtNode>): fc.Arbitrary<FdtNode> =>
  fc.record({ name, properties, children: fc.array(child, { maxLength: 3 }) });
const tree = branch(branch(branch(leaf)));
const blob: fc.Arbitrary<Fdt> = fc.record({
  root: tree,
  reservations: fc.array(fc.record({ address: fc.bigInt(1n, 2n ** 56n), size: fc.bigInt(1n, 2n ** 40n) }), {
    maxLength: 2,
  }),
  bootCpu: fc.nat(7),
});

describe('flattened device tree', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(blob, (fdt) => {
        expect(readFdt(writeFdt(fdt), 'tree')).toEqual(fdt);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses every truncation with one line that names the file', () => {
    const bytes = writeFdt({
      root: { name: '', properties: new Map([['compatible', Uint8Array.of(97, 0)]]), children: [] },
      reservations: [],
      bootCpu: 0,
    });
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => readFdt(bytes.slice(0, length), 'x.dtb')).toThrow(/^x\.dtb: found .*, expected .*$/);
  });

  it('never fails with anything but a message on damaged bytes', () => {
    const good = writeFdt({
      root: { name: '', properties: new Map([['a', Uint8Array.of(1)]]), children: [] },
      reservations: [],
      bootCpu: 0,
    });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bad = good.slice();
        bad[at] = value;
        try {
          readFdt(bad, 'x.dtb');
        } catch (error) {
          expect(String(error)).toMatch(/^ConfigError: x\.dtb: found/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
