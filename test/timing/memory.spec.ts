/** Behind the L2: clock crossing, LLC, DDR3 (rocket-timing.md 1, 6, 7, 8), and harts that meet in the L2 and there. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  COUNT_DRAM_CLOSED,
  COUNT_DRAM_CONFLICT,
  COUNT_DRAM_REFRESH,
  COUNT_DRAM_ROW_HIT,
  COUNT_L2_MISS,
  COUNT_L2_WAIT,
  COUNT_LLC_MISS,
} from '../../libs/riscv-core/src/timing/counted-events.js';
import { CYCLE } from '../../libs/riscv-core/src/hart/layout.js';
import { DATA_LOAD, DATA_STORE } from '../../libs/riscv-core/src/timing/events.js';
import { testSeed } from '../seed.js';
import {
  DRAM_CLOSED,
  DRAM_CONFLICT,
  DRAM_ROW_HIT,
  L2_HIT,
  LLC_HIT,
  RAM_BASE,
  TimingCore,
  beyondL2,
  compileEvents,
} from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const LINE = 64n;
const BLOCK = 128n;
const BANK = 8192n;
const RANK = 8n * BANK;
/** The next row of the same bank: 4 ranks x 8 banks x 8 KiB. */
const ROW = 4n * RANK;
/** A time at which nothing is under way, in core cycles. */
const QUIET = 2000;
/** A load that hits the L1 (rocket-timing.md 2). */
const L1 = 2;

/** What the load of `pa` waits that is all alone at `begin`. */
function loadAt(core: TimingCore, begin: number, pa: bigint): number {
  core.sync(begin);
  return core.data(pa, DATA_LOAD);
}

describe('edges of the two clocks', () => {
  const ceiling = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

  it('are the first ones at or after a cycle, whatever the ratio', () => {
    const mhz = fc.integer({ min: 1, max: 10_000 });
    const cycle = fc.bigInt({ min: 0n, max: 1n << 36n });
    fc.assert(
      fc.property(mhz, mhz, fc.array(cycle, { minLength: 20, maxLength: 20 }), (core, memory, cycles) => {
        const { events } = new TimingCore(module, { set: { 'clock.core': core, 'clock.memory': memory } });
        for (const at of cycles) {
          expect(events.t_memory_edge(at)).toBe(ceiling(at * BigInt(memory), BigInt(core)));
          const back = (at * BigInt(memory)) / BigInt(core) / 10_000n;
          expect(events.t_core_edge(back)).toBe(ceiling(back * BigInt(core), BigInt(memory)));
        }
      }),
      { numRuns: 60, seed: testSeed },
    );
  });

  it('of the evaluation machine, next to and on an edge, up to 2^45', () => {
    const { events } = new TimingCore(module);
    for (let bit = 5n; bit < 45n; bit++)
      for (let offset = -20n; offset <= 20n; offset++) {
        const at = (1n << bit) + offset > 0n ? (1n << bit) + offset : 0n;
        expect(events.t_memory_edge(at)).toBe(ceiling(at * 5n, 16n));
        expect(events.t_core_edge(at)).toBe(ceiling(at * 16n, 5n));
      }
  });
});

describe('end to end, unloaded (8): load latency in core cycles', () => {
  const rows = [
    { what: 'LLC hit', cycles: LLC_HIT, pa: RAM_BASE + LINE, about: 80, within: 5 },
    { what: 'DRAM, open row', cycles: DRAM_ROW_HIT, pa: RAM_BASE + BLOCK, about: 140, within: 5 },
    { what: 'DRAM, closed bank', cycles: DRAM_CLOSED, pa: RAM_BASE + BANK, about: 185, within: 5 },
    { what: 'DRAM, another row open', cycles: DRAM_CONFLICT, pa: RAM_BASE + ROW, about: 230, within: 5 },
  ];
  it.each(rows)('$what: about $about', ({ cycles, pa, about, within }) => {
    // All phases of the two clocks: they meet every 16 core cycles.
    for (let begin = QUIET; begin < QUIET + 16; begin++) {
      const core = new TimingCore(module);
      core.data(RAM_BASE, DATA_LOAD);
      const cost = loadAt(core, begin, pa);
      expect(cost).toBe(beyondL2(begin, cycles));
      expect(Math.abs(cost + L1 - about), `${cost + L1} at ${begin}`).toBeLessThanOrEqual(within);
    }
  });

  it('one clock domain: no edge to wait for, a register each way', () => {
    const core = new TimingCore(module, { set: { 'clock.core': 1000, 'bus.crossing': 1 } });
    expect(core.data(RAM_BASE, DATA_LOAD)).toBe(L2_HIT + 6 + 1 + DRAM_CLOSED + 1);
  });
});

describe('DRAM (8)', () => {
  it('a row stays open: its other blocks are row hits, bank by bank', () => {
    const core = new TimingCore(module);
    const blocks = [0n, BANK, BLOCK, BANK + BLOCK, 2n * BLOCK];
    const costs = blocks.map((offset, i) => loadAt(core, QUIET * (i + 1), RAM_BASE + offset));
    const expected = [DRAM_CLOSED, DRAM_CLOSED, DRAM_ROW_HIT, DRAM_ROW_HIT, DRAM_ROW_HIT];
    expect(costs).toEqual(expected.map((cycles, i) => beyondL2(QUIET * (i + 1), cycles)));
    expect(core.counted(COUNT_DRAM_ROW_HIT)).toBe(3);
    expect(core.counted(COUNT_DRAM_CLOSED)).toBe(2);
  });

  it('tRAS: a row that was opened a moment ago is not closed at once', () => {
    const set = { 'dram.tRAS': 500 };
    const core = new TimingCore(module, { set });
    const first = loadAt(core, QUIET, RAM_BASE);
    const second = core.data(RAM_BASE + ROW, DATA_LOAD);
    // Memory cycles from activation to activation: tRAS + tRP; so the data are that much apart.
    expect(second).toBeGreaterThanOrEqual(Math.floor((500 + 14) * 3.2) - 4);
    expect(second).toBeLessThanOrEqual(Math.ceil((500 + 14) * 3.2) + 4);
    expect(first).toBe(beyondL2(QUIET, DRAM_CLOSED));
    expect(core.counted(COUNT_DRAM_CONFLICT)).toBe(1);
  });

  it('refresh: 160 of every 7800 cycles a rank answers nothing, and every row is closed', () => {
    // In the middle of the first refresh, which ends at memory cycle 7960.
    const begin = Math.ceil(7900 * 3.2);
    const core = new TimingCore(module);
    core.data(RAM_BASE, DATA_LOAD);
    const cost = loadAt(core, begin, RAM_BASE + BLOCK);
    const entered = Math.ceil(((begin + L2_HIT + 6) * 5) / 16) + 3 + 3;
    // Its first command would have come 3 cycles after it entered.
    expect(cost).toBe(beyondL2(begin, DRAM_CLOSED + 7960 - (entered + 3)));
    expect(core.counted(COUNT_DRAM_REFRESH)).toBe(1);
    // Just before the next one the row is still open, behind it closed.
    expect(loadAt(core, 15_000 * 3.2, RAM_BASE + 2n * BLOCK)).toBe(beyondL2(48_000, DRAM_ROW_HIT));
    expect(loadAt(core, 16_000 * 3.2, RAM_BASE + 3n * BLOCK)).toBe(beyondL2(51_200, DRAM_CLOSED));
  });

  it('no refresh with tREFI 0', () => {
    const core = new TimingCore(module, { set: { 'dram.tREFI': 0 } });
    core.data(RAM_BASE, DATA_LOAD);
    expect(loadAt(core, 25_280, RAM_BASE + BLOCK)).toBe(beyondL2(25_280, DRAM_ROW_HIT));
  });

  it('tRRD and tFAW: harts that open banks of one rank at the same time', () => {
    const core = new TimingCore(module, { harts: 5, set: { 'dram.tFAW': 60, 'l2.beats': 2 } });
    core.sync(QUIET);
    const costs = [0, 1, 2, 3, 4].map((hart) =>
      core.data(RAM_BASE + BigInt(hart) * (BANK + LINE * 2n), DATA_LOAD, hart),
    );
    // Activations 0, 8, 16, 24, and the fifth 60 behind the first.
    const alone = costs[0]!;
    expect(costs.map((cost) => Math.round((cost - alone) / 3.2))).toEqual([0, 8, 16, 24, 60]);
  });

  it('a dirty block that leaves the LLC is written, and the bank is busy with it', () => {
    const set = { 'l1d.sets': 1, 'l1d.ways': 1, 'l2.sets': 1, 'l2.ways': 1, 'llc.sets': 1, 'llc.ways': 1 };
    const core = new TimingCore(module, { set });
    core.data(RAM_BASE, DATA_STORE);
    loadAt(core, QUIET, RAM_BASE + RANK);
    // RAM_BASE was written back from the L2 into the LLC, in place of what was read: dirty there now.
    loadAt(core, 2 * QUIET, RAM_BASE + 2n * RANK);
    const before =
      core.counted(COUNT_DRAM_CLOSED) + core.counted(COUNT_DRAM_ROW_HIT) + core.counted(COUNT_DRAM_CONFLICT);
    expect(before, 'reads: three loads and the block of the write; writes: the dirty block').toBe(5);
    expect(core.counted(COUNT_LLC_MISS)).toBe(4);
    expect(core.counted(COUNT_L2_MISS)).toBe(3);
  });
});

describe('LLC (7)', () => {
  it('two hits at a time: the second waits for the array, 10 memory cycles a line', () => {
    const core = new TimingCore(module, { harts: 2 });
    for (const line of [0n, 2n]) core.data(RAM_BASE + line * LINE, DATA_LOAD);
    core.sync(QUIET);
    expect(core.data(RAM_BASE + LINE, DATA_LOAD, 0)).toBe(beyondL2(QUIET, LLC_HIT));
    const second = core.data(RAM_BASE + 3n * LINE, DATA_LOAD, 1);
    expect(Math.abs(second - beyondL2(QUIET, LLC_HIT + 10))).toBeLessThanOrEqual(4);
  });

  it('the other half of a block that is under way waits for its refill', () => {
    const core = new TimingCore(module, { harts: 2 });
    core.sync(QUIET);
    core.data(RAM_BASE, DATA_LOAD, 0);
    // Refilled 16 beats behind the data's begin: 3 + 33 + 16, then a hit.
    expect(core.data(RAM_BASE + LINE, DATA_LOAD, 1)).toBe(beyondL2(QUIET, 3 + 33 + 16 + LLC_HIT));
  });

  it('as many misses at a time as MSHRs', () => {
    const cost = (mshrs: number): number => {
      const core = new TimingCore(module, { harts: 3, set: { 'llc.mshrs': mshrs, 'l2.beats': 2 } });
      core.sync(QUIET);
      for (const hart of [0, 1]) core.data(RAM_BASE + BigInt(hart) * (RANK + BLOCK), DATA_LOAD, hart);
      return core.data(RAM_BASE + 2n * (RANK + BLOCK), DATA_LOAD, 2);
    };
    expect(cost(3)).toBeLessThan(beyondL2(QUIET, DRAM_CLOSED + 20));
    expect(cost(2)).toBeGreaterThan(beyondL2(QUIET, DRAM_CLOSED + 40));
  });

  it('a line written back into a block that the LLC lost fetches the block', () => {
    const set = { 'l2.sets': 2, 'l2.ways': 1, 'llc.sets': 2, 'llc.ways': 1 };
    const core = new TimingCore(module, { set });
    core.data(RAM_BASE, DATA_STORE);
    core.data(RAM_BASE + 5n * LINE, DATA_LOAD);
    const before = core.counted(COUNT_LLC_MISS);
    core.data(RAM_BASE + 2n * LINE, DATA_LOAD);
    expect(core.counted(COUNT_LLC_MISS) - before, 'the line read and the block of the line written').toBe(2);
  });
});

describe('harts that meet in the L2 (6)', () => {
  /** Two harts, both lines in the L2 only. */
  function bothInL2(a: bigint, b: bigint): TimingCore {
    const core = new TimingCore(module, { harts: 2 });
    for (const [hart, pa] of [a, b].entries()) {
      core.sync(QUIET * (hart + 1));
      core.events.t_fetch(core.h(hart), pa, pa, 0);
    }
    core.sync(3 * QUIET);
    return core;
  }

  it('the way back carries one line at a time: 8 cycles more for the second', () => {
    const core = bothInL2(RAM_BASE, RAM_BASE + LINE);
    expect(core.data(RAM_BASE, DATA_LOAD, 0)).toBe(L2_HIT);
    expect(core.data(RAM_BASE + LINE, DATA_LOAD, 1)).toBe(L2_HIT + 8);
    expect(core.counted(COUNT_L2_WAIT, 1)).toBe(8);
  });

  it('one transaction at a time works on a set', () => {
    const sameSet = RAM_BASE + 1024n * LINE;
    const core = bothInL2(RAM_BASE, sameSet);
    expect(core.data(RAM_BASE, DATA_LOAD, 0)).toBe(L2_HIT);
    expect(core.data(sameSet, DATA_LOAD, 1)).toBe(2 * L2_HIT);
  });

  it('a hart that is behind in time is not held up by what another did later', () => {
    const core = bothInL2(RAM_BASE, RAM_BASE + LINE);
    core.view.setBigUint64(core.h(1) + CYCLE, BigInt(3 * QUIET + 500), true);
    expect(core.data(RAM_BASE + LINE, DATA_LOAD, 1)).toBe(L2_HIT);
    expect(core.data(RAM_BASE, DATA_LOAD, 0)).toBe(L2_HIT);
  });

  it('a lone hart never waits for itself', () => {
    const core = new TimingCore(module);
    for (let i = 0n; i < 200n; i++) core.data(RAM_BASE + i * 1024n * LINE, DATA_STORE);
    expect(core.counted(COUNT_L2_WAIT)).toBe(0);
  });
});
