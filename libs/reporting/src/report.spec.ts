import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportFormats, reportHeadSchema } from '#libs/contracts';
import type { StoredRun } from './input.js';
import { renderReport } from './render/render.js';
import { buildReport, type Report } from './report.js';
import { inputOf, sampleInput, storedRun, type SampleRun } from './report.testkit.js';

const golden = (name: string): string => new URL(`../../../test/golden/report/${name}`, import.meta.url).pathname;
const check = (report: Report, id: string) => report.checks.find((candidate) => candidate.id === id);

const hypercall = (hypervisor: 'kvm' | 'duvisor', phases: SampleRun['phases'], kernelExits = 0): SampleRun => ({
  hypervisor,
  workload: 'hypercall',
  seed: 1,
  phases,
  kernelExits,
});
const kvm = hypercall('kvm', { exit: 200, handling: 20, entry: 380, guest: 10 }, 100);
const duvisor = hypercall('duvisor', { exit: 50, handling: 100, entry: 50, guest: 10 });
const reportOf = (...samples: SampleRun[]): Report => buildReport(inputOf(samples.map(storedRun)));

/** A run whose metrics went through `change`. */
function altered(run: StoredRun, change: (metrics: NonNullable<StoredRun['result']>['metrics']) => unknown): StoredRun {
  const copy = structuredClone(run);
  if (copy.result !== null) change(copy.result.metrics);
  return copy;
}

describe('report of a sample campaign', () => {
  const report = buildReport(sampleInput());

  it('has the head every reader relies on', () => {
    expect(reportHeadSchema.parse(JSON.parse(renderReport(report, 'json')))).toMatchObject({ ok: true });
  });

  it.each(['txt', 'summary', 'md', 'html', 'csv', 'json'] as const)('is drawn as accepted (%s)', async (format) => {
    const name = format === 'summary' ? 'summary.txt' : `sample.${format}`;
    await expect(renderReport(report, format)).toMatchFileSnapshot(golden(name));
  });

  it.each(reportFormats.filter((format) => format !== 'json'))('says that cycles come from a model (%s)', (format) => {
    expect(renderReport(report, format)).toContain('cycle model, not RTL');
  });

  it('calls the baseline by what it is', () => {
    for (const format of reportFormats) expect(renderReport(report, format)).not.toMatch(/Linux KVM/i);
    expect(renderReport(report, 'txt')).toContain('KVM-like module (project)');
  });

  it('pairs every primitive and adds the geometric mean', () => {
    expect(report.comparisons.map(({ sectionTitle, verdict }) => [sectionTitle, verdict])).toEqual([
      ['Hypercall', 'better'],
      ['Stage-2 fault', 'better'],
      ['MMIO', 'better'],
    ]);
    expect(report.geometricMean?.over).toHaveLength(3);
  });

  it('sets published values beside the total without the guest, with the distance', () => {
    const result = report.sections[0]?.hypervisors[1];
    expect(result?.withoutGuest.summary?.mean).toBe(214);
    expect(result?.withoutGuest.published).toEqual([
      { tag: 'P', cycles: 214, approximate: false, distance: 0 },
      { tag: 'C-micro', cycles: 199, approximate: false, distance: 15 / 199 },
    ]);
  });

  it('lists a left-out step with the count it has on Linux', () => {
    expect(report.steps[0]?.rows).toContainEqual({
      step: 'rcu-note',
      column: 'rcu',
      module: null,
      linux: 31,
      leftOut: 'one hart, nobody waits for RCU',
      note: null,
    });
    expect(report.steps[0]?.unexplained).toEqual([]);
  });
});

describe('a step of Linux that is neither done nor explained', () => {
  it('is named', () => {
    const input = sampleInput();
    const forgotten = { ...input.steps[0], step: 'forgotten', linux: 7 } as (typeof input.steps)[number];
    const report = buildReport({ ...input, steps: [...input.steps, forgotten] });
    expect(report.steps[0]?.unexplained).toEqual(['forgotten']);
    expect(renderReport(report, 'txt')).toContain('neither done nor listed as left out: forgotten');
  });
});

describe('checks', () => {
  it('hold on a campaign with the structure of the paper', () => {
    expect(reportOf(kvm, duvisor).ok).toBe(true);
  });

  it.each(['exit', 'entry'])('fail when %s of DuVisor is not below', (phase) => {
    const report = reportOf(kvm, { ...duvisor, phases: { ...duvisor.phases, [phase]: 400 } });
    expect(check(report, `hypercall.${phase}-below-kvm`)?.verdict).toBe('fails');
    expect(report.ok).toBe(false);
  });

  it('fail when the total of DuVisor is not below', () => {
    const report = reportOf(kvm, { ...duvisor, phases: { ...duvisor.phases, handling: 1000 } });
    expect(check(report, 'hypercall.total-below-kvm')?.verdict).toBe('fails');
    expect(report.ok).toBe(false);
  });

  it('fail on one VM exit of DuVisor that entered the kernel', () => {
    const report = reportOf(kvm, { ...duvisor, kernelExits: 1 });
    expect(check(report, 'hypercall.duvisor-kernel-exits')).toMatchObject({ verdict: 'fails', measured: 1 });
  });

  it('fail when kernel exits were not counted: a missing metric is no 0', () => {
    const blind = altered(storedRun(duvisor, 2), (metrics) =>
      metrics.splice(
        metrics.findIndex((metric) => metric.name === 'exits.kernel'),
        1,
      ),
    );
    const report = buildReport(inputOf([storedRun(kvm, 1), blind]));
    expect(report.unusable).toMatchObject([{ reason: 'required metric missing: exits.kernel' }]);
    expect(check(report, 'hypercall.duvisor-kernel-exits')).toMatchObject({ verdict: 'fails', measured: null });
    expect(report.ok).toBe(false);
  });

  it('fail when the phases do not sum to the total', () => {
    const open = altered(storedRun(duvisor, 2), (metrics) => {
      const total = metrics.find((metric) => metric.name === 'cycles.total');
      if (total !== undefined) total.value += 1;
    });
    const report = buildReport(inputOf([storedRun(kvm, 1), open]));
    expect(check(report, 'hypercall.duvisor-breakdown-closes')).toMatchObject({ verdict: 'fails', measured: 1 });
  });

  it('fail when DuVisor spends cycles in transfer', () => {
    const mmio = (hypervisor: 'kvm' | 'duvisor', transfer: number): SampleRun => ({
      ...(hypervisor === 'kvm' ? kvm : duvisor),
      workload: 'mmio',
      phases: { exit: hypervisor === 'kvm' ? 90 : 9, transfer, entry: hypervisor === 'kvm' ? 90 : 9, guest: 5 },
    });
    expect(check(reportOf(mmio('kvm', 3000), mmio('duvisor', 0)), 'mmio.duvisor-transfer')?.verdict).toBe('holds');
    expect(check(reportOf(mmio('kvm', 3000), mmio('duvisor', 2)), 'mmio.duvisor-transfer')?.verdict).toBe('fails');
  });

  it('fail when exit was not measured, even though the rest closes', () => {
    const report = reportOf(kvm, { ...duvisor, phases: { handling: 100, entry: 50, guest: 10 } });
    expect(check(report, 'hypercall.exit-below-kvm')).toMatchObject({ verdict: 'fails', measured: null });
  });

  it('fail on a run without a result and on a disagreement of repeated runs', () => {
    const lost: StoredRun = { ...storedRun(duvisor, 2), status: 'lost', reason: 'no attempts left', result: null };
    const report = buildReport(
      inputOf([storedRun(kvm, 1), lost], { alarms: [{ runId: lost.id, detail: 'cycles differ' }] }),
    );
    expect(check(report, 'campaign.runs-passed')?.verdict).toBe('fails');
    expect(check(report, 'campaign.repeatable')?.verdict).toBe('fails');
    expect(renderReport(report, 'txt')).toContain('no attempts left');
  });

  it('warn, and no more, when a band around a published value is left', () => {
    const report = reportOf({ ...kvm, phases: { exit: 60, handling: 20, entry: 140, guest: 10 } }, duvisor);
    expect(check(report, 'hypercall.ratio')).toMatchObject({ verdict: 'outside', level: 'band' });
    expect(report.ok).toBe(true);
  });

  it('around published values are held against the published machine only', () => {
    const at = (machine: Partial<StoredRun['spec']['machine']>) => {
      const runs = [kvm, duvisor].map((sample, index) => {
        const run = storedRun(sample, index);
        return { ...run, spec: { ...run.spec, machine: { ...run.spec.machine, ...machine } } };
      });
      return buildReport(inputOf(runs)).checks.filter(({ level }) => level === 'band').length;
    };
    expect(at({})).toBeGreaterThan(0);
    expect([at({ timing: 'none' }), at({ preset: 'virt' }), at({ set: { 'l2.hit': 20 } })]).toEqual([0, 0, 0]);
  });

  it('about a hypervisor that is not in the campaign do not apply', () => {
    const report = reportOf(duvisor);
    expect(check(report, 'hypercall.total-below-kvm')).toBeUndefined();
    expect(check(report, 'hypercall.duvisor-kernel-exits')?.verdict).toBe('holds');
  });

  it('never hold for a campaign without runs', () => {
    expect(buildReport(inputOf([])).ok).toBe(false);
  });
});

describe('missing figures', () => {
  it('are named with their reason and drawn as missing, never as 0', () => {
    const failed: StoredRun = {
      ...storedRun(duvisor, 2),
      status: 'failed',
      result: {
        ...(storedRun(duvisor, 2).result as NonNullable<StoredRun['result']>),
        outcome: { kind: 'failed', exitCode: 3, detail: 'panic("gstage_map")' },
      },
    };
    const report = buildReport(inputOf([storedRun(kvm, 1), failed]));
    const cell = report.sections[0]?.hypervisors[1]?.total;
    expect(cell).toMatchObject({ summary: null, reason: 'failed: failed: panic("gstage_map")' });
    expect(report.sections[0]?.effect?.ratio).toBeNull();
    expect(renderReport(report, 'txt')).toContain('missing (failed: failed: panic("gstage_map"))');
  });
});

describe('foreign text', () => {
  const hostile = '<script>alert(1)</script>|`a`\u001b[31m=1+1\r\n"x",y';
  const report = buildReport(
    inputOf([{ ...storedRun(duvisor, 1), status: 'lost', reason: hostile, result: null }, storedRun(kvm, 2)]),
  );

  it('cannot leave its place in HTML, Markdown, CSV or the terminal', () => {
    expect(renderReport(report, 'html')).not.toContain('<script>');
    expect(renderReport(report, 'md')).not.toContain('<script>');
    expect(renderReport(report, 'md')).toContain('\\|\\`a\\`');
    expect(renderReport(report, 'txt')).not.toContain('\u001b');
    expect(renderReport(report, 'summary', { colour: true })).not.toContain('\u001b[31m=1+1');
  });

  it('in any form keeps CSV rectangular', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (reason) => {
        const csv = renderReport(
          buildReport(inputOf([{ ...storedRun(duvisor, 1), status: 'lost', reason, result: null }, storedRun(kvm, 2)])),
          'csv',
        );
        const widths = new Set(parseCsv(csv).map((row) => row.length));
        expect(widths).toEqual(new Set([15]));
      }),
    );
  });
});

describe('order and repetition', () => {
  it('of the runs do not change a figure', () => {
    const input = sampleInput();
    const figures = (runs: readonly StoredRun[]): unknown => {
      const report = buildReport(inputOf(runs, { steps: input.steps }));
      const bySection = report.sections.map((section) => [
        section.title,
        section.effect?.ratio,
        section.hypervisors.map((result) => [result.id, result.total.summary?.mean, result.residual]),
      ]);
      return [report.ok, bySection.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))];
    };
    fc.assert(
      fc.property(fc.shuffledSubarray([...input.runs], { minLength: input.runs.length }), (runs) => {
        expect(figures(runs)).toEqual(figures(input.runs));
      }),
      { numRuns: 25 },
    );
  });
});

/** RFC 4180, enough to read back what was written. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      row.push(cell);
      cell = '';
    } else if (character === '\r' && text[i + 1] === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
      i += 1;
    } else cell += character;
  }
  return rows;
}
