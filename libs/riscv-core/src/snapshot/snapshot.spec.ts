import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { buildMachine, type BuiltMachine } from '../machine/builder.js';
import { resolveConfig, type MachineOptions } from '../machine/config.js';
import { ConfigError } from '../machine/config-error.js';
import { engineFactory } from '../machine/engines.js';
import { hartArea } from '../machine/linear-memory.js';
import { Sha256 } from '../trace/sha256.js';
import { packPages, unpackPages, type Compression } from './pages.js';
import { fromJson, toJson } from './plain.js';
import { readSnapshot, takeSnapshot } from './snapshot.js';

const zlib: Compression = {
  compress: (bytes) => deflateRawSync(bytes),
  decompress: (bytes, size) => inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }),
};

const RAM_BYTES = 1 << 20;
const BASE = 0x8000_0000n;

function machineOf(options: MachineOptions = {}): BuiltMachine {
  const raw = [{ name: 'image', bytes: Uint8Array.of(0x13, 0, 0, 0, 0x6f, 0xf0, 0xdf, 0xff), address: BASE }];
  const config = resolveConfig({ memoryBytes: RAM_BYTES, ...options });
  return buildMachine(config, { raw }, engineFactory('interpreter'), { write: () => undefined });
}

const fileOf = (built: BuiltMachine): Uint8Array => new Uint8Array(Buffer.concat(takeSnapshot(built, zlib)));
const restore = (bytes: Uint8Array): BuiltMachine =>
  readSnapshot({ name: 'file', bytes }, zlib).restore(engineFactory('interpreter'), { write: () => undefined });

/** The same file with another last hash, as if it had been written so. */
function resealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, bytes.length - 32);
  return Buffer.concat([body, Buffer.from(new Sha256().update(body).digest(), 'hex')]);
}

function refusal(bytes: Uint8Array): string {
  try {
    restore(bytes);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

describe('snapshot', () => {
  it('gives back registers, CSRs, RAM, and what the machine counts', () => {
    const built = machineOf({ harts: 2 });
    built.machine.run(1000, undefined);
    built.machine.memory.setU64(hartArea(1) + L.X + 8 * 31, 0x1234_5678_9abc_def0n);
    built.machine.ram.setU64(BASE + BigInt(RAM_BYTES) - 8n, 0xffff_0000_1111_2222n);
    const snapshot = readSnapshot({ name: 'file', bytes: fileOf(built) }, zlib);
    expect(snapshot).toMatchObject({
      time: built.machine.time(),
      instret: built.machine.totalInstret(),
      stateHash: built.machine.stateHash(),
    });
    const { machine } = restore(fileOf(built));
    expect(machine.stateHash()).toBe(built.machine.stateHash());
    expect(machine.totalSteps()).toBe(built.machine.totalSteps());
    expect(machine.ram.u64(BASE + BigInt(RAM_BYTES) - 8n)).toBe(0xffff_0000_1111_2222n);
  });

  it('is the same file every time, and costs little for RAM that is empty or repeats itself', () => {
    const built = machineOf({ memoryBytes: 8 << 20 });
    const empty = fileOf(built).length;
    expect(fileOf(built)).toEqual(fileOf(built));
    const page = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff);
    for (let at = 1n; at < 1000n; at++) built.machine.ram.slice(BASE + at * 4096n, 4096n).set(page);
    expect(fileOf(built).length).toBeLessThan(empty + 8192);
  });

  it('is refused, in one line, when a byte anywhere is not as it was written', () => {
    const bytes = fileOf(machineOf());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        expect(refusal(damaged)).toMatch(
          /^file: found (no snapshot|a snapshot of form \d+|a damaged or cut-off snapshot), expected .*$/,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is refused when its end is missing or there is more behind it', () => {
    const bytes = fileOf(machineOf());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(refusal(bytes.subarray(0, length))).toMatch(
          /^file: found (no snapshot|a damaged or cut-off snapshot), /,
        );
      }),
      { numRuns: 60 },
    );
    expect(refusal(Buffer.concat([bytes, Buffer.from('x')]))).toMatch(/^file: found a damaged or cut-off snapshot, /);
  });

  it('is refused when another version wrote it, whether its form or the state differs', () => {
    const bytes = fileOf(machineOf());
    const form = bytes.slice();
    form[8] = 1;
    expect(refusal(resealed(form))).toBe(
      'file: found a snapshot of form 1, expected one of form 2: make it again with this version',
    );
    const text = Buffer.from(bytes).toString('latin1');
    const schema = /"schema":"([0-9a-f]{64})"/.exec(text)![1]!;
    const state = Buffer.from(text.replace(schema, '0'.repeat(64)), 'latin1');
    expect(refusal(resealed(state))).toBe(
      `file: found a snapshot of machine state 000000000000, expected one of state ${schema.slice(0, 12)}: make it again with this version`,
    );
  });

  it('is not taken of a link whose far end cannot be saved, nor restored without one that can be made', () => {
    const peer = { connect: () => undefined, receive: () => undefined };
    expect(() => fileOf(machineOf({ net: { peer } }))).toThrow(/^snapshot: found a network link whose far end/);
    const saved = { kind: 'moon', state: () => [], restore: () => undefined };
    expect(refusal(fileOf(machineOf({ net: { peer: { ...peer, saved } } })))).toBe(
      'file: found a network link to "moon", expected a far end that can be made here',
    );
  });
});

describe('pages', () => {
  it('come back as they were, whatever they hold and wherever a range ends', () => {
    const content = fc.oneof(fc.constant(0), fc.constantFrom(1, 2), fc.integer());
    const range = fc.record({ pages: fc.array(content, { maxLength: 600 }), extra: fc.nat(4095) });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 3 }), (ranges) => {
        const filled = ranges.map(({ pages, extra }) => {
          const words = new Int32Array(pages.length * 1024);
          pages.forEach((word, page) => (words[page * 1024 + (page % 1024)] = word));
          return Buffer.concat([new Uint8Array(words.buffer), Buffer.alloc(extra, 7)]).subarray();
        });
        const aligned = filled.map((bytes) => new Uint8Array(bytes));
        const empty = aligned.map(({ length }) => new Uint8Array(length));
        unpackPages(Buffer.concat(packPages(aligned, zlib)), empty, zlib);
        expect(empty.every((bytes, i) => Buffer.compare(bytes, aligned[i]!) === 0)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

describe('plain values', () => {
  it('come back as they were', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.integer(),
        fc.bigInt(),
        fc.boolean(),
        fc.string(),
        fc.uint8Array(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.string()).map((values) => new Set(values)),
        fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      ),
    })).value;
    fc.assert(fc.property(value, (one) => void expect(fromJson(toJson(one))).toEqual(one)));
  });
});
