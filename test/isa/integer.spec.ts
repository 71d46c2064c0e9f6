/** Unprivileged rules that are easy to get wrong. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { run as runOn, runLogged } from './program.js';

const MASK = (1n << 64n) - 1n;
const MIN = 1n << 63n;

describe.each(engineNames)('%s', (engine) => {
  const run = (body: string, data = '') => runOn(engine, body, {}, data);
  const logged = (body: string, data = '') => runLogged(engine, body, {}, data);

  test('division by zero and overflow give the values of the M extension, without a trap', () => {
    const p = run(`
      li   a0, -7
      div  s0, a0, x0
      divu s1, a0, x0
      rem  s2, a0, x0
      remu s3, a0, x0
      li   a1, 0x8000000000000000
      li   a2, -1
      div  s4, a1, a2
      rem  s5, a1, a2
      li   a3, 0x80000000
      divw s6, a3, a2
      remw s7, a3, a2
      divuw s8, a3, x0
      remuw s9, a3, x0
    `);
    expect(p.x('s0')).toBe(MASK);
    expect(p.x('s1')).toBe(MASK);
    expect(p.x('s2')).toBe(MASK - 6n);
    expect(p.x('s3')).toBe(MASK - 6n);
    expect(p.x('s4')).toBe(MIN);
    expect(p.x('s5')).toBe(0n);
    expect(p.x('s6')).toBe(0xffff_ffff_8000_0000n);
    expect(p.x('s7')).toBe(0n);
    expect(p.x('s8')).toBe(MASK);
    expect(p.x('s9')).toBe(0xffff_ffff_8000_0000n);
  });

  test('mulhsu takes its first operand signed and its second unsigned', () => {
    const p = run(`
      li a0, -1
      li a1, -1
      mulhsu s0, a0, a1
      mulhu  s1, a0, a1
      mulh   s2, a0, a1
    `);
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([MASK, MASK - 1n, 0n]);
  });

  test('word operations ignore the upper half and sign-extend their result', () => {
    const p = run(`
      li    a0, 0x1234567880000000
      addiw s0, a0, 0
      srliw s1, a0, 4
      sraiw s2, a0, 4
      slliw s3, a0, 1
      li    a1, 36
      srlw  s4, a0, a1
      srl   s5, a0, a1
    `);
    expect(p.x('s0')).toBe(0xffff_ffff_8000_0000n);
    expect(p.x('s1')).toBe(0x0800_0000n);
    expect(p.x('s2')).toBe(0xffff_ffff_f800_0000n);
    expect(p.x('s3')).toBe(0n);
    expect(p.x('s4')).toBe(0x0800_0000n);
    expect(p.x('s5')).toBe(0x0123_4567n);
  });

  test('jalr reads its base before it writes the link, and clears bit 0', () => {
    const p = run(`
      la   ra, there
      addi ra, ra, 1
      jalr ra, 0(ra)
      li   s0, 1
there: addi s1, ra, 0
    `);
    expect(p.x('s0')).toBe(0n);
    expect(p.x('s1')).toBe(p.address('there') - 4n);
  });

  test('x0 stays zero, and a load into it still happens', () => {
    const p = logged(`
      li   x0, 5
      addi s0, x0, 0
      la   s10, after
      ld   x0, 0(x0)
after:
    `);
    expect(p.x('s0')).toBe(0n);
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([[5n, 0n]]);
  });

  test('compressed instructions step by two, and an all-zero parcel is illegal with its 16 bits in mtval', () => {
    const p = logged(`
      la   s10, after
      .half 0x4405
      .half 0x0405
zero: .half 0x0000
      .half 0x0001
after:
    `);
    expect(p.x('s0')).toBe(2n);
    expect(p.traps().map((t) => [t.cause, t.epc, t.tval])).toEqual([[2n, p.address('zero'), 0n]]);
  });

  test('a reserved 32-bit encoding is illegal with all its bits in mtval', () => {
    const p = logged(`
      la   s10, after
bad:  .word 0xfe00707b
after:
    `);
    expect(p.traps().map((t) => [t.cause, t.epc, t.tval])).toEqual([[2n, p.address('bad'), 0xfe00707bn]]);
  });

  test('an instruction may straddle two pages', () => {
    const p = run(`
      j    near
      .zero 4086
near: .half 0x0001
      .half 0x0001
      addi s0, x0, 77
    `);
    expect(p.x('s0')).toBe(77n);
  });

  test('misaligned accesses succeed or trap as the machine says, also across a page', () => {
    const source = `
      la   a0, data
      li   a1, 0x1122334455667788
      la   s10, after
      sd   a1, 0(a0)
      ld   s0, 0(a0)
      lhu  s1, 1(a0)
after:
    `;
    const area = `
.align 12
      .zero 4093
data: .zero 4099
    `;
    const emulated = runLogged(engine, source, { misaligned: 'emulate' }, area);
    expect(emulated.x('s0')).toBe(0x1122334455667788n);
    expect(emulated.x('s1')).toBe(0x6677n);
    const trapped = runLogged(engine, source, { misaligned: 'trap' }, area);
    expect(trapped.traps().map((t) => [t.cause, t.tval])).toEqual([[6n, trapped.address('data')]]);
  });

  test('atomics are never misaligned', () => {
    const p = logged(
      `
      la   a0, data
      addi a0, a0, 2
      la   s10, next
      amoadd.w a1, a2, (a0)
next: la   s10, last
      lr.w a1, (a0)
last:
    `,
      `.align 3
data: .zero 16`,
    );
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([
      [6n, p.address('data') + 2n],
      [4n, p.address('data') + 2n],
    ]);
  });

  test('store-conditional needs a reservation of the same size and address, and uses it up', () => {
    const p = run(
      `
      la   a0, data
      li   a1, 9
      sc.w s0, a1, (a0)
      lr.d t0, (a0)
      sc.w s1, a1, (a0)
      lr.w t0, (a0)
      sc.w s2, a1, (a0)
      sc.w s3, a1, (a0)
      lr.w s4, (a0)
      addi a2, a0, 4
      sc.w s5, a1, (a2)
    `,
      `.align 3
data: .dword 0`,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2'), p.x('s3'), p.x('s4'), p.x('s5')]).toEqual([1n, 1n, 0n, 1n, 9n, 1n]);
  });

  test('word atomics compare as 32-bit numbers and return the old value sign-extended', () => {
    const p = run(
      `
      la   a0, data
      li   a1, 1
      amomax.w  s0, a1, (a0)
      lw   s1, 0(a0)
      addi a0, a0, 4
      amominu.w s2, a1, (a0)
      lw   s3, 0(a0)
    `,
      `.align 3
data: .word 0x80000000, 0x80000000`,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2'), p.x('s3')]).toEqual([
      0xffff_ffff_8000_0000n,
      1n,
      0xffff_ffff_8000_0000n,
      1n,
    ]);
  });

  test('stores into code that has already run are seen by the next execution', () => {
    const p = run(`
      li   s0, 0
      li   s1, 2
      la   a0, patch
      li   a1, 0x00140413
again:
patch: addi s0, s0, 100
      sw   a1, 0(a0)
      fence.i
      addi s1, s1, -1
      bnez s1, again
    `);
    expect(p.x('s0')).toBe(101n);
  });
});
