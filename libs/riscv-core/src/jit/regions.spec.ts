import { beforeEach, describe, expect, test } from 'vitest';
import * as L from '../hart/layout.js';
import { OP_REGION } from '../interp/ops.js';
import { ModuleBuilder, get } from '../wasm/module-builder.js';
import { RegionTable } from './regions.js';

const REAL_OP = 77;
const PAGES = Math.ceil((L.CODE_SLOTS + 4 * L.CODE_SLOT_STRIDE) / 65536);

/** Record `index` of slot `slot`. */
const rec = (slot: number, index: number): number =>
  L.CODE_SLOTS + slot * L.CODE_SLOT_STRIDE + index * L.CODE_RECORD_SIZE;

function someFunction(): WebAssembly.ExportValue {
  const module = new ModuleBuilder(1);
  const imports = { env: { memory: new WebAssembly.Memory({ initial: 1 }) } };
  module.addFunction('same', { params: ['i32'], results: ['i32'] }, [], get(0));
  return new WebAssembly.Instance(new WebAssembly.Module(module.build()), imports).exports['same']!;
}

describe('the table of regions', () => {
  const code = someFunction();
  let view: DataView;
  let table: WebAssembly.Table;
  let regions: RegionTable;

  const opOf = (at: number): number => view.getUint16(at + L.REC_OP, true);
  const inTable = (): number =>
    Array.from({ length: table.length }, (_, i) => table.get(i) as unknown).filter((entry) => entry !== null).length;
  const add = (bytes: number, ...records: number[]): void => {
    regions.reserve(records.length, bytes);
    regions.add(new Map(records.map((at) => [at, code])), bytes);
  };

  beforeEach(() => {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    view = new DataView(memory.buffer);
    table = new WebAssembly.Table({ element: 'anyfunc', initial: 6 });
    regions = new RegionTable(memory, table, { regions: 6, bytes: 1000 }, () => REAL_OP);
  });

  test('the oldest module goes as a whole when there are no more numbers', () => {
    add(10, rec(0, 0), rec(0, 1));
    add(10, rec(0, 2), rec(1, 3));
    add(10, rec(1, 4), rec(1, 5));
    expect([rec(0, 0), rec(0, 1)].map(opOf)).toEqual([REAL_OP, REAL_OP]);
    expect([rec(0, 2), rec(1, 3), rec(1, 4), rec(1, 5)].map(opOf)).toEqual(Array(4).fill(OP_REGION));
    expect(inTable()).toBe(4);
    expect(regions.codeBytes).toBe(20);
  });

  test('the oldest module goes when the bytes are used up, though numbers are free', () => {
    add(600, rec(0, 0));
    add(300, rec(0, 1));
    add(200, rec(0, 2));
    expect([rec(0, 0), rec(0, 1), rec(0, 2)].map(opOf)).toEqual([REAL_OP, OP_REGION, OP_REGION]);
    expect(regions.codeBytes).toBe(500);
  });

  test('a module counts until the last page that it has regions of is dropped', () => {
    add(400, rec(0, 0), rec(1, 0));
    regions.dropSlot(rec(0, 0));
    expect(regions.codeBytes).toBe(400);
    regions.dropSlot(rec(1, 0));
    expect(regions.codeBytes).toBe(0);
    expect(inTable()).toBe(0);
  });

  test('numbers are used again, however often pages are rewritten', () => {
    for (let round = 0; round < 1000; round++) {
      add(900, rec(0, round % 2048), rec(0, (round + 1) % 2048));
      regions.dropSlot(rec(0, 0));
    }
    expect(regions.codeBytes).toBe(0);
    expect(inTable()).toBe(0);
  });

  test('a dropped region is in no jump table', () => {
    view.setUint32(L.M_HARTS, 1, true);
    const entry = L.HARTS + L.JUMP_TABLES;
    add(10, rec(0, 0));
    view.setBigUint64(entry, 0x8000_0000n, true);
    regions.dropSlot(rec(0, 0));
    expect(view.getBigUint64(entry, true)).toBe(0xffff_ffff_ffff_ffffn);
  });

  test('a module that alone is too large is refused', () => {
    expect(() => add(1001, rec(0, 0))).toThrow(/no room for 1 regions of 1001 bytes/);
  });
});
