import { describe, expect, it } from 'vitest';
import { Plic } from './plic.js';

type Profile = 'none' | 'rocket' | 'qemu' | 'strict';

const PRIORITY = (source: number): number => 4 * source;
const ENABLE = (context: number, word = 0): number => 0x2000 + 0x80 * context + 4 * word;
const THRESHOLD = (context: number): number => 0x20_0000 + 0x1000 * context;
const CLAIM = (context: number): number => THRESHOLD(context) + 4;
const VINTERRUPTS = 0x1f0_0000;

function build(dvext: Profile, harts = 1) {
  const lines = new Map<string, boolean>();
  const plic = new Plic({ harts, dvext }, (hart, interrupt, high) => lines.set(`${hart}.${interrupt}`, high));
  const write = (offset: number, value: number): boolean => plic.store(offset, 4, BigInt(value));
  const read = (offset: number): number => Number(plic.load(offset, 4));
  return { plic, write, read, line: (name: string) => lines.get(name) ?? false };
}

describe('PLIC', () => {
  it('raises the S context that enables a pending source above its threshold, until it is claimed', () => {
    const { plic, write, read, line } = build('none');
    write(PRIORITY(10), 3);
    write(ENABLE(1), 1 << 10);
    plic.setLine(10, true);
    expect(line('0.9')).toBe(true);
    expect(line('0.11')).toBe(false);
    write(THRESHOLD(1), 3);
    expect(line('0.9')).toBe(false);
    write(THRESHOLD(1), 2);
    expect(line('0.9')).toBe(true);
    expect(read(CLAIM(1))).toBe(10);
    expect(line('0.9')).toBe(false);
    expect(read(CLAIM(1))).toBe(0);
  });

  it('asks again after completion while the line is high, and not once it is low', () => {
    const { plic, write, read, line } = build('none');
    write(PRIORITY(10), 1);
    write(ENABLE(1), 1 << 10);
    plic.setLine(10, true);
    read(CLAIM(1));
    write(CLAIM(1), 10);
    expect(line('0.9')).toBe(true);
    read(CLAIM(1));
    plic.setLine(10, false);
    write(CLAIM(1), 10);
    expect(line('0.9')).toBe(false);
  });

  it('ignores a completion from a context that does not enable the source', () => {
    const { plic, write, read, line } = build('none');
    write(PRIORITY(10), 1);
    write(ENABLE(1), 1 << 10);
    plic.setLine(10, true);
    read(CLAIM(1));
    write(CLAIM(0), 10);
    expect(line('0.9')).toBe(false);
    expect(read(0x1000)).toBe(0);
  });

  it('claims the highest priority first, the lowest number among equals', () => {
    const { plic, write, read } = build('none');
    for (const [source, priority] of [
      [3, 2],
      [4, 5],
      [5, 5],
    ] as const) {
      write(PRIORITY(source), priority);
      plic.setLine(source, true);
    }
    write(ENABLE(0), 0x38);
    expect([read(CLAIM(0)), read(CLAIM(0)), read(CLAIM(0)), read(CLAIM(0))]).toEqual([4, 5, 3, 0]);
  });

  it('keeps 3 bits of a priority and nothing for source 0', () => {
    const { write, read } = build('none');
    write(PRIORITY(1), 0xff);
    write(PRIORITY(0), 7);
    write(ENABLE(0), 0xffff_ffff);
    expect([read(PRIORITY(1)), read(PRIORITY(0)), read(ENABLE(0))]).toEqual([7, 0, 0xffff_fffe]);
  });

  it('has a third context per hart with DV-ext, which drives VSEIP', () => {
    const { plic, write, line } = build('rocket', 2);
    write(PRIORITY(1), 1);
    write(ENABLE(5), 2);
    plic.setLine(1, true);
    expect(line('1.10')).toBe(true);
    expect(line('0.10')).toBe(false);
  });

  it('rocket: a bit of vinterrupts is a source, clears itself when claimed and is not withdrawn by a later 0', () => {
    const { write, read, line } = build('rocket');
    write(PRIORITY(34), 1);
    write(ENABLE(2, 1), 1 << (34 - 32));
    write(VINTERRUPTS, 1 << 29);
    expect(line('0.10')).toBe(true);
    write(VINTERRUPTS, 0);
    expect(line('0.10')).toBe(true);
    write(VINTERRUPTS, 1 << 29);
    expect(read(CLAIM(2))).toBe(34);
    expect(read(VINTERRUPTS)).toBe(0);
    expect(line('0.10')).toBe(false);
    write(CLAIM(2), 34);
    expect(line('0.10')).toBe(false);
  });

  it('rocket: between claim and complete a 0 takes back a new request', () => {
    const { write, read, line } = build('rocket');
    write(PRIORITY(34), 1);
    write(ENABLE(2, 1), 1 << 2);
    write(VINTERRUPTS, 1 << 29);
    read(CLAIM(2));
    write(VINTERRUPTS, 1 << 29);
    write(VINTERRUPTS, 0);
    write(CLAIM(2), 34);
    expect(line('0.10')).toBe(false);
  });

  it('strict: writing adds bits and takes none away', () => {
    const { write, read } = build('strict');
    write(VINTERRUPTS, 1);
    write(VINTERRUPTS, 4);
    expect(read(VINTERRUPTS)).toBe(5);
  });

  it('qemu: the lowest set bit selects one source from 0x80, 0 withdraws, reads give 0', () => {
    const { write, read, line } = build('qemu');
    write(PRIORITY(0x82), 1);
    write(ENABLE(2, 4), 4);
    write(VINTERRUPTS, 0b1100);
    expect(line('0.10')).toBe(true);
    expect(read(VINTERRUPTS)).toBe(0);
    write(VINTERRUPTS, 0);
    expect(line('0.10')).toBe(false);
  });

  it('answers words only', () => {
    const { plic } = build('none');
    expect(plic.load(4, 1)).toBeUndefined();
    expect(plic.store(4, 2, 1n)).toBe(false);
    expect(plic.load(0, 8)).toBe(0n);
  });
});
