/** `--counters FILE`: the cycle model's event counts as comma-separated values. */
import { openSync, writeSync } from 'node:fs';
import { ConfigError, seriesHeader, seriesLine, type EventSeries, type Machine } from '#libs/riscv-core';
import { writeOutput } from './files.js';

/** Samples go to the file as they come: a long series need not fit into memory. Call end() of the result when the run has ended. */
export function writeEvents(machine: Machine, file: string, every = Infinity): EventSeries {
  if (machine.config.timing.model === 'none')
    throw new ConfigError('--counters', 'timing "none", which has no events', '--timing rocket');
  writeOutput(file, `${seriesHeader}\n`);
  const descriptor = openSync(file, 'a');
  return machine.sampleEvents(every, (samples) =>
    writeSync(descriptor, samples.map((sample) => `${seriesLine(sample)}\n`).join('')),
  );
}
