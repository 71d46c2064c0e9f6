// The machines of the soak test: programs that never end, and such as end and are started anew.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { planBoot, prebuiltImages } from '../../dist/libs/duvisor/src/index.js';
import { regionThread } from '../../dist/libs/region-thread/src/index.js';
import { assemble } from '../../dist/libs/riscv-core/src/decode/assembler.js';
import {
  buildMachine,
  engineFactory,
  readSnapshot,
  resolveConfig,
  takeSnapshot,
} from '../../dist/libs/riscv-core/src/index.js';
import { bootImages, boots } from '../../dist/scripts/linux/boots.js';
import { linuxFiles, linuxFolder } from '../../dist/scripts/linux/folder.js';
import { BUSY, IDLE, REWRITING } from './programs.mjs';

const BASE = 0x8000_0000n;
const MIB = 1 << 20;

const silent = { write: () => undefined };
const zlib = {
  compress: (bytes) => deflateRawSync(bytes, { level: 1 }),
  decompress: (bytes, size) => inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }),
};

/**
 * A guest is made by `begin`, which gives its machine and what saving and judging it need:
 *   built                          the machine
 *   peer?                          makes the far end of its link again, for a snapshot
 *   checkEnd?                      throws when the machine, which has ended with code 0, has not done what it should
 * `progress`: what its speed is measured in, of a machine.
 */
export class Guest {
  constructor(name, begin, { progress = (machine) => machine.totalInstret(), engine = engineFactory('jit') } = {}) {
    this.name = name;
    this.begin = begin;
    this.progress = progress;
    this.engine = engine;
    /** Of each round, or of each life of a guest that ends: progress per second of the thread. */
    this.speeds = [];
    this.ends = 0;
    this.saved = 0;
    this.start();
  }

  start() {
    this.life = this.begin(this.engine);
    /** Seconds of this life, and progress at the beginning of what is counted. */
    this.seconds = 0;
  }

  get machine() {
    return this.life.built.machine;
  }

  get bytes() {
    return this.machine.memory.bytes.length;
  }

  /** Runs for some seconds of the thread's time (`clock`); a machine that ends is started anew, so that it is saved in the middle of a life. */
  runFor(seconds, clock) {
    const begin = clock();
    const before = this.progress(this.machine);
    let lived = begin;
    while (clock() - begin < seconds) {
      const state = this.machine.run(2_000_000, undefined);
      if (state.kind === 'running') continue;
      this.seconds += clock() - lived;
      this.end(state);
      lived = clock();
    }
    this.seconds += clock() - lived;
    if (this.life.checkEnd === undefined)
      this.speeds.push((this.progress(this.machine) - before) / (clock() - begin) / 1e6);
  }

  /** It must end as it did the first time, whatever was saved on the way. */
  end(state) {
    const { machine } = this;
    if (this.life.checkEnd === undefined || state.kind !== 'finisher' || state.code !== 0n)
      throw new Error(`${this.name}: ended by ${state.kind} ${state.code ?? ''}`);
    this.life.checkEnd();
    const end = `${machine.totalCycles()} cycles, state ${machine.stateHash()}`;
    this.firstEnd ??= end;
    if (end !== this.firstEnd) throw new Error(`${this.name}: ended with ${end}; the first time with ${this.firstEnd}`);
    this.speeds.push(this.progress(machine) / this.seconds / 1e6);
    this.ends++;
    this.start();
  }

  /** Saves the machine and goes on with one made from the snapshot. */
  renew() {
    const { built, peer } = this.life;
    const bytes = Buffer.concat(takeSnapshot(built, zlib));
    this.life.built = undefined;
    this.life.built = readSnapshot({ name: this.name, bytes }, zlib).restore(this.engine, silent, peer);
    this.saved++;
  }
}

function endless(name, source, options, more) {
  const image = assemble(source, BASE).bytes;
  const begin = (engine) => {
    const config = resolveConfig({ memoryBytes: 16 * MIB, ...options });
    return {
      built: buildMachine(config, { raw: [{ name, bytes: image, address: BASE }], entry: BASE }, engine, silent),
    };
  };
  return new Guest(name, begin, more);
}

/** memcached in a VM under DuVisor, with a load generator: every reply is judged. */
function service() {
  const requests = 3000;
  const spec = {
    machine: { preset: 'firesim', harts: 1, memoryMiB: 256, timing: 'rocket', dvext: 'rocket', quantum: 1000, set: {} },
    hypervisor: 'duvisor',
    workload: {
      name: 'memcached-like',
      params: {
        requests,
        warmup: 100,
        connections: 4,
        loop: { kind: 'closed' },
        keys: 200,
        valueBytes: { min: 8, max: 1000 },
        getShare: 0.9,
        popularity: 'zipf',
        pipeline: 1,
        transport: 'tcp',
      },
    },
    seed: 1,
  };
  return new Guest('service', (engine) => {
    let plan = planBoot(spec, prebuiltImages(spec), true);
    return {
      built: buildMachine(plan.config, plan.images, engine, silent),
      peer: () => {
        plan = planBoot(spec, prebuiltImages(spec), true);
        return plan.config.net.peer;
      },
      checkEnd: () => {
        const { verified, errors } = plan.load.generator.result();
        if (verified !== requests || errors.length > 0)
          throw new Error(`service: ${verified} of ${requests} replies verified; ${errors[0] ?? 'no errors'}`);
      },
    };
  });
}

/** The boot `kvm` of docs/how-to/linux.md; undefined without its images. */
function linux() {
  const folder = linuxFolder();
  const { image, initrd } = boots.kvm;
  if (![linuxFiles.firmware, image, initrd].every((file) => existsSync(join(folder, file)))) return undefined;
  const images = bootImages('kvm', folder);
  const begin = (engine) => ({
    built: buildMachine(resolveConfig({ machine: 'virt' }), images, engine, silent),
    checkEnd: () => undefined,
  });
  // One machine after the other, as users run them: the others here are compiled in place.
  return new Guest('Linux', begin, { engine: engineFactory('jit', { builder: regionThread }) });
}

export function makeGuests() {
  return [
    endless('busy', BUSY, { timing: 'rocket' }),
    endless('two harts', BUSY, { timing: 'rocket', harts: 2 }),
    endless('idle', IDLE, {}, { progress: (machine) => machine.time() }),
    endless('rewriting', REWRITING, { timing: 'rocket' }),
    service(),
    linux(),
  ].filter((guest) => guest !== undefined);
}
