// One run of one program in a process of its own; prints its figures as JSON.
//
//   node bench/engine/measure.mjs '{"image": …, "engine": …, "timing": …, "harts": …, "limit": …, "quantum": …}'
import { readFileSync } from 'node:fs';
import { regionThread } from '../../dist/libs/region-thread/src/index.js';
import { buildMachine, engineFactory, resolveConfig } from '../../dist/libs/riscv-core/src/index.js';
import { followBranchHints } from '../../dist/libs/wasm-hints/src/index.js';
import { HART_BYTES, RAM_BASE } from './programs.mjs';

followBranchHints();
const { image, engine, timing, harts, limit, quantum } = JSON.parse(process.argv[2]);

/** Processor time of this thread in nanoseconds: what the simulation needs; compiler threads of V8 work beside it. */
const threadTime = () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]);

const raw = [{ name: image, bytes: new Uint8Array(readFileSync(image)), address: BigInt(RAM_BASE) }];
const config = resolveConfig({ memoryBytes: (1 + harts) * HART_BYTES, timing, harts, ...(quantum ? { quantum } : {}) });
const { machine } = buildMachine(
  config,
  { raw, entry: BigInt(RAM_BASE) },
  engineFactory(engine, { builder: regionThread }),
  {
    write: () => undefined,
  },
);
const begin = threadTime();
const allBegin = process.cpuUsage();
let state;
do state = machine.run(20_000_000, limit);
while (state.kind === 'running');
const seconds = (threadTime() - begin) / 1e9;
const all = process.cpuUsage(allBegin);
if (state.kind !== 'limit' && (state.kind !== 'finisher' || state.code !== 0n))
  throw new Error(`${engine}: the program ended by ${state.kind} ${state.code}`);
console.log(
  JSON.stringify({
    instructions: machine.totalInstret(),
    cycles: machine.totalCycles(),
    seconds,
    allThreads: (all.user + all.system) / 1e6,
  }),
);
