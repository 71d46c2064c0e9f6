import { describe, expect, it } from 'vitest';
import { RAM_LINEAR } from '../hart/layout.js';
import { LinearMemory, Ram } from './linear-memory.js';
import { LoadPlan, parseAddress } from './load-plan.js';

function smallRam(): Ram {
  const pages = RAM_LINEAR / 0x1_0000 + 1;
  return new Ram(new LinearMemory(new WebAssembly.Memory({ initial: pages, maximum: pages })), 0x8000_0000, 0x1_0000);
}
const range = (name: string, base: bigint, length: number) => ({
  name,
  base,
  data: new Uint8Array(length).fill(7),
  size: BigInt(length),
});

describe('load plan', () => {
  it('copies what was planned', () => {
    const ram = smallRam();
    const plan = new LoadPlan(ram);
    plan.add(range('a', 0x8000_0010n, 4));
    plan.write();
    expect([...ram.slice(0x8000_000fn, 6n)]).toEqual([0, 7, 7, 7, 7, 0]);
    expect(plan.lowest()).toBe(0x8000_0010n);
  });

  it('refuses overlapping load ranges and names both', () => {
    const plan = new LoadPlan(smallRam());
    plan.add(range('one.bin', 0x8000_0000n, 0x100));
    expect(() => plan.add(range('two.bin', 0x8000_00ffn, 1))).toThrow(
      'two.bin: found load range 0x800000ff..0x80000100 overlapping 0x80000000..0x80000100 of one.bin, expected load ranges that do not overlap',
    );
    plan.add(range('three.bin', 0x8000_0100n, 1));
  });

  it.each([0x7fff_ffffn, 0x8000_ffffn, 0n])('refuses a range at %d outside RAM', (base) => {
    expect(() => new LoadPlan(smallRam()).add(range('x.bin', base, 2))).toThrow(
      /^x\.bin: found load range .*, expected one inside RAM/,
    );
  });

  it('finds the highest free page for the device tree', () => {
    const plan = new LoadPlan(smallRam());
    expect(plan.addAtTop('tree', new Uint8Array(100))).toBe(0x8000_f000n);
    plan.add(range('a', 0x8000_e000n, 0x1000));
    expect(plan.addAtTop('initrd', new Uint8Array(0x1001))).toBe(0x8000_c000n);
    expect(() => plan.addAtTop('big', new Uint8Array(0xf000))).toThrow(/^big: found no free range/);
  });
});

describe('addresses', () => {
  it('are decimal or hexadecimal and below 2^64', () => {
    expect(parseAddress('0x80000000', '--entry')).toBe(0x8000_0000n);
    expect(parseAddress('12', '--entry')).toBe(12n);
    for (const text of ['', 'x', '0x', '-1', '1 ', '0x10000000000000000'])
      expect(() => parseAddress(text, '--entry')).toThrow(/^--entry: found/);
  });
});
