/** Branch prediction (rocket-timing.md 3): 0 when the BTB is right, 2 when only predecode is, 3 when wrong. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { TimingCore, compileEvents } from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const PC = 0x8000_1000n;
const NO_LINK = 32;
const RA = 1;
const A0 = 10;

describe('conditional branches', () => {
  it('a loop branch: wrong once, found by the BTB from then on, wrong at the end', () => {
    const core = new TimingCore(module);
    const branch = (taken: number): number => core.events.t_branch(core.h(), PC, 4, taken, PC - 64n);
    const first = Array.from({ length: 40 }, () => branch(1));
    // One bit per history pattern: each of the eight folded histories has to be learnt.
    expect(first[0]).toBe(3);
    expect(first.slice(20)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(branch(0)).toBe(3);
  });

  it('never taken: never wrong, never in the BTB', () => {
    const core = new TimingCore(module);
    for (let i = 0; i < 20; i++) expect(core.events.t_branch(core.h(), PC, 4, 0, PC + 64n)).toBe(0);
  });

  it('an alternating branch is learnt through the history', () => {
    const core = new TimingCore(module);
    const costs = Array.from({ length: 60 }, (_, i) => core.events.t_branch(core.h(), PC, 4, i & 1, PC + 64n));
    expect(costs.slice(40)).toEqual(Array.from({ length: 20 }, () => 0));
  });

  it('direction: 512 bits indexed by fetch word xor eight outcomes folded to three', () => {
    const step = fc.record({ word: fc.constantFrom(0, 1, 2, 511, 512, 1024), taken: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const core = new TimingCore(module);
        const table = new Map<number, boolean>();
        let history = 0;
        for (const { word, taken } of steps) {
          // The newest outcome is the top bit; sqrt(3)/2 spreads the bits, the three on top count.
          const fold = ((history * Math.floor((Math.sqrt(3) / 2) * 256)) % 256) >> 5;
          const index = (word % 512) ^ ((word >> 9) & 3) ^ (fold << 6);
          const wrong = (table.get(index) ?? false) !== taken;
          const cycles = core.events.t_branch(core.h(), BigInt(word) * 4n, 4, taken ? 1 : 0, 0x2000n);
          expect(cycles === 3).toBe(wrong);
          table.set(index, taken);
          history = (history >> 1) | (taken ? 0x80 : 0);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('jumps', () => {
  it('JAL: two bubbles once, then none', () => {
    const core = new TimingCore(module);
    const jal = (): number => core.events.t_jal(core.h(), PC, 4, PC + 0x100n, NO_LINK);
    expect([jal(), jal(), jal()]).toEqual([2, 0, 0]);
  });

  it('holds as many transfers as it has entries; in a rotation of more some are lost', () => {
    const core = new TimingCore(module, { set: { 'btb.entries': 16 } });
    const jal = (n: number): number => core.events.t_jal(core.h(), PC + BigInt(n) * 4n, 4, PC + 0x800n, NO_LINK);
    const round = (n: number): number => Array.from({ length: n }, (_, i) => jal(i)).reduce((a, b) => a + b);
    expect([round(16), round(16)]).toEqual([2 * 16, 0]);
    expect(round(17)).toBe(2);
    expect(round(17)).toBeGreaterThan(0);
  });

  it('a transfer that needs a seventh page register loses those that used the oldest', () => {
    const core = new TimingCore(module);
    const page = (n: number): bigint => 0x8000_0000n + BigInt(n) * 0x4000n;
    const jal = (n: number): number => core.events.t_jal(core.h(), page(n), 4, page(n) + 8n, NO_LINK);
    for (let n = 0; n < 6; n++) expect(jal(n)).toBe(2);
    for (let n = 0; n < 6; n++) expect(jal(n)).toBe(0);
    expect(jal(6)).toBe(2);
    expect(jal(0)).toBe(2);
  });

  it('one transfer per 4-byte fetch word', () => {
    const core = new TimingCore(module);
    const first = (): number => core.events.t_jal(core.h(), PC, 2, PC + 0x100n, NO_LINK);
    const second = (): number => core.events.t_jal(core.h(), PC + 2n, 2, PC + 0x200n, NO_LINK);
    expect([first(), second(), first(), second()]).toEqual([2, 2, 2, 2]);
  });
});

describe('indirect jumps', () => {
  it('return: predecode plus return stack, then the BTB', () => {
    const core = new TimingCore(module);
    const call = (at: bigint): number => core.events.t_jal(core.h(), at, 4, PC, RA);
    const back = (to: bigint): number => core.events.t_jalr(core.h(), PC + 8n, 2, to, NO_LINK, RA);
    call(0x8000_2000n);
    expect(back(0x8000_2004n)).toBe(2);
    call(0x8000_3000n);
    expect(back(0x8000_3004n), 'another caller, same return instruction').toBe(0);
    call(0x8000_2000n);
    expect(back(0x8000_2008n), 'software returned elsewhere').toBe(3);
  });

  it('the stack keeps six addresses', () => {
    const core = new TimingCore(module);
    const site = (n: number): bigint => 0x8000_2000n + BigInt(n) * 8n;
    for (let n = 0; n < 7; n++) core.events.t_jal(core.h(), site(n), 4, PC, RA);
    const costs = [6, 5, 4, 3, 2, 1].map((n) => core.events.t_jalr(core.h(), PC + 8n, 2, site(n) + 4n, NO_LINK, RA));
    expect(costs).toEqual([2, 0, 0, 0, 0, 0]);
    expect(core.events.t_jalr(core.h(), PC + 8n, 2, site(0) + 4n, NO_LINK, RA), 'overwritten').toBe(3);
  });

  it('an empty stack leaves the return to the BTB', () => {
    const core = new TimingCore(module);
    const site = (n: number): bigint => 0x8000_2000n + BigInt(n) * 8n;
    const call = (n: number): number => core.events.t_jal(core.h(), site(n), 4, PC, RA);
    const back = (pc: bigint, n: number): number => core.events.t_jalr(core.h(), pc, 2, site(n) + 4n, NO_LINK, RA);
    call(20);
    expect(back(PC + 16n, 20), 'enters its target').toBe(2);
    for (let n = 0; n < 7; n++) call(n);
    for (let n = 6; n > 0; n--) back(PC + 8n, n);
    expect(back(PC + 16n, 20)).toBe(0);
  });

  it('a computed jump: wrong whenever the target changed', () => {
    const core = new TimingCore(module);
    const jump = (to: bigint): number => core.events.t_jalr(core.h(), PC, 4, to, NO_LINK, A0);
    expect([jump(0x8000_2000n), jump(0x8000_2000n), jump(0x8000_3000n), jump(0x8000_3000n)]).toEqual([3, 0, 3, 0]);
  });
});

it('a trap costs the redirect from write-back: 5 cycles', () => {
  const core = new TimingCore(module);
  expect(core.cost((events, h) => events.t_trap(h))).toBe(5);
});
