// Machines that never end, for a long time in one process: memory must stay under a bound, speed must not decay.
//
//   npm run soak [-- --minutes N]     30 minutes of simulation-host time unless told otherwise
//
// A busy guest, a busy one with two harts, one that sleeps between timer interrupts, and one that rewrites its code all the
// time take turns; every round saves some of them and goes on from what was saved. Exit status 1 when
//   - the process is larger than the machines' memories (while a snapshot is restored: one of them twice) and OVERHEAD_MIB, or
//   - a guest runs in the last third of the rounds at less than KEEP of its speed in the first third, or
//   - a guest ends.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  buildMachine,
  engineFactory,
  readSnapshot,
  resolveConfig,
  takeSnapshot,
} from '../dist/libs/riscv-core/src/index.js';
import { assemble } from '../dist/libs/riscv-core/src/decode/assembler.js';

/** Node itself, compiled code (docs/adr/0003-jit.md), snapshots under way, garbage between collections. */
const OVERHEAD_MIB = 256;
/** Simulation hosts are noisy: 10 to 25 % by themselves. */
const KEEP = 0.7;
const BASE = 0x8000_0000n;
const MIB = 1 << 20;

const argument = process.argv.indexOf('--minutes');
const minutes = argument < 0 ? 30 : Number(process.argv[argument + 1]);
if (!(minutes > 0)) {
  console.error('soak: --minutes: expected a number above 0');
  process.exit(2);
}

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
/** Processor seconds of this thread. */
const threadTime = () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e9;

const BUSY = `
    la   s0, data
    li   s1, 64
outer:
    li   s2, 512
    mv   s3, s0
loop:
    ld   a0, 0(s3)
    mul  a1, a0, s2
    xor  a0, a0, a1
    andi a2, a0, 7
    beqz a2, skip
    sd   a0, 0(s3)
skip:
    addi s3, s3, 8
    addi s2, s2, -1
    bnez s2, loop
    j    outer
.align 12
data:
`;

const IDLE = `
    la   t0, handler
    csrw mtvec, t0
    li   s0, 0x02004000
    li   s1, 0x0200bff8
    ld   t0, 0(s1)
    addi t0, t0, 1000
    sd   t0, 0(s0)
    li   t0, 0x80
    csrw mie, t0
    csrsi mstatus, 8
rest: wfi
    j    rest
.align 2
handler:
    ld   t0, 0(s1)
    addi t0, t0, 1000
    sd   t0, 0(s0)
    mret
`;

/** In each of 32 pages, again and again: a loop of three new instructions, executed often enough to be compiled. */
const REWRITING = `
    la   s0, code
again:
    li   s2, 32
    mv   s3, s0
page:
    andi t1, s5, 0x3ff
    slli t1, t1, 20
    li   t0, 0x00050513
    or   t0, t0, t1
    sw   t0, 0(s3)
    li   t0, 0xfff58593
    sw   t0, 4(s3)
    li   t0, 0xfe059ce3
    sw   t0, 8(s3)
    li   t0, 0x00008067
    sw   t0, 12(s3)
    fence.i
    li   a1, 4000
    jalr ra, 0(s3)
    li   t0, 4096
    add  s3, s3, t0
    addi s2, s2, -1
    bnez s2, page
    addi s5, s5, 1
    j    again
.align 12
code:
`;

const silent = { write: () => undefined };
const instructions = (machine) => machine.totalInstret();

function guest(name, source, options, progress = instructions) {
  const image = assemble(source, BASE).bytes;
  const config = resolveConfig({ memoryBytes: 16 * MIB, ...options });
  const built = buildMachine(
    config,
    { raw: [{ name, bytes: image, address: BASE }], entry: BASE },
    engineFactory('jit'),
    silent,
  );
  return { name, built, progress, speeds: [] };
}

const guests = [
  guest('busy', BUSY, { timing: 'rocket' }),
  guest('two harts', BUSY, { timing: 'rocket', harts: 2 }),
  guest('idle', IDLE, {}, (machine) => machine.time()),
  guest('rewriting', REWRITING, { timing: 'rocket' }),
];

const zlib = {
  compress: (bytes) => deflateRawSync(bytes, { level: 1 }),
  decompress: (bytes, size) => inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }),
};

/** Saves the guest's machine and goes on with one made from the snapshot. */
function renew(one) {
  const bytes = Buffer.concat(takeSnapshot(one.built, zlib));
  one.built = readSnapshot({ name: one.name, bytes }, zlib).restore(engineFactory('jit'), silent);
}

function runFor(one, seconds) {
  const { machine } = one.built;
  const from = threadTime();
  const before = one.progress(machine);
  let state;
  do {
    state = machine.run(2_000_000, undefined);
    if (state.kind !== 'running') throw new Error(`${one.name}: ended by ${state.kind}`);
  } while (threadTime() - from < seconds);
  one.speeds.push((one.progress(machine) - before) / (threadTime() - from) / 1e6);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const memories = guests.map(({ built }) => built.machine.memory.bytes.length);
const bound = memories.reduce((sum, bytes) => sum + bytes, 0) + Math.max(...memories) + OVERHEAD_MIB * MIB;

const end = performance.now() + minutes * 60_000;
const share = Math.min(5, (minutes * 60) / 12 / guests.length);
let largest = 0;
let rounds = 0;
// The first round warms up and is not judged; three thirds need three more.
for (; rounds < 4 || performance.now() < end; rounds++) {
  for (const one of guests) runFor(one, share);
  for (const one of guests) if ((rounds + one.name.length) % 2 === 0) renew(one);
  collect();
  const { rss } = process.memoryUsage();
  largest = Math.max(largest, rss);
  const speeds = guests.map(({ name, speeds: all }) => `${name} ${all.at(-1).toFixed(0)}`).join(', ');
  console.log(
    `round ${rounds}: ${(rss / MIB).toFixed(0)} MiB; million instructions (idle: cycles) per second: ${speeds}`,
  );
}

const faults = [];
if (largest > bound) faults.push(`${(largest / MIB).toFixed(0)} MiB, at most ${(bound / MIB).toFixed(0)} expected`);
for (const { name, speeds } of guests) {
  const judged = speeds.slice(1);
  const third = Math.ceil(judged.length / 3);
  const [first, last] = [median(judged.slice(0, third)), median(judged.slice(-third))];
  console.log(`${name}: ${first.toFixed(1)} at first, ${last.toFixed(1)} at last`);
  if (last < KEEP * first)
    faults.push(`${name}: ${(last / first).toFixed(2)} of its first speed, at least ${KEEP} expected`);
}
console.log(`${rounds} rounds, largest ${(largest / MIB).toFixed(0)} MiB, bound ${(bound / MIB).toFixed(0)} MiB`);
for (const fault of faults) console.error(`soak: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
