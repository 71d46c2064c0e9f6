import { describe, expect, it } from 'vitest';
import { boots, firstMissing, type BootName } from '../../scripts/linux/boots.js';
import { execBoot, type Ended } from './exec.js';

/** Processor seconds a boot may take: the scenario of a host, KVM and a guest, about 200 M instructions. */
const bound: Partial<Record<BootName, Record<string, number>>> = { kvm: { none: 10, rocket: 20 } };

const PART = 50_000_000;
const REFERENCE_PART = 1_000_000;
/** Against a guest that never ends. */
const LIMIT = 20_000_000_000;

const outcome = ({ report: { exit, instret, cycles, stateHash } }: Ended): object => ({
  exit,
  instret,
  cycles,
  stateHash,
});

describe.each(['debian', 'kvm'] as const)('boot %s', (name) => {
  describe.each(['none', 'rocket'])('timing %s', (timing) => {
    const run = (engine: string, limit: number): Promise<Ended> =>
      execBoot(name, ['--engine', engine, '--timing', timing, '--max-instructions', String(limit)]);

    it('runs to the power-off, twice with the same console and the same cycles', async () => {
      const first = await run('jit', LIMIT);
      expect(firstMissing(first.console, boots[name].console), first.console.slice(-3000)).toBeUndefined();
      expect(first.code, first.console.slice(-3000)).toBe(0);
      expect(first.report.exit).toEqual({ kind: 'finisher', code: 0 });

      const second = await run('jit', LIMIT);
      expect(second.console).toBe(first.console);
      expect(outcome(second)).toEqual(outcome(first));

      const seconds = Math.min(first.report.cpuSeconds, second.report.cpuSeconds);
      const { instret, cycles } = first.report;
      console.log(
        `${name}, timing ${timing}: ${(instret / 1e6).toFixed(1)} M instructions, ${(cycles / 1e6).toFixed(1)} M cycles, ` +
          `${seconds.toFixed(1)} s of processor time`,
      );
      const most = bound[name]?.[timing];
      if (most !== undefined) expect(seconds).toBeLessThan(most);
    });

    it('has the same state and cycles in every engine', async () => {
      const [interpreter, jit] = [await run('interpreter', PART), await run('jit', PART)];
      expect(jit.report.exit.kind).toBe('limit');
      expect(outcome(jit)).toEqual(outcome(interpreter));
      const [reference, again] = [await run('reference', REFERENCE_PART), await run('jit', REFERENCE_PART)];
      expect(outcome(again)).toEqual(outcome(reference));
    });
  });
});
