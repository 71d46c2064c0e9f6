import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeviceState } from '../devices/device.js';
import * as L from '../hart/layout.js';
import { Sha256 } from './sha256.js';
import { stateHash } from './state-hash.js';

test('SHA-256 agrees with the platform on any bytes in any pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (pieces) => {
      const mine = new Sha256();
      const theirs = createHash('sha256');
      for (const piece of pieces) {
        mine.update(piece);
        theirs.update(piece);
      }
      expect(mine.digest()).toBe(theirs.digest('hex'));
    }),
  );
});

const RAM_BYTES = 1 << 20;

function machineMemory(): DataView<ArrayBuffer> {
  const memory = new WebAssembly.Memory({ initial: (L.RAM_LINEAR + RAM_BYTES) >> 16 });
  const view = new DataView(memory.buffer);
  view.setUint32(L.M_HARTS, 2, true);
  view.setUint32(L.M_RAM_LINEAR, L.RAM_LINEAR, true);
  view.setBigUint64(L.M_RAM_SIZE, BigInt(RAM_BYTES), true);
  return view;
}

const hashOf = (view: DataView<ArrayBuffer>): string => stateHash({ buffer: view.buffer } as WebAssembly.Memory);

test('every part of the state changes the hash', () => {
  const area = L.HARTS + L.HART_STRIDE;
  const places = {
    'a register': area + L.X + 8 * 31,
    pc: area + L.PC,
    instret: area + L.INSTRET,
    cycle: area + L.CYCLE,
    privilege: area + L.PRV,
    'a CSR': area + L.CSRS + 8,
    mtimecmp: L.M_MTIMECMP,
    'the last byte of RAM': L.RAM_LINEAR + RAM_BYTES - 1,
  };
  const view = machineMemory();
  const seen = new Set([hashOf(view)]);
  for (const at of Object.values(places)) {
    view.setUint8(at, 1);
    seen.add(hashOf(view));
    view.setUint8(at, 0);
  }
  expect(seen.size).toBe(1 + Object.keys(places).length);
});

test('what devices remember changes the hash, and so does where one value ends and the next begins', () => {
  const memory = { buffer: machineMemory().buffer } as WebAssembly.Memory;
  const states: DeviceState[] = [
    [],
    [[]],
    [1],
    [1n],
    ['1'],
    [true],
    [1, 2],
    [12],
    [[1], 2],
    [[1, 2]],
    [Uint8Array.of(1, 2)],
    [Uint8Array.of(1), Uint8Array.of(2)],
    ['a;b', 'c'],
    ['a', 'b;c'],
  ];
  expect(new Set(states.map((state) => stateHash(memory, state))).size).toBe(states.length);
});

test('a page of RAM counts by its place, not only by its content', () => {
  const one = machineMemory();
  const other = machineMemory();
  one.setUint8(L.RAM_LINEAR, 7);
  other.setUint8(L.RAM_LINEAR + 4096, 7);
  expect(hashOf(one)).not.toBe(hashOf(other));
});

test('what an engine keeps for itself does not change the hash', () => {
  const view = machineMemory();
  const before = hashOf(view);
  for (const offset of [L.X_SINK, L.EVENT, L.STOPAT, L.TURN_END, L.INSTRET_LIMIT, L.RFILTER, L.PTE_TRACE, L.FILTERS])
    view.setUint8(L.HARTS + offset, 1);
  expect(hashOf(view)).toBe(before);
});
