/** Runs cut in the middle and gone on with elsewhere: results, metrics and console are those of the whole run. */
import {
  disagreements,
  machinePresets,
  workloadDefaults,
  type RunResult,
  type RunSpec,
  type Workload,
} from '#libs/contracts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildMachine, engineFactory, takeSnapshot } from '#libs/riscv-core';
import { planBoot } from './boot-plan.js';
import { prebuiltImages } from './images.js';
import { simulateRun, type SimulateOptions } from './simulate.js';

const compression = {
  compress: (bytes: Uint8Array) => deflateRawSync(bytes, { level: 1 }),
  decompress: (bytes: Uint8Array, size: number) => inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }),
};

const run = (spec: RunSpec, options: Partial<SimulateOptions> = {}): RunResult =>
  simulateRun(spec, { engine: 'jit', images: prebuiltImages(spec), ...options });

/** Saves the run, or what is left of one, at a cycle; gives its result and the file. */
function cut(spec: RunSpec, atCycle: number, options: Partial<SimulateOptions> = {}): [RunResult, Uint8Array] {
  let file: Uint8Array | undefined;
  const result = run(spec, {
    ...options,
    save: { atCycle, compression, write: (parts) => void (file = Buffer.concat(parts)) },
  });
  if (file === undefined) throw new Error(`the run had ended before cycle ${atCycle}`);
  return [result, file];
}

const resume = (bytes: Uint8Array): Pick<SimulateOptions, 'resume'> => ({
  resume: { file: { name: 'saved', bytes }, compression },
});

const small = { requests: 24, warmup: 4, connections: 3 };
const stored = { keys: 6, valueBytes: { min: 8, max: 2000 } };

function service(
  name: 'memcached-like' | 'redis-like' | 'nginx-like',
  hypervisor: RunSpec['hypervisor'],
  more = {},
): RunSpec {
  const own = name === 'nginx-like' ? { files: { count: 3, bytes: { min: 100, max: 9000 } } } : stored;
  return {
    machine: { ...machinePresets.firesim, memoryMiB: 256 },
    hypervisor,
    workload: { name, params: { ...workloadDefaults[name], ...small, ...own, ...more } } as Workload,
    seed: 3,
  };
}

const hypercalls: RunSpec = {
  machine: { ...machinePresets.firesim, memoryMiB: 128 },
  hypervisor: 'kvm',
  workload: { name: 'hypercall', params: { iterations: 40, warmup: 5 } },
  seed: 1,
};

describe.each([
  ['hypercalls under kvm', hypercalls],
  ['memcached, natively', service('memcached-like', 'native')],
  ['memcached by datagram under duvisor', service('memcached-like', 'duvisor', { transport: 'udp', pipeline: 1 })],
  ['redis under kvm, an open loop', service('redis-like', 'kvm', { loop: { kind: 'open', ratePerSecond: 4000 } })],
  ['nginx under duvisor', service('nginx-like', 'duvisor')],
] as const)('%s', (_, spec) => {
  it('cut at any point and gone on with: the same result as without', () => {
    const whole = run(spec);
    expect(whole.outcome).toEqual({ kind: 'passed', exitCode: 0, detail: '' });
    // The load begins late in the run.
    for (const [index, point] of [0.3, 0.85, 0.95].entries()) {
      const atCycle = Math.floor((Number(whole.cycles) / spec.machine.harts) * point);
      const [saved, file] = cut(spec, atCycle);
      expect(disagreements(whole, saved)).toEqual([]);
      const engine = index % 2 === 0 ? 'interpreter' : 'jit';
      const rest = run(spec, { engine, ...resume(file) });
      expect(disagreements(whole, rest), `resumed at ${point} by ${engine}`).toEqual([]);
      expect(rest.console).toBe(whole.console);
    }
  });
});

describe('a saved run', () => {
  const spec = service('memcached-like', 'native');
  const whole = run(spec);
  const at = (point: number): number => Math.floor(Number(whole.cycles) * point);

  it('can be saved again', () => {
    const [, first] = cut(spec, at(0.8));
    const [, second] = cut(spec, at(0.95), resume(first));
    expect(disagreements(whole, run(spec, resume(second)))).toEqual([]);
  });

  it('is refused as another one', () => {
    const [, file] = cut(spec, at(0.5));
    expect(() => run({ ...spec, seed: 4 }, resume(file))).toThrow(
      /^saved: found a snapshot of another run, expected one of this specification$/,
    );
    const good = prebuiltImages(spec);
    const images = {
      read: (name: string) => good.read(name === 'service-memcached.elf' ? 'vm.bin' : name),
    };
    expect(() => run(spec, { images, ...resume(file) })).toThrow(/^saved: found a snapshot of a run of other images/);
    const { config, images: own } = planBoot(spec, good, true);
    const bare = buildMachine(config, own, engineFactory('jit'), { write: () => undefined });
    expect(() => run(spec, resume(Buffer.concat(takeSnapshot(bare, compression))))).toThrow(
      /the snapshot of a bare machine/,
    );
    const other = Buffer.concat(takeSnapshot(bare, compression, { simulator: 'older' }));
    expect(() => run(spec, resume(other))).toThrow(/^saved: found a snapshot of a run by another build/);
  });
});
