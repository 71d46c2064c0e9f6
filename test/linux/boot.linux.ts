import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bootImages, boots, firstMissing, type BootName } from '../../scripts/linux/boots.js';
import { linuxFolder } from '../../scripts/linux/folder.js';
import { buildMachine, resolveConfig } from '#libs/riscv-core';
import { engineOf } from '../differential/subjects.js';
import { bootAnew, exec, type Ended } from './exec.js';

/** Processor seconds a boot may take: the scenario of a host, KVM and a guest, about 200 M instructions. */
const bound: Partial<Record<BootName, Record<string, number>>> = { kvm: { none: 10, rocket: 20 } };

const MILLION = 1e6;
/** The interpreter's part, in instructions: the beginning. */
const PART = 50 * MILLION;
/** The reference engine's parts: as long as this, from the beginning and from these instructions on. */
const SAMPLE = 0.3 * MILLION;
const samples: Record<BootName, readonly number[]> = {
  debian: [50 * MILLION, 500 * MILLION, 1050 * MILLION],
  // The host boots; it has unpacked its disk; the guest boots; the guest's memcached serves.
  kvm: [20 * MILLION, 90 * MILLION, 130 * MILLION, 200 * MILLION],
};
/** Instructions between two looks at what is compiled. */
const SLICE = 0.1 * MILLION;
/** Against a guest that never ends. */
const LIMIT = 20_000 * MILLION;

const folder = mkdtempSync(join(tmpdir(), 'dvfarm-linux-'));
afterAll(() => rmSync(folder, { recursive: true }));

const outcome = ({ report: { exit, instret, cycles, stateHash } }: Ended): object => ({
  exit,
  instret,
  cycles,
  stateHash,
});

const run = (from: readonly string[], engine: string, limit: number, ...more: string[]): Promise<Ended> =>
  exec([...from, '--engine', engine, '--max-instructions', String(limit), ...more]);

/** What is executed now and then is compiled here, and modules come and go. */
function inSmallRegions(name: BootName, timing: string, limit: number): object {
  const deliveries = { submitted: 0, collected: 0 };
  const engine = engineOf('jit in small regions', 'long', deliveries);
  const config = resolveConfig({ machine: 'virt', timing });
  const { machine } = buildMachine(config, bootImages(name, linuxFolder()), engine, { write: () => undefined });
  let { kind } = machine.run(SLICE, limit);
  while (kind === 'running') ({ kind } = machine.run(SLICE, limit));
  expect(deliveries.collected).toBeGreaterThan(100);
  return { kind, instret: machine.totalInstret(), cycles: machine.totalCycles(), stateHash: machine.stateHash() };
}

describe.each(['debian', 'kvm'] as const)('boot %s', (name) => {
  describe.each(['none', 'rocket'])('timing %s', (timing) => {
    const start = bootAnew(name, timing);
    let whole: Ended;

    it('runs to the power-off, twice with the same console and the same cycles', async () => {
      whole = await run(start, 'jit', LIMIT);
      const end = whole.console.slice(-3000);
      expect(firstMissing(whole.console, boots[name].console), end).toBeUndefined();
      expect(whole.code, end).toBe(0);
      expect(whole.report.exit).toEqual({ kind: 'finisher', code: 0 });

      const second = await run(start, 'jit', LIMIT);
      expect(second.console).toBe(whole.console);
      expect(outcome(second)).toEqual(outcome(whole));

      const seconds = Math.min(whole.report.cpuSeconds, second.report.cpuSeconds);
      const { instret, cycles } = whole.report;
      console.log(
        `${name}, timing ${timing}: ${(instret / MILLION).toFixed(1)} M instructions, ${(cycles / MILLION).toFixed(1)} M cycles, ` +
          `${seconds.toFixed(1)} s of processor time`,
      );
      const most = bound[name]?.[timing];
      if (most !== undefined) expect(seconds).toBeLessThan(most);
    });

    it('is the same to the interpreter, and to compiled code in regions of 25 instructions: the beginning', async () => {
      const [interpreter, jit] = [await run(start, 'interpreter', PART), await run(start, 'jit', PART)];
      expect(jit.report.exit.kind).toBe('limit');
      expect(outcome(jit)).toEqual(outcome(interpreter));
      const { instret, cycles, stateHash } = interpreter.report;
      expect(inSmallRegions(name, timing, PART)).toEqual({ kind: 'limit', instret, cycles, stateHash });
    });

    it('is the same to the reference engine: samples on the way, and the end after as many snapshots', async () => {
      let from = start;
      for (const at of [0, ...samples[name]]) {
        if (at > 0) {
          const snapshot = join(folder, `${name}-${timing}-${at}`);
          await run(from, 'jit', at, '--snapshot-out', snapshot);
          from = ['--resume', snapshot];
        }
        const reference = await run(from, 'reference', at + SAMPLE);
        const jit = await run(from, 'jit', at + SAMPLE);
        expect(jit.report.instret).toBeGreaterThanOrEqual(at + SAMPLE);
        expect(outcome(jit), `from instruction ${at}`).toEqual(outcome(reference));
      }
      expect(outcome(await run(from, 'jit', LIMIT))).toEqual(outcome(whole));
    });
  });
});

describe('boot debian, four harts, timing rocket', () => {
  const start = [...bootAnew('debian', 'rocket'), '--harts', '4'];
  /** All four are awake. */
  const MIDDLE = 900 * MILLION;

  it('is the same to the interpreter, to the reference engine from the middle on, and behind a snapshot there', async () => {
    const whole = await run(start, 'jit', LIMIT);
    const end = whole.console.slice(-3000);
    expect(firstMissing(whole.console, boots.debian.console), end).toBeUndefined();
    expect(whole.report.exit).toEqual({ kind: 'finisher', code: 0 });
    const interpreter = await run(start, 'interpreter', LIMIT);
    expect(interpreter.console).toBe(whole.console);
    expect(outcome(interpreter)).toEqual(outcome(whole));

    const snapshot = join(folder, 'debian-four-harts');
    // At the end of a turn: a limit would cut one.
    const saved = await run(start, 'jit', LIMIT, '--snapshot-out', `${snapshot}@instret=${MIDDLE}`);
    expect(outcome(saved)).toEqual(outcome(whole));
    const from = ['--resume', snapshot];
    expect(outcome(await run(from, 'jit', LIMIT))).toEqual(outcome(whole));
    const reference = await run(from, 'reference', MIDDLE + SAMPLE);
    expect(outcome(await run(from, 'jit', MIDDLE + SAMPLE))).toEqual(outcome(reference));
  });
});
