/**
 * Multiplier/divider: the formulas of the model against a step-by-step machine that shifts and subtracts as the hardware does
 * (rocket-timing.md 2).
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as events from '../../libs/riscv-core/src/timing/events.js';
import { TimingCore, compileEvents } from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** Cycles in the multiply state: bits are consumed eight at a time; from `first` on, it stops when none are left. */
function multiplyCycles(multiplier: bigint, width: number): number {
  let rest = multiplier;
  const total = width / 8;
  // A 64-bit multiplication cannot stop in its first cycle; a 32-bit one enters the count half way and can.
  for (let cycle = 1; cycle < total; cycle++) {
    if (rest === 0n && (cycle > 1 || width === 32)) return cycle;
    rest >>= 8n;
  }
  return total;
}

/** Cycles of a division: negate inputs, 65 subtract steps less the skipped ones, negate the result. */
function divideCycles(a: bigint, b: bigint, signed: boolean, remainder: boolean): number {
  const negativeA = signed && a < 0n;
  const negativeB = signed && b < 0n;
  const dividend = u64(negativeA ? -a : a);
  const divisor = u64(negativeB ? -b : b);
  let cycles = negativeA || negativeB ? 1 : 0;
  let count = 0;
  for (;;) {
    cycles++;
    if (count === 64) break;
    if (count === 0 && divisor !== 0n) {
      const position = ~(Math.max(bitLength(dividend), 1) - bitLength(divisor)) & 63;
      count = position >= 1 ? position : 1;
    } else count++;
  }
  const negate = remainder ? negativeA : negativeA !== negativeB && divisor !== 0n;
  return cycles + (negate ? 1 : 0);
}

/** 2 cycles beside the iterations. */
const FIXED = 2;

const anyBits = fc
  .record({ bits: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), shift: fc.bigInt({ min: 0n, max: 64n }) })
  .map(({ bits, shift }) => bits >> shift);
const operand = fc
  .record({ value: anyBits, negative: fc.boolean() })
  .map(({ value, negative }) => u64(negative ? -value : value));
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);

describe('latency by operands', () => {
  const expected: Record<string, { kind: number; cycles: (a: bigint, b: bigint) => number }> = {
    mul: { kind: events.MULDIV_MUL, cycles: (a) => multiplyCycles(a, 64) },
    mulw: { kind: events.MULDIV_MULW, cycles: (a) => multiplyCycles(u32(a), 32) },
    mulh: { kind: events.MULDIV_MULH, cycles: () => 8 },
    div: { kind: events.MULDIV_DIV, cycles: (a, b) => divideCycles(s64(a), s64(b), true, false) },
    divu: { kind: events.MULDIV_DIVU, cycles: (a, b) => divideCycles(a, b, false, false) },
    rem: { kind: events.MULDIV_REM, cycles: (a, b) => divideCycles(s64(a), s64(b), true, true) },
    remu: { kind: events.MULDIV_REMU, cycles: (a, b) => divideCycles(a, b, false, true) },
    divw: { kind: events.MULDIV_DIVW, cycles: (a, b) => divideCycles(s32(a), s32(b), true, false) },
    divuw: { kind: events.MULDIV_DIVUW, cycles: (a, b) => divideCycles(u32(a), u32(b), false, false) },
    remw: { kind: events.MULDIV_REMW, cycles: (a, b) => divideCycles(s32(a), s32(b), true, true) },
    remuw: { kind: events.MULDIV_REMUW, cycles: (a, b) => divideCycles(u32(a), u32(b), false, true) },
  };

  it.each(Object.entries(expected))('%s', (_name, { kind, cycles }) => {
    const core = new TimingCore(module);
    fc.assert(
      fc.property(operand, operand, (a, b) => {
        expect(core.events.t_muldiv(core.h(), kind, a, b, 0)).toBe(FIXED + cycles(a, b));
      }),
      { numRuns: 300 },
    );
  });

  it('named points of the parameter sheet', () => {
    const core = new TimingCore(module);
    const latency = (kind: number, a: bigint, b: bigint): number =>
      core.events.t_muldiv(core.h(), kind, u64(a), u64(b), 0);
    expect(latency(events.MULDIV_MUL, 3n, 5n), 'MUL, shortest').toBe(4);
    expect(latency(events.MULDIV_MUL, -1n, 5n), 'MUL, full').toBe(10);
    expect(latency(events.MULDIV_MULW, -1n, 5n), 'MULW, full').toBe(6);
    expect(latency(events.MULDIV_MULH, 0n, 0n), 'MULH, no early-out').toBe(10);
    expect(latency(events.MULDIV_DIVU, 7n, 0n), 'division by zero').toBe(67);
    expect(latency(events.MULDIV_DIVU, 3n, 4n), 'dividend one bit shorter: full 65 steps').toBe(67);
    expect(latency(events.MULDIV_DIVU, 4n, 4n), 'skip 63').toBe(5);
    expect(latency(events.MULDIV_DIV, -4n, 4n), 'both corrections').toBe(7);
  });

  it('only what exceeds the slack is stalled for', () => {
    const core = new TimingCore(module);
    const stall = (slack: number): number => core.events.t_muldiv(core.h(), events.MULDIV_MUL, 3n, 5n, slack);
    expect([1, 2, 3, 4, 5].map(stall)).toEqual([3, 2, 1, 0, 0]);
  });
});
