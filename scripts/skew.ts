/**
 * What the length Q of the harts' turns does to cycle counts, against turns of one cycle: the skew report (docs/timing-model.md, "Harts").
 *
 *   npm run skew [-- --quanta 100,1000,8000] [--seeds N] [--json FILE]
 *
 * `--seeds`: each program so many times, with other starting values of the caches' random replacement; the mean is shown, and beside it how far
 * the runs with turns of one cycle lie apart by that luck alone (standard deviation). A difference well below that one says nothing.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hartCycles, skewOf, type Skew } from './skew/measure.js';
import { skewPrograms, type SkewProgram } from './skew/programs.js';

interface Row {
  readonly program: string;
  readonly kind: SkewProgram['kind'];
  readonly harts: number;
  readonly quantum: number;
  /** Percent: mean over the seeds of all harts together, and of the hart that differs most. */
  readonly sum: number;
  readonly worstHart: number;
  /** Percent: standard deviation of the sums with Q = 1 over the seeds; 0 with one seed. */
  readonly luck: number;
  readonly runs: readonly { readonly seed: number; readonly reference: readonly number[]; readonly skew: Skew }[];
}

const { values } = parseArgs({
  options: {
    quanta: { type: 'string', default: '1,100,1000,8000' },
    seeds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});
const quanta = values.quanta.split(',').map((text) => wholeNumber('--quanta', text));
const seeds = Array.from({ length: wholeNumber('--seeds', values.seeds) }, (_, index) => 1 + 997 * index);

const rows = skewPrograms.flatMap((program) => rowsOf(program));
process.stdout.write(table(rows));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);

function rowsOf(program: SkewProgram): Row[] {
  const references = seeds.map((seed) => hartCycles(program, 1, seed));
  const sums = references.map((cycles) => cycles.reduce((sum, value) => sum + value, 0));
  const luck = (100 * deviation(sums)) / mean(sums);
  return quanta.map((quantum) => {
    const runs = seeds.map((seed, index) => {
      const reference = references[index]!;
      const cycles = quantum === 1 ? reference : hartCycles(program, quantum, seed);
      return { seed, reference, skew: skewOf(reference, cycles, quantum) };
    });
    const { name, kind, harts } = program;
    const byHart = Array.from({ length: harts }, (_, hart) => mean(runs.map(({ skew }) => skew.harts[hart]!)));
    const worstHart = byHart.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst), 0);
    return { program: name, kind, harts, quantum, sum: mean(runs.map(({ skew }) => skew.sum)), worstHart, luck, runs };
  });
}

function table(of: readonly Row[]): string {
  const lines = [['program', 'Q', 'all harts', 'worst hart', 'luck at Q = 1']].concat(
    of.map(({ program, quantum, sum, worstHart, luck }) => [
      program,
      String(quantum),
      percent(sum),
      percent(worstHart),
      `${luck.toFixed(2)} %`,
    ]),
  );
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  return lines.map((line) => `${line.map(cell).join('  ')}\n`).join('');
}

function percent(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)} %`;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function deviation(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0;
  const middle = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (numbers.length - 1));
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  process.stderr.write(`skew: ${option}: found "${text}", expected a whole number from 1\n`);
  process.exit(2);
}
