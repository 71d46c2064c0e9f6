/** TLBs and page walks (rocket-timing.md 5). Expected values: 9 + 5 per PTE read that hits in the L1D, 1 per cached step. */
import { beforeAll, describe, expect, it } from 'vitest';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import {
  DATA_LOAD,
  FLUSH_GSTAGE,
  FLUSH_GUEST,
  FLUSH_HOST,
  SPACE_BARE,
  SPACE_GUEST,
  SPACE_HOST,
} from '../../libs/riscv-core/src/timing/events.js';
import { RAM_BASE, TimingCore, compileEvents, type TracedRead } from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const PAGE = 0x1000n;
const WALK = 9;
const L2_TLB = 9;
const STEP = 5;
const CACHED = 1;
const TABLES = RAM_BASE + 0x10_0000n;

/** A PTE in table `n`; tables use different sets of the L1D, so that they do not evict one another. */
const pte = (n: bigint): bigint => TABLES + n * (PAGE + 3n * 64n);

/** Sv39 walk of a 4 KiB page of one 2 MiB region: three reads, the leaf table indexed by page. */
const sv39 = (va: bigint): TracedRead[] => [
  { pa: pte(0n), stage: 0, level: 2 },
  { pa: pte(1n), stage: 0, level: 1 },
  { pa: pte(2n) + ((va / PAGE) % 512n) * 8n, stage: 0, level: 0 },
];

/** G-stage walk: three reads that end at the leaf for guest page `guestPage`. */
const gWalk = (guestPage: bigint): TracedRead[] => [
  { pa: pte(3n), stage: 1, level: 2 },
  { pa: pte(4n), stage: 1, level: 1 },
  { pa: pte(5n) + guestPage * 8n, stage: 1, level: 0 },
];

/** Two-stage walk: 15 reads (3 VS + 4 x 3 G). */
const twoStage = (va: bigint): TracedRead[] => [
  ...gWalk(0n),
  { pa: pte(0n), stage: 0, level: 2 },
  ...gWalk(1n),
  { pa: pte(1n), stage: 0, level: 1 },
  ...gWalk(2n),
  { pa: pte(2n) + ((va / PAGE) % 512n) * 8n, stage: 0, level: 0 },
  ...gWalk(3n + ((va / PAGE) % 8n)),
];

/** A core whose L1D holds the tables: walks then cost their steps alone. */
function warmCore(reads: readonly TracedRead[], set: Record<string, number> = {}): TimingCore {
  const core = new TimingCore(module, { set });
  for (const { pa } of reads) core.data(pa, DATA_LOAD);
  for (const { pa } of reads) expect(core.data(pa, DATA_LOAD), 'tables stay in the L1D').toBe(0);
  return core;
}

function translate(core: TimingCore, va: bigint, space: number, reads: readonly TracedRead[], pageShift = 12): number {
  core.setWalk(pageShift, reads);
  return core.cost((events, h) => events.t_tlb(h, va, L.ACCESS_LOAD, space));
}

describe('single-stage translation', () => {
  it('without translation nothing is asked', () => {
    const core = new TimingCore(module);
    expect(translate(core, 0x4000_0000n, SPACE_BARE, [])).toBe(0);
    expect(core.events.t_tlb_misses(core.h(), 0x4000_0000n, L.ACCESS_LOAD, SPACE_BARE)).toBe(0);
  });

  it('cold: 9 + 3 x 5; the neighbour page: non-leaf PTEs come from the PTE cache; then hits', () => {
    const a = 0x4000_0000n;
    const b = a + PAGE;
    const core = warmCore([...sv39(a), ...sv39(b)]);
    expect(core.events.t_tlb_misses(core.h(), a, L.ACCESS_LOAD, SPACE_HOST)).toBe(1);
    expect(translate(core, a, SPACE_HOST, sv39(a))).toBe(WALK + 3 * STEP);
    expect(core.events.t_tlb_misses(core.h(), a, L.ACCESS_LOAD, SPACE_HOST)).toBe(0);
    expect(translate(core, b, SPACE_HOST, sv39(b))).toBe(WALK + 2 * CACHED + STEP);
    expect(translate(core, a, SPACE_HOST, sv39(a))).toBe(0);
  });

  it('a PTE read that misses the L1D adds its miss', () => {
    const core = new TimingCore(module);
    const a = 0x4000_0000n;
    // The same reads one by one, at the same times.
    const reads = new TimingCore(module);
    reads.sync(WALK);
    for (const { pa } of sv39(a)) {
      reads.sync(reads.now() + STEP);
      reads.data(pa, DATA_LOAD);
    }
    expect(translate(core, a, SPACE_HOST, sv39(a))).toBe(reads.now());
    expect(reads.now(), 'three loads that the LLC does not have').toBeGreaterThan(WALK + 3 * (STEP + 130));
  });

  it('the other TLB refills from the L2 TLB', () => {
    const a = 0x4000_0000n;
    const core = warmCore(sv39(a));
    translate(core, a, SPACE_HOST, sv39(a));
    core.data(RAM_BASE, DATA_LOAD);
    core.events.t_fetch(core.h(), RAM_BASE, RAM_BASE, SPACE_BARE);
    expect(core.cost((events, h) => events.t_fetch(h, a, RAM_BASE, SPACE_HOST))).toBe(L2_TLB);
  });

  it('33 groups of four pages: the pseudo-LRU victim is refilled from the L2 TLB', () => {
    const page = (group: number): bigint => 0x4000_0000n + BigInt(group) * 4n * PAGE;
    const core = new TimingCore(module);
    for (let group = 0; group < 33; group++) translate(core, page(group), SPACE_HOST, sv39(page(group)));
    const missing = Array.from({ length: 33 }, (_, group) => group).filter(
      (group) => core.events.t_tlb_misses(core.h(), page(group), L.ACCESS_LOAD, SPACE_HOST) === 1,
    );
    expect(missing, 'filled in order, so the tree points to the oldest').toEqual([0]);
    expect(translate(core, page(0), SPACE_HOST, sv39(page(0)))).toBe(L2_TLB);
  });

  it('a hit counts for the replacement in exact mode only (tlb.exact)', () => {
    const page = (group: number): bigint => 0x4000_0000n + BigInt(group) * 4n * PAGE;
    const evicted = (exact: number): number[] => {
      const core = new TimingCore(module, { set: { 'tlb.sectors': 2, 'tlb.exact': exact } });
      // Filled 0, 1; then 0 is used; then 2 takes the place of the least recently used.
      for (const group of [0, 1, 0, 2]) translate(core, page(group), SPACE_HOST, sv39(page(group)));
      const misses = (group: number): boolean =>
        core.events.t_tlb_misses(core.h(), page(group), L.ACCESS_LOAD, SPACE_HOST) === 1;
      return [0, 1, 2].filter(misses);
    };
    expect([evicted(0), evicted(1)]).toEqual([[0], [1]]);
  });

  it('a 2 MiB page takes a superpage entry and stays out of the L2 TLB', () => {
    const a = 0x4000_0000n;
    const reads = sv39(a).slice(0, 2);
    const core = warmCore(reads, { 'tlb.superpages': 2 });
    const region = (n: bigint): bigint => a + n * 0x20_0000n;
    expect(translate(core, region(0n), SPACE_HOST, reads, 21)).toBe(WALK + 2 * STEP);
    expect(translate(core, region(0n) + 0x1f_f000n, SPACE_HOST, reads, 21)).toBe(0);
    translate(core, region(1n), SPACE_HOST, reads, 21);
    translate(core, region(2n), SPACE_HOST, reads, 21);
    expect(translate(core, region(0n), SPACE_HOST, reads, 21), 'walk again').toBe(WALK + CACHED + STEP);
  });

  it('a fault charges the walk and leaves the TLBs as they were', () => {
    const a = 0x4000_0000n;
    const core = warmCore(sv39(a));
    core.setWalk(12, sv39(a).slice(0, 2));
    expect(core.cost((events, h) => events.t_tlb_fault(h, a, L.ACCESS_STORE, SPACE_HOST))).toBe(WALK + 2 * STEP);
    expect(core.events.t_tlb_misses(core.h(), a, L.ACCESS_STORE, SPACE_HOST)).toBe(1);
    expect(translate(core, a, SPACE_HOST, sv39(a)), 'the root PTE is cached now').toBe(WALK + CACHED + 2 * STEP);
    core.setWalk(12, sv39(a));
    expect(
      core.cost((events, h) => events.t_tlb_fault(h, a, L.ACCESS_STORE, SPACE_HOST)),
      'permission fault on a page in the DTLB',
    ).toBe(0);
  });
});

describe('two-stage translation', () => {
  it('cold: 15 reads, but the G-stage root and middle tables are cached after the first walk', () => {
    const a = 0x4000_0000n;
    const core = warmCore(twoStage(a));
    const cachedGWalk = 2 * CACHED + STEP;
    expect(translate(core, a, SPACE_GUEST, twoStage(a))).toBe(WALK + 3 * STEP + 3 * cachedGWalk + 3 * STEP);
  });

  it('worst case: 15 reads when nothing of the walk is cached', () => {
    const reads = twoStage(0x4000_0000n).map((read, index) => ({ ...read, pa: pte(BigInt(index)) }));
    const core = warmCore(reads);
    expect(translate(core, 0x4000_0000n, SPACE_GUEST, reads)).toBe(WALK + 15 * STEP);
  });

  it('the next page: VS tables and their host pages are cached, leaf reads remain', () => {
    const a = 0x4000_0000n;
    const b = a + 4n * PAGE;
    const core = warmCore([...twoStage(a), ...twoStage(b)]);
    translate(core, a, SPACE_GUEST, twoStage(a));
    const perTable = CACHED;
    expect(translate(core, b, SPACE_GUEST, twoStage(b))).toBe(
      WALK + (perTable + CACHED) + (perTable + CACHED) + (perTable + STEP) + (2 * CACHED + STEP),
    );
  });

  it('host and guest entries of one page do not serve each other', () => {
    const a = 0x4000_0000n;
    const core = warmCore([...sv39(a), ...twoStage(a)]);
    translate(core, a, SPACE_GUEST, twoStage(a));
    expect(core.events.t_tlb_misses(core.h(), a, L.ACCESS_LOAD, SPACE_HOST)).toBe(1);
    expect(core.events.t_tlb_misses(core.h(), a, L.ACCESS_LOAD, SPACE_GUEST)).toBe(0);
  });
});

describe('fences', () => {
  const a = 0x4000_0000n;
  const misses = (core: TimingCore, va: bigint, space: number): boolean =>
    core.events.t_tlb_misses(core.h(), va, L.ACCESS_LOAD, space) === 1;
  function filled(): TimingCore {
    const core = new TimingCore(module);
    for (const space of [SPACE_HOST, SPACE_GUEST]) {
      translate(core, a, space, sv39(a));
      translate(core, a + PAGE, space, sv39(a + PAGE));
    }
    return core;
  }

  it('SFENCE.VMA with an address drops that page of V=0 only', () => {
    const core = filled();
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, 1, a);
    expect([misses(core, a, SPACE_HOST), misses(core, a + PAGE, SPACE_HOST)]).toEqual([true, false]);
    expect(misses(core, a, SPACE_GUEST)).toBe(false);
    expect(translate(core, a, SPACE_HOST, sv39(a)), 'PTE cache survives, L2 TLB does not serve').toBe(
      WALK + 2 * CACHED + STEP,
    );
  });

  it('SFENCE.VMA without an address drops V=0, L2 TLB and PTE caches', () => {
    const core = filled();
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, 0, 0n);
    expect([misses(core, a, SPACE_HOST), misses(core, a, SPACE_GUEST)]).toEqual([true, false]);
    expect(translate(core, a, SPACE_HOST, sv39(a))).toBe(WALK + 3 * STEP);
  });

  it('HFENCE.VVMA drops guest entries by address, HFENCE.GVMA all of them', () => {
    const core = filled();
    core.events.t_flush_tlb(core.h(), FLUSH_GUEST, 1, a);
    expect([misses(core, a, SPACE_GUEST), misses(core, a + PAGE, SPACE_GUEST)]).toEqual([true, false]);
    core.events.t_flush_tlb(core.h(), FLUSH_GSTAGE, 1, a);
    expect([misses(core, a + PAGE, SPACE_GUEST), misses(core, a, SPACE_HOST)]).toEqual([true, false]);
  });

  it('a full SFENCE.VMA empties the L2 TLB, and the ITLB', () => {
    const core = new TimingCore(module);
    translate(core, a, SPACE_HOST, sv39(a));
    const fetch = (): number => core.cost((events, h) => events.t_fetch(h, a, RAM_BASE, SPACE_HOST));
    fetch();
    expect(fetch()).toBe(0);
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, 0, 0n);
    expect(fetch()).toBe(WALK + 3 * STEP);
  });

  it.each([
    [0, 0n],
    [1, a + 0x12_3000n],
  ])('drop superpages too (by address: %i)', (hasVa, va) => {
    const core = new TimingCore(module);
    translate(core, a, SPACE_HOST, sv39(a).slice(0, 2), 21);
    expect(misses(core, a + 0x1000n, SPACE_HOST)).toBe(false);
    core.events.t_flush_tlb(core.h(), FLUSH_GUEST, hasVa, va);
    expect(misses(core, a + 0x1000n, SPACE_HOST)).toBe(false);
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, hasVa, va);
    expect(misses(core, a + 0x1000n, SPACE_HOST)).toBe(true);
  });

  it('make the engine fetch its line anew', () => {
    const core = filled();
    core.view.setBigUint64(core.h() + L.FETCH_LINE, a, true);
    core.events.t_flush_tlb(core.h(), FLUSH_HOST, 1, a);
    expect(core.view.getBigInt64(core.h() + L.FETCH_LINE, true)).toBe(-1n);
  });
});
