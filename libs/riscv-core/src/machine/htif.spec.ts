import { beforeEach, describe, expect, it } from 'vitest';
import { RAM_LINEAR } from '../hart/layout.js';
import { Htif } from './htif.js';
import { LinearMemory, Ram } from './linear-memory.js';
import { formatSignature, signatureRange } from './signature.js';

const BASE = 0x8000_0000n;
const TOHOST = BASE + 0x100n;
const FROMHOST = BASE + 0x108n;
const BLOCK = BASE + 0x200n;

let ram: Ram;
let output: string;
let exits: bigint[];
let htif: Htif;

beforeEach(() => {
  const pages = RAM_LINEAR / 0x1_0000 + 1;
  ram = new Ram(new LinearMemory(new WebAssembly.Memory({ initial: pages, maximum: pages })), Number(BASE), 0x1_0000);
  output = '';
  exits = [];
  htif = new Htif(ram, TOHOST, FROMHOST, {
    write: (bytes) => (output += new TextDecoder().decode(bytes)),
    exit: (code) => exits.push(code),
  });
});

function say(value: bigint): void {
  ram.setU64(TOHOST, value);
  htif.handle();
}

describe('HTIF', () => {
  it('ends the program with value >> 1', () => {
    say(1n);
    say((1337n << 1n) | 1n);
    expect(exits).toEqual([0n, 1337n]);
  });

  it('prints characters and acknowledges them', () => {
    say((1n << 56n) | (1n << 48n) | 0x41n);
    expect(output).toBe('A');
    expect(ram.u64(TOHOST)).toBe(0n);
    expect(ram.u64(FROMHOST)).toBe((1n << 56n) | (1n << 48n));
  });

  it('does write(2) and answers with its length', () => {
    ram.slice(BASE + 0x300n, 5n).set(new TextEncoder().encode('hello'));
    [64n, 1n, BASE + 0x300n, 5n].forEach((word, index) => ram.setU64(BLOCK + 8n * BigInt(index), word));
    say(BLOCK);
    expect(output).toBe('hello');
    expect(ram.u64(BLOCK)).toBe(5n);
    expect(ram.u64(FROMHOST)).toBe(1n);
    expect(exits).toEqual([]);
  });

  it.each([
    ['a buffer outside RAM', [64n, 1n, 0n, 5n], -14n],
    ['an unknown file', [64n, 7n, BASE, 5n], -9n],
    ['an unknown call', [63n, 0n, BASE, 5n], -38n],
  ])('answers %s with an error number', (_what, words, result) => {
    words.forEach((word, index) => ram.setU64(BLOCK + 8n * BigInt(index), word));
    say(BLOCK);
    expect(BigInt.asIntN(64, ram.u64(BLOCK))).toBe(result);
    expect(output).toBe('');
  });

  it('answers a request for a character once there is one', () => {
    say(1n << 56n);
    expect(ram.u64(FROMHOST)).toBe(0n);
    htif.receive([0x61, 0x62]);
    expect(ram.u64(FROMHOST)).toBe((1n << 56n) | 0x61n);
    say(1n << 56n);
    expect(ram.u64(FROMHOST)).toBe((1n << 56n) | 0x62n);
  });
});

describe('signature', () => {
  it('is a line per little-endian 8-byte word, the last zero-padded', () => {
    ram.slice(BASE + 0x10n, 11n).set([1, 2, 3, 4, 5, 6, 7, 0xf8, 9, 10, 11]);
    const symbols = new Map([
      ['begin_signature', BASE + 0x10n],
      ['end_signature', BASE + 0x1bn],
    ]);
    expect(formatSignature(ram, signatureRange(symbols, ram, 'p.elf'))).toBe('f807060504030201\n00000000000b0a09\n');
  });

  it('needs both symbols, in order, inside RAM', () => {
    expect(() => signatureRange(new Map([['begin_signature', BASE]]), ram, 'p.elf')).toThrow(
      /^p\.elf: found no symbol end_signature/,
    );
    const wrong = new Map([
      ['begin_signature', BASE + 8n],
      ['end_signature', BASE],
    ]);
    expect(() => signatureRange(wrong, ram, 'p.elf')).toThrow(/^p\.elf: found signature 0x80000008\.\.0x80000000/);
  });
});
