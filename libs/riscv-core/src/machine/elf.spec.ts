import { describe, expect, it } from 'vitest';
import { readElf } from './elf.js';
import { makeElf } from './elf.testkit.js';

const program = {
  entry: 0x8000_0000n,
  segments: [
    { base: 0x8000_0000n, data: Uint8Array.of(1, 2, 3, 4) },
    { base: 0x8000_1000n, data: Uint8Array.of(5), size: 0x100n },
  ],
  symbols: { tohost: 0x8000_1000n, main: 0x8000_0002n },
};

/** The good program with one byte changed. */
function damaged(at: number, value: number): Uint8Array {
  const bytes = makeElf(program);
  bytes[at] = value;
  return bytes;
}

describe('ELF reader', () => {
  it('reads entry, segments and symbols', () => {
    const elf = readElf(makeElf(program), 'p.elf');
    expect(elf.entry).toBe(0x8000_0000n);
    expect(elf.segments.map(({ base, size, data }) => ({ base, size, data: [...data] }))).toEqual([
      { base: 0x8000_0000n, size: 4n, data: [1, 2, 3, 4] },
      { base: 0x8000_1000n, size: 0x100n, data: [5] },
    ]);
    expect(elf.symbols).toEqual(
      new Map([
        ['tohost', 0x8000_1000n],
        ['main', 0x8000_0002n],
      ]),
    );
  });

  it.each([
    ['not an ELF', new TextEncoder().encode('#!/bin/sh'), /^p\.elf: found no ELF header, expected an ELF executable$/],
    ['an empty file', new Uint8Array(), /found no ELF header/],
    ['a 32-bit file', damaged(4, 1), /found a 32-bit ELF file, expected a 64-bit one/],
    ['a big-endian file', damaged(5, 2), /big-endian/],
    ['another machine', damaged(18, 62), /found machine 62, expected RISC-V \(243\)/],
    ['an object file', damaged(16, 1), /found ELF type 1, expected an executable/],
    [
      'more in the file than in memory',
      damaged(64 + 40, 1),
      /segment 0 with 4 bytes in the file, expected at most the 1/,
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => readElf(bytes, 'p.elf')).toThrow(message);
  });

  it('refuses every truncation', () => {
    const bytes = makeElf(program);
    for (let length = 4; length < bytes.length; length += 1)
      expect(() => readElf(bytes.slice(0, length), 'p.elf')).toThrow(/^p\.elf: found .*truncated$/);
  });
});
