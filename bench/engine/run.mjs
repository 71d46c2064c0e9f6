// Speed of the engines: target instructions per second of processor time, beside QEMU's in the same run (no cycle model there).
//
//   npm run bench:engine [-- --repeat N]
//
// Writes bench/results/engine-<date>.json. Exit status 1 when a ratio that the project promises is missed, 2 without QEMU.
// Host noise is 10 to 25 %, more on a busy machine: quote ratios, and those of a quiet one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, programs, rawImage } from './programs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const results = join(here, '../results');
const argument = process.argv.indexOf('--repeat');
const repeat = argument < 0 ? 5 : Number(process.argv[argument + 1]);
/** The interpreter runs this part of the rounds, each of four harts that, the reference engine this one. */
const PART = { interpreter: 8, harts: 4, reference: 100 };
/**
 * Least share of one hart's speed that four harts with memory of their own reach together, in instructions per second. Where they wait for one
 * another in the shared level of the simulated machine, the share in simulated cycles per second is larger: it is shown and kept too.
 */
const HARTS_MUST = 0.8;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function measure(options) {
  const done = spawnSync(process.execPath, [join(here, 'measure.mjs'), JSON.stringify(options)], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
}

/** Of the program as the simulator loads it. */
function rawFile(name, rounds, harts = 1) {
  const file = build(name, rounds, harts);
  rawImage(file);
  return `${file}.bin`;
}

/** Processor seconds of QEMU. */
function qemuSeconds(file) {
  // Only a shell tells a child's processor time; the file's name has no character that it would read.
  const script = `TIMEFORMAT='%U %S'; time qemu-system-riscv64 -M virt -m 64M -nographic -bios ${file}`;
  const done = spawnSync('bash', ['-c', script], { timeout: 300_000, encoding: 'utf8' });
  const match = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr ?? '');
  return done.status === 0 && match !== null ? Number(match[1]) + Number(match[2]) : undefined;
}

const emptyProgram = build('strings', 0);
if (qemuSeconds(emptyProgram) === undefined) {
  console.error(
    'qemu-system-riscv64 is not installed (Debian package qemu-system-misc): there is nothing to compare with',
  );
  process.exit(2);
}
const start = median(Array.from({ length: repeat }, () => qemuSeconds(emptyProgram)));

const rows = [];
const missed = [];
for (const { name, rounds, must, aim } of programs) {
  const full = rawFile(name, rounds);
  const part = rawFile(name, Math.ceil(rounds / PART.interpreter));
  const four = rawFile(name, Math.ceil(rounds / PART.harts), 4);
  const elf = build(name, rounds);
  const mips = {};
  const megahertz = {};
  let instructions = 0;
  const note = (column, { instructions: count, cycles, seconds }) => {
    (mips[column] ??= []).push(count / seconds / 1e6);
    if (cycles !== undefined) (megahertz[column] ??= []).push(cycles / seconds / 1e6);
  };
  for (let i = 0; i < repeat; i++) {
    for (const timing of ['none', 'rocket']) {
      const one = measure({ image: full, engine: 'jit', timing, harts: 1 });
      instructions = one.instructions;
      note(`jit ${timing}`, one);
      note(`interpreter ${timing}`, measure({ image: part, engine: 'interpreter', timing, harts: 1 }));
      note(`jit ${timing} 4 harts`, measure({ image: four, engine: 'jit', timing, harts: 4 }));
    }
    // Right beside the others, so that what else the machine does weighs on both alike.
    note('qemu', { instructions, seconds: qemuSeconds(elf) - start });
  }
  const limit = Math.ceil(instructions / PART.reference / 50);
  note('reference none', measure({ image: full, engine: 'reference', timing: 'none', harts: 1, limit }));
  const mediansOf = (samples) =>
    Object.fromEntries(Object.entries(samples).map(([column, values]) => [column, median(values)]));
  const medians = mediansOf(mips);
  const rates = mediansOf(megahertz);
  const ratios = {};
  for (const timing of ['none', 'rocket']) {
    ratios[timing] = medians[`jit ${timing}`] / medians.qemu;
    if (ratios[timing] < must[timing])
      missed.push(`${name}, ${timing}: ${ratios[timing].toFixed(2)} of QEMU, must be ${must[timing]}`);
    const ofOne = (figures) => figures[`jit ${timing} 4 harts`] / figures[`jit ${timing}`];
    const aggregate = ofOne(medians);
    ratios[`${timing} 4 harts`] = aggregate;
    ratios[`${timing} 4 harts, cycles`] = ofOne(rates);
    if (aggregate < HARTS_MUST)
      missed.push(`${name}, ${timing}: four harts reach ${aggregate.toFixed(2)} of one, must be ${HARTS_MUST}`);
  }
  rows.push({ program: name, instructions, mips: medians, megahertz: rates, samples: mips, ratios, must, aim });
  console.log(`${name}: ${Object.entries(medians).map(([column, value]) => `${column} ${value.toFixed(1)}`).join(', ')}`); // prettier-ignore
  console.log(`  of QEMU: none ${ratios.none.toFixed(2)} (must ${must.none}), rocket ${ratios.rocket.toFixed(2)} (must ${must.rocket})`); // prettier-ignore
  const harts = (timing) => `${timing} ${ratios[`${timing} 4 harts`].toFixed(2)} (must ${HARTS_MUST}), ${ratios[`${timing} 4 harts, cycles`].toFixed(2)} in cycles`; // prettier-ignore
  console.log(`  four harts of one: ${harts('none')}; ${harts('rocket')}`);
}

const date = new Date().toISOString();
const facts = {
  date,
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: availableParallelism(),
  load: loadavg()[0],
  repeat,
};
mkdirSync(results, { recursive: true });
const file = join(results, `engine-${date.slice(0, 10)}.json`);
writeFileSync(file, `${JSON.stringify({ facts, rows, missed }, null, 1)}\n`);
console.log(`written: ${file}`);
for (const line of missed) console.error(`missed: ${line}`);
process.exit(missed.length > 0 ? 1 : 0);
