/** What a device's access to RAM does to the caches: coherent through the L2, at no cost to a hart. */
import { beforeAll, describe, expect, it } from 'vitest';
import { DATA_LOAD, DATA_STORE } from '../../libs/riscv-core/src/timing/events.js';
import { DRAM_CLOSED, L2_HIT, LLC_HIT, RAM_BASE, TimingCore, beyondL2, compileEvents } from './timing-core.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEvents();
});

const UPGRADE = 8;
const LINE = 64n;

const write = (core: TimingCore, pa: bigint, size: number): number => core.cost((events) => events.t_dma(pa, size, 1));
const read = (core: TimingCore, pa: bigint, size: number): number => core.cost((events) => events.t_dma(pa, size, 0));

describe('a device write', () => {
  it('costs the hart nothing and takes the line from every L1D; the L2 has it', () => {
    const core = new TimingCore(module, { harts: 2 });
    core.data(RAM_BASE, DATA_LOAD, 0);
    core.data(RAM_BASE, DATA_LOAD, 1);
    expect(write(core, RAM_BASE + 8n, 4)).toBe(0);
    core.sync();
    expect(core.data(RAM_BASE, DATA_LOAD, 0)).toBe(L2_HIT);
    core.sync();
    expect(core.data(RAM_BASE, DATA_LOAD, 1), 'hart 0 has it exclusive').toBe(L2_HIT + 10);
  });

  it('reaches exactly the lines it touches', () => {
    const core = new TimingCore(module);
    for (let line = 0n; line < 4n; line++) core.data(RAM_BASE + line * LINE, DATA_LOAD);
    write(core, RAM_BASE + LINE + 60n, 8);
    expect([0n, 1n, 2n, 3n].map((line) => core.data(RAM_BASE + line * LINE, DATA_LOAD))).toEqual([
      0,
      L2_HIT,
      L2_HIT,
      0,
    ]);
  });

  it('brings a line that nobody has into the L2', () => {
    for (const size of [64, 1]) {
      const core = new TimingCore(module);
      write(core, RAM_BASE, size);
      expect(core.data(RAM_BASE, DATA_LOAD)).toBe(L2_HIT);
      expect(core.data(RAM_BASE + LINE, DATA_LOAD), 'a line written wholly is not fetched').toBe(
        beyondL2(L2_HIT, size === 64 ? DRAM_CLOSED : LLC_HIT),
      );
    }
  });

  it('removes the filter entries that prove the line present', () => {
    const core = new TimingCore(module);
    core.access(RAM_BASE, RAM_BASE, DATA_STORE);
    core.access(RAM_BASE + LINE, RAM_BASE + LINE, DATA_STORE);
    write(core, RAM_BASE, 1);
    expect([core.filtered(RAM_BASE), core.filtered(RAM_BASE, true)]).toEqual([undefined, undefined]);
    expect(core.filtered(RAM_BASE + LINE, true)).toBeDefined();
  });

  it('leaves a dirty line behind: its eviction writes the block back', () => {
    const set = { 'l2.sets': 2, 'l2.ways': 1, 'llc.sets': 2, 'llc.ways': 1 };
    const core = new TimingCore(module, { set });
    write(core, RAM_BASE, 64);
    core.data(RAM_BASE + 5n * LINE, DATA_LOAD);
    core.data(RAM_BASE + 2n * LINE, DATA_LOAD);
    core.sync(2000);
    expect(core.data(RAM_BASE, DATA_LOAD)).toBe(beyondL2(2000, LLC_HIT));
  });
});

describe('a device read', () => {
  it('costs the hart nothing and leaves the line shared: the next store asks for it again', () => {
    const core = new TimingCore(module);
    core.access(RAM_BASE, RAM_BASE, DATA_STORE);
    expect(read(core, RAM_BASE, 64)).toBe(0);
    expect(core.filtered(RAM_BASE, true)).toBeUndefined();
    expect(core.data(RAM_BASE, DATA_LOAD)).toBe(0);
    expect(core.data(RAM_BASE, DATA_STORE)).toBe(UPGRADE);
    expect(core.data(RAM_BASE, DATA_STORE)).toBe(0);
  });

  it('brings the line into the L2', () => {
    const core = new TimingCore(module);
    read(core, RAM_BASE + 10n, 1);
    expect(core.data(RAM_BASE, DATA_LOAD)).toBe(L2_HIT);
  });
});
