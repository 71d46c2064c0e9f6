/** The L0 filters stay exact: an entry is there only while its line is in the L1D and its page in the DTLB (engine.md 4). */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import {
  DATA_LOAD,
  DATA_STORE,
  FLUSH_GSTAGE,
  FLUSH_GUEST,
  FLUSH_HOST,
  SPACE_BARE,
  SPACE_GUEST,
  SPACE_HOST,
} from '../../libs/riscv-core/src/timing/events.js';
import { RAM_BASE, TimingCore, compileEvents } from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const PAGE = 4096n;
/** Sizes at which evictions are frequent, and at which filter entries change hands while their TLB entries live. */
const sizes = fc.constantFrom(
  { 'l1d.ways': 1, 'tlb.sectors': 2, 'tlb.superpages': 2, 'l2.sets': 64, 'l2.ways': 2 },
  { 'l1d.ways': 4, 'tlb.sectors': 8, 'tlb.superpages': 2 },
);

/** A world of few pages: virtual page n of space s maps to physical page (5 n + s) mod 16, so aliases occur. */
const physical = (va: bigint, space: number): bigint =>
  space === SPACE_BARE ? va : RAM_BASE + (((va / PAGE) * 5n + BigInt(space)) % 16n) * PAGE + (va % PAGE);

interface Access {
  hart: number;
  context: number;
  page: number;
  line: number;
  store: boolean;
  superpage: boolean;
}
type Step = { access: Access } | { flush: { hart: number; scope: number; page: number; hasVa: boolean } };

/** Contexts 0..2 use one space each, as privilege and translation mode select a context. */
const spaces = [SPACE_BARE, SPACE_HOST, SPACE_GUEST] as const;
const vaOf = ({ context, page, line }: Access): bigint =>
  (context === 0 ? RAM_BASE : 0x4000_0000n) + BigInt(page) * PAGE + BigInt(line) * 64n;

const access: fc.Arbitrary<Step> = fc
  .record({
    hart: fc.integer({ min: 0, max: 1 }),
    context: fc.integer({ min: 0, max: 2 }),
    page: fc.constantFrom(0, 1, 2, 4, 16, 17, 20),
    line: fc.constantFrom(0, 1, 63),
    store: fc.boolean(),
    superpage: fc.boolean(),
  })
  .map((value) => ({ access: value }));
const flush: fc.Arbitrary<Step> = fc
  .record({
    hart: fc.integer({ min: 0, max: 1 }),
    scope: fc.constantFrom(FLUSH_HOST, FLUSH_GUEST, FLUSH_GSTAGE),
    page: fc.constantFrom(0, 1, 2, 4, 16, 17, 20),
    hasVa: fc.boolean(),
  })
  .map((value) => ({ flush: value }));
const steps = fc.array(fc.oneof({ weight: 12, arbitrary: access }, { weight: 1, arbitrary: flush }), {
  maxLength: 150,
});

function perform(core: TimingCore, one: Step): void {
  if ('flush' in one) {
    const { hart, scope, page, hasVa } = one.flush;
    core.events.t_flush_tlb(core.h(hart), scope, hasVa ? 1 : 0, 0x4000_0000n + BigInt(page) * PAGE);
    return;
  }
  const { hart, context, superpage, store } = one.access;
  const va = vaOf(one.access);
  const space = spaces[context]!;
  core.selectContext(hart, context);
  core.setWalk(superpage ? 21 : 12, [{ pa: RAM_BASE + 0x10_0000n, stage: 0, level: 0 }], hart);
  core.access(va, physical(va, space), store ? DATA_STORE : DATA_LOAD, space, hart);
}

describe('filters', () => {
  it('prove a load after a load, and a store only after a store', () => {
    const core = new TimingCore(module);
    core.access(RAM_BASE + 8n, RAM_BASE + 8n, DATA_LOAD);
    expect(core.filtered(RAM_BASE + 16n)).toBe(L.RAM_LINEAR + 16);
    expect(core.filtered(RAM_BASE + 16n, true)).toBeUndefined();
    core.access(RAM_BASE + 8n, RAM_BASE + 8n, DATA_STORE);
    expect(core.filtered(RAM_BASE + 16n, true)).toBe(L.RAM_LINEAR + 16);
    expect(core.filtered(RAM_BASE + 9n), 'misaligned').toBeUndefined();
    expect(core.filtered(RAM_BASE + 64n), 'next line').toBeUndefined();
  });

  it('another hart that reads the line takes the right to store', () => {
    const core = new TimingCore(module, { harts: 2 });
    core.access(RAM_BASE, RAM_BASE, DATA_STORE, SPACE_BARE, 0);
    core.access(RAM_BASE, RAM_BASE, DATA_LOAD, SPACE_BARE, 1);
    expect(core.filtered(RAM_BASE, true, 0)).toBeUndefined();
  });

  it('a fence for one page removes its entries, though the TLB entry lives on for the next page', () => {
    const core = new TimingCore(module);
    const va = 0x4000_0000n;
    core.setWalk(12, [{ pa: RAM_BASE + 0x10_0000n, stage: 0, level: 0 }]);
    core.access(va + PAGE, RAM_BASE + PAGE, DATA_LOAD, SPACE_HOST);
    core.access(va, RAM_BASE, DATA_LOAD, SPACE_HOST);
    expect(core.filtered(va)).toBeDefined();
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, 1, va);
    expect(core.filtered(va)).toBeUndefined();
  });

  it('an entry taken over by another page leaves with that page, not with the old one', () => {
    const core = new TimingCore(module);
    core.setWalk(12, [{ pa: RAM_BASE + 0x10_0000n, stage: 0, level: 0 }]);
    // Lines of different sets of the L1D but for the two that share a filter entry.
    const first = 0x4000_0000n;
    const second = first + 16n * PAGE;
    const other = first + 4n * PAGE + 128n;
    for (const [va, pa] of [
      [first, 0n],
      [first + 64n, 64n],
      [second, 5n * PAGE],
      [other, 6n * PAGE + 128n],
    ] as const) {
      core.access(va, RAM_BASE + pa, DATA_LOAD, SPACE_HOST);
    }
    const flushed = (va: bigint): void => core.events.t_flush_tlb(core.h(), FLUSH_HOST, 1, va);
    flushed(first);
    expect([first + 64n, second, other].map((va) => core.filtered(va) !== undefined)).toEqual([false, true, true]);
    flushed(second);
    expect([second, other].map((va) => core.filtered(va) !== undefined)).toEqual([false, true]);
  });

  it('are true after any history', () => {
    fc.assert(
      fc.property(sizes, steps, (set, history) => {
        const core = new TimingCore(module, { harts: 2, set });
        const seen: Access[] = [];
        for (const one of history) {
          perform(core, one);
          if ('access' in one) seen.push(one.access);
        }
        const before = new Uint8Array(core.memory.buffer, L.TIMING, L.TIMING_SIZE).slice();
        for (const one of seen) {
          const { hart, context } = one;
          const va = vaOf(one);
          const space = spaces[context]!;
          core.selectContext(hart, context);
          for (const write of [false, true]) {
            const linear = core.filtered(va, write, hart);
            if (linear === undefined) continue;
            const pa = physical(va, space);
            expect(linear).toBe(L.RAM_LINEAR + Number(pa - RAM_BASE));
            expect(core.events.t_tlb_misses(core.h(hart), va, L.ACCESS_LOAD, space)).toBe(0);
            expect(core.data(pa, write ? DATA_STORE : DATA_LOAD, hart)).toBe(0);
          }
        }
        const after = new Uint8Array(core.memory.buffer, L.TIMING, L.TIMING_SIZE);
        expect(Buffer.compare(before, after), 'proven accesses change nothing').toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  it('still prove the last access after any history', () => {
    fc.assert(
      fc.property(sizes, steps, (set, history) => {
        const core = new TimingCore(module, { harts: 2, set });
        for (const one of history) {
          perform(core, one);
          if (!('access' in one)) continue;
          const { hart, store } = one.access;
          expect(core.filtered(vaOf(one.access), false, hart)).toBeDefined();
          if (store) expect(core.filtered(vaOf(one.access), true, hart)).toBeDefined();
        }
      }),
      { numRuns: 30 },
    );
  });
});
