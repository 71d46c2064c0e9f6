import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  buildMachine,
  engineFactory,
  resolveConfig,
  type RegionBuilderFactory,
  type RegionSource,
} from '#libs/riscv-core';
import { assemble } from '../../riscv-core/src/decode/assembler.js';
import { makeRegionThread } from './region-thread.js';

/** A thread runs what was built. */
const built = new URL('../../../dist/libs/region-thread/src/', import.meta.url);
const script = new URL('thread.js', built);
const BASE = 0x8000_0000n;
const LOOPS = 40;
const STEPS = 3_000_000;

const folder = mkdtempSync(join(tmpdir(), 'dvfarm-region-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Many loops of 200 instructions, one after the other, for ever: more than is compiled in place. */
function program(): Uint8Array {
  const body = Array.from({ length: 200 }, (_, i) => `addi a0, a0, ${i % 9}\n`).join('');
  const loops = Array.from({ length: LOOPS }, (_, i) => `li s0, 60\nl${i}:\n${body}addi s0, s0, -1\nbnez s0, l${i}\n`);
  return assemble(`again:\n${loops.join('')}j again\n`, BASE).bytes;
}

/** Runs the program as far as STEPS. */
function run(engine: 'interpreter' | 'jit', builder?: RegionBuilderFactory): { state: string; cycles: number } {
  const raw = [{ name: 'loops', bytes: program(), address: BASE }];
  const choices = { policy: { warm: 20, hot: 40, batch: 8 }, ...(builder === undefined ? {} : { builder }) };
  const config = resolveConfig({ memoryBytes: 1 << 20, timing: 'rocket' });
  const { machine } = buildMachine(config, { raw, entry: BASE }, engineFactory(engine, choices), {
    write: () => undefined,
  });
  while (machine.run(50_000, STEPS).kind === 'running');
  return { state: machine.stateHash(), cycles: machine.totalCycles() };
}

/** What the builder was given and what came of it; waits for each module when `patient`. */
function watched(
  make: RegionBuilderFactory,
  patient: boolean,
): { factory: RegionBuilderFactory; modules: () => number } {
  let modules = 0;
  const factory: RegionBuilderFactory = (setting) => {
    const builder = make(setting);
    return {
      submit: (batch) => builder.submit(batch),
      collect: () => {
        let module = builder.collect();
        while (patient && module === undefined) module = builder.collect();
        if (module !== undefined) modules++;
        return module;
      },
    };
  };
  return { factory, modules: () => modules };
}

describe('regions compiled on a thread', () => {
  const expected = run('interpreter');

  test.each([true, false])('give the same cycles and state (each waited for: %s)', (patient) => {
    const warnings: string[] = [];
    const { factory, modules } = watched(
      makeRegionThread(script, (line) => warnings.push(line)),
      patient,
    );
    expect(run('jit', factory)).toEqual(expected);
    // The next machine of the same thread.
    expect(run('jit', factory)).toEqual(expected);
    // Waited for, all of them come: five for each machine.
    expect(modules()).toBeGreaterThan(patient ? 9 : 5);
    expect(warnings).toEqual([]);
  });

  test('come to the machine they are of, when several wait', () => {
    const warnings: string[] = [];
    const make = makeRegionThread(script, (line) => warnings.push(line));
    const page = { slot: 0, physical: BASE };
    const nops = (count: number): RegionSource => ({
      rec: 0,
      page,
      insns: Int32Array.from({ length: 4 * count }, (_, i) => [((i >> 2) * 4) % 4096, 0x13, 1, 0][i % 4]!),
    });
    const [first, second] = [0, 1].map(() => {
      const builder = make({ extensions: ['i'], filterShift: 12 });
      // What a machine has compiled in place.
      builder.submit([nops(5000)]);
      expect(builder.collect()).toBeDefined();
      return builder;
    });
    first!.submit([nops(10)]);
    second!.submit([nops(20)]);
    let module;
    while (module === undefined) module = second!.collect();
    expect(first!.collect()).toBeDefined();
    expect(warnings).toEqual([]);
  });

  test.each([
    ['cannot be loaded', 'import "./nowhere.js";'],
    ['throws', 'throw new Error("as if out of memory");'],
    ['exits', 'process.exit(3);'],
  ])('are compiled in place when the thread %s, and one line says so', async (_, text) => {
    const file = join(folder, 'broken.mjs');
    writeFileSync(file, text);
    const warnings: string[] = [];
    const make = makeRegionThread(pathToFileURL(file), (line) => warnings.push(line));
    const { factory, modules } = watched(make, false);
    expect(run('jit', factory)).toEqual(expected);
    // How a thread ended is heard when the event loop turns.
    await expect.poll(() => (run('jit', factory), warnings.length), { timeout: 60_000 }).toBeGreaterThan(0);
    const before = modules();
    expect(run('jit', factory)).toEqual(expected);
    expect(modules() - before).toBeGreaterThan(4);
    expect(warnings[0]).toMatch(/^JIT: the compiling thread failed \(.+\)/);
  });

  test('do not keep the process alive', () => {
    const library = fileURLToPath(new URL('index.js', built));
    const text = `
      import { regionThread } from ${JSON.stringify(pathToFileURL(library).href)};
      const insns = Int32Array.from({ length: 4 * 5000 }, (_, i) => [(i >> 2) * 4 % 4096, 0x13, 1, 0][i % 4]);
      const source = { rec: 0, page: { slot: 0, physical: 0x80000000n }, insns };
      const builder = regionThread({ extensions: ['i'], filterShift: 12 });
      for (let i = 0; i < 2; i++) { try { builder.submit([source]); } catch (error) { console.log(error.message); } }
      console.log('end');
    `;
    const file = join(folder, 'short.mjs');
    writeFileSync(file, text);
    const ended = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 });
    expect({ status: ended.status, output: ended.stdout, error: ended.stderr }).toEqual({
      status: 0,
      output: 'end\n',
      error: '',
    });
  });
});
