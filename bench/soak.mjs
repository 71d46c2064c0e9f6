// Machines for a long time in one process: memory must stay under a bound, speed must not decay, and what is saved must go on as it was.
//
//   npm run soak [-- --minutes N]     30 minutes of simulation-host time unless told otherwise
//
// Guests take turns (soak/guests.mjs): a busy one, a busy one with two harts, one that sleeps between timer interrupts, one that rewrites its
// code all the time, a service with a load generator, and Linux with a KVM guest if its images are there (npm run images:linux). Every
// round saves some of them and goes on from what was saved. Exit status 1 when
//   - the process is ever larger than the machines' memories (while a snapshot is restored: one of them twice) and OVERHEAD_MIB, or
//   - it is GROWTH_MIB larger in the last third of the rounds than in the first, garbage collected (median of each), or
//   - a guest runs in the last third of the rounds (or of its lives) at less than KEEP of its speed in the first third, or
//   - a guest ends that should not, or otherwise than it did the first time: replies, cycles, state hash.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';
import { followBranchHints } from '../dist/libs/wasm-hints/src/index.js';
import { makeGuests } from './soak/guests.mjs';

/** Node itself, compiled code (docs/adr/0003-jit.md), snapshots under way, garbage between collections. */
const OVERHEAD_MIB = 384;
/** Guests that begin anew touch more or less of their memory at a time. */
const GROWTH_MIB = 96;
/** Simulation hosts are noisy: 10 to 25 % by themselves. */
const KEEP = 0.7;
const MIB = 1 << 20;

const argument = process.argv.indexOf('--minutes');
const minutes = argument < 0 ? 30 : Number(process.argv[argument + 1]);
if (!(minutes > 0)) {
  console.error('soak: --minutes: expected a number above 0');
  process.exit(2);
}

followBranchHints();
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
/** Processor seconds of this thread. */
const threadTime = () => Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e9;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const guests = makeGuests();
const memories = guests.map(({ bytes }) => bytes);
const bound = memories.reduce((sum, bytes) => sum + bytes, 0) + Math.max(...memories) + OVERHEAD_MIB * MIB;

const end = performance.now() + minutes * 60_000;
const share = Math.min(3, (minutes * 60) / 24 / guests.length);
let largest = 0;
let rounds = 0;
/** Bytes of the process at the end of each round. */
const sizes = [];
const look = () => (largest = Math.max(largest, process.memoryUsage().rss));
// The first round warms up and is not judged; three thirds need three more.
for (; rounds < 4 || performance.now() < end; rounds++) {
  for (const guest of guests) guest.runFor(share, threadTime);
  look();
  for (const [index, guest] of guests.entries()) {
    if ((rounds + index) % 2 !== 0) continue;
    guest.renew();
    look();
  }
  collect();
  look();
  const { rss } = process.memoryUsage();
  sizes.push(rss);
  const speeds = guests.map(
    ({ name, speeds: all, ends }) => `${name} ${all.at(-1)?.toFixed(0) ?? '-'}${ends > 0 ? ` (${ends} ends)` : ''}`,
  );
  console.log(
    `round ${rounds}: ${(rss / MIB).toFixed(0)} MiB; million instructions (idle: cycles) per second: ${speeds.join(', ')}`,
  );
}

/** Medians of the first and the last third. */
function thirds(values) {
  const third = Math.ceil(values.length / 3);
  return [median(values.slice(0, third)), median(values.slice(-third))];
}

const faults = [];
const [early, late] = thirds(sizes.slice(1)).map((bytes) => bytes / MIB);
console.log(`${early.toFixed(0)} MiB at first, ${late.toFixed(0)} MiB at last`);
if (late > early + GROWTH_MIB) faults.push(`grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
if (largest > bound) faults.push(`${(largest / MIB).toFixed(0)} MiB, at most ${(bound / MIB).toFixed(0)} expected`);
for (const { name, speeds, saved, ends } of guests) {
  const judged = speeds.slice(1);
  const lived = `saved ${saved} times${ends > 0 ? `, ended ${ends} times alike` : ''}`;
  if (judged.length < 3) {
    console.log(`${name}: ${lived}; too short to judge its speed`);
    continue;
  }
  const [first, last] = thirds(judged);
  console.log(`${name}: ${first.toFixed(1)} at first, ${last.toFixed(1)} at last; ${lived}`);
  if (last < KEEP * first)
    faults.push(`${name}: ${(last / first).toFixed(2)} of its first speed, at least ${KEEP} expected`);
}
console.log(`${rounds} rounds, largest ${(largest / MIB).toFixed(0)} MiB, bound ${(bound / MIB).toFixed(0)} MiB`);
for (const fault of faults) console.error(`soak: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
