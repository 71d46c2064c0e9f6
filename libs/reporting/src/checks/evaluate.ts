/** Evaluates the checks on the sections of a report. */
import type { Configuration, ReportRun } from '../input.js';
import { GUEST_PHASE } from '../primitives.js';
import type { HypervisorResult, PrimitiveSection } from '../tables/section.js';
import { type Check, checks, type Expectation, type Measure } from './checks.js';

/** `fails` only for checks that must hold; a band that is left is `outside`. */
export type CheckVerdict = 'holds' | 'fails' | 'outside' | 'not measured';

export interface CheckResult {
  readonly id: string;
  readonly section: string;
  readonly text: string;
  readonly level: 'must' | 'band';
  readonly measured: number | null;
  /** The other side of a comparison, or null. */
  readonly against: number | null;
  readonly expectation: string;
  readonly nominal: string | null;
  readonly source: string;
  readonly linuxMust: string | null;
  readonly verdict: CheckVerdict;
}

/**
 * A check applies when its primitive and every hypervisor it names are in the campaign; a band, on the published machine. An applicable check that must hold but cannot be
 * measured fails: silence is no proof.
 */
export function evaluateChecks(
  sections: readonly PrimitiveSection[],
  runs: readonly ReportRun[],
  alarms: number,
): CheckResult[] {
  return [
    everyRunPassed(runs),
    noAlarm(alarms),
    ...sections.flatMap((section) =>
      checks
        .filter((check) => check.primitive === section.primitive && applies(check, section))
        .filter((check) => check.level === 'must' || isPublishedMachine(section.configuration))
        .map((check) => evaluate(check, section)),
    ),
  ];
}

/** Bands compare with published values, so only the modelled machine of the publication, as it is, is held against them. */
export function isPublishedMachine({ machine }: Configuration): boolean {
  return machine.preset === 'firesim' && machine.timing === 'rocket' && Object.keys(machine.set).length === 0;
}

function everyRunPassed(runs: readonly ReportRun[]): CheckResult {
  const passed = runs.filter((run) => run.usable).length;
  return {
    id: 'campaign.runs-passed',
    section: 'Campaign',
    text: 'runs with a complete result',
    level: 'must',
    measured: passed,
    against: runs.length,
    expectation: `= ${String(runs.length)}`,
    nominal: null,
    source: 'structure',
    linuxMust: null,
    verdict: runs.length > 0 && passed === runs.length ? 'holds' : 'fails',
  };
}

/** Two executions of one run key must agree to the last bit; the controller raises an alarm when they do not. */
function noAlarm(alarms: number): CheckResult {
  return {
    id: 'campaign.repeatable',
    section: 'Campaign',
    text: 'repeated executions that disagreed',
    level: 'must',
    measured: alarms,
    against: null,
    expectation: '= 0',
    nominal: null,
    source: 'structure',
    linuxMust: null,
    verdict: alarms === 0 ? 'holds' : 'fails',
  };
}

function applies(check: Check, section: PrimitiveSection): boolean {
  const needed = [check.measure, ...otherOf(check.expect)].flatMap((measure) =>
    measure.kind === 'ratio' ? ['kvm', 'duvisor'] : [measure.hypervisor],
  );
  return needed.every((id) => section.hypervisors.some((hypervisor) => hypervisor.id === id));
}

const otherOf = (expectation: Expectation): Measure[] =>
  expectation.kind === 'below' || expectation.kind === 'above' ? [expectation.other] : [];

function evaluate(check: Check, section: PrimitiveSection): CheckResult {
  const measured = valueOf(check.measure, section);
  const other = otherOf(check.expect)[0];
  const against = other === undefined ? null : valueOf(other, section);
  const known = measured !== null && (other === undefined || against !== null);
  const holds = known && satisfied(check.expect, measured, against ?? 0);
  const bad: CheckVerdict = check.level === 'must' ? 'fails' : known ? 'outside' : 'not measured';
  return {
    id: check.id,
    section: section.title,
    text: check.text,
    level: check.level,
    measured,
    against,
    expectation: describe(check.expect, against),
    nominal: check.nominal,
    source: check.source,
    linuxMust: check.linuxMust,
    verdict: holds ? 'holds' : bad,
  };
}

function satisfied(expectation: Expectation, measured: number, against: number): boolean {
  switch (expectation.kind) {
    case 'below':
      return measured < against;
    case 'above':
      return measured > against;
    case 'equals':
      return measured === expectation.value;
    case 'between':
      return measured >= expectation.low && measured <= expectation.high;
  }
}

function describe(expectation: Expectation, against: number | null): string {
  const other = against === null ? 'the other side (not measured)' : String(Math.round(against * 100) / 100);
  switch (expectation.kind) {
    case 'below':
      return `< ${other}`;
    case 'above':
      return `> ${other}`;
    case 'equals':
      return `= ${String(expectation.value)}`;
    case 'between':
      return `${String(expectation.low)}–${String(expectation.high)}`;
  }
}

function valueOf(measure: Measure, section: PrimitiveSection): number | null {
  if (measure.kind === 'ratio') return section.effect?.ratio ?? null;
  const result = section.hypervisors.find((hypervisor) => hypervisor.id === measure.hypervisor);
  if (result === undefined) return null;
  switch (measure.kind) {
    case 'total':
      return result.total.summary?.mean ?? null;
    case 'phase':
      return phaseMean(result, measure.phase);
    case 'share': {
      const phase = phaseMean(result, measure.phase);
      const whole = result.withoutGuest.summary?.mean ?? null;
      return phase === null || whole === null || whole === 0 ? null : phase / whole;
    }
    case 'residual':
      return result.residual;
    case 'kernel-exits':
      return result.exits.kernel;
  }
}

function phaseMean(result: HypervisorResult, phase: string): number | null {
  const cell = phase === GUEST_PHASE ? result.guest : result.phases.find((row) => row.phase === phase);
  return cell?.summary?.mean ?? null;
}
