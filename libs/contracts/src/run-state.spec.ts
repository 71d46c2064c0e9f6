import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  campaignStatus,
  hasResult,
  isFinal,
  isHeld,
  nextState,
  noCounts,
  runEvents,
  runStates,
  runStatus,
  runStatuses,
  runTransitions,
  type RunEvent,
  type RunState,
  type RunStatus,
} from './run-state.js';

const anyEvents = fc.array(fc.constantFrom(...runEvents), { maxLength: 40 });

/** Follows the events the table allows, as every writer does; the others are refused. */
function follow(events: RunEvent[]): RunState[] {
  const path: RunState[] = ['QUEUED'];
  for (const event of events) {
    const next = nextState(path.at(-1)!, event);
    if (next !== undefined) path.push(next);
  }
  return path;
}

describe('the transition table', () => {
  it('is this, and no more', () => {
    const rows = runStates.map((state) =>
      `${state}: ${Object.entries(runTransitions[state])
        .map(([event, to]) => `${event}>${to as string}`)
        .join(' ')}`.trim(),
    );
    expect(rows).toEqual([
      'QUEUED: lease>LEASED reuse>SUCCEEDED cancel>CANCELLED',
      'LEASED: start>RUNNING expire>QUEUED release>QUEUED exhaust>LOST crash>BROKEN cancel>CANCELLING',
      'RUNNING: finish>COLLECTING expire>QUEUED release>QUEUED exhaust>LOST crash>BROKEN cancel>CANCELLING',
      'COLLECTING: pass>SUCCEEDED fail>FAILED timeout>TIMED_OUT expire>QUEUED release>QUEUED exhaust>LOST crash>BROKEN cancel>CANCELLING',
      'CANCELLING: stop>CANCELLED',
      'SUCCEEDED:',
      'FAILED:',
      'TIMED_OUT:',
      'CANCELLED:',
      'LOST:',
      'BROKEN:',
    ]);
  });

  it('reaches every state, and from every state an end', () => {
    const reach = (from: RunState): Set<RunState> => {
      const seen = new Set<RunState>([from]);
      for (const state of seen)
        for (const event of runEvents) {
          const next = nextState(state, event);
          if (next !== undefined) seen.add(next);
        }
      return seen;
    };
    expect(reach('QUEUED')).toEqual(new Set(runStates));
    for (const state of runStates) expect([...reach(state)].some(isFinal), state).toBe(true);
  });

  it('stays in a final state whatever comes', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const path = follow(events);
        const end = path.findIndex(isFinal);
        if (end >= 0) expect(path.length).toBe(end + 1);
      }),
    );
  });

  it('gives a result only to a run that was collected or reused, and a lease only through lease', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const path = follow(events);
        path.forEach((state, index) => {
          const before = path[index - 1];
          if (state === 'FAILED' || state === 'TIMED_OUT') expect(before).toBe('COLLECTING');
          if (state === 'SUCCEEDED') expect(['COLLECTING', 'QUEUED']).toContain(before);
          if (isHeld(state) && !isHeld(before ?? 'QUEUED')) expect([before, state]).toEqual(['QUEUED', 'LEASED']);
        });
      }),
    );
  });

  it('never lets a cancelled run have a result', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const path = follow(events);
        const cancelled = path.indexOf('CANCELLING');
        if (cancelled >= 0) expect(path.slice(cancelled).some(hasResult)).toBe(false);
      }),
    );
  });
});

/** Two controllers and two workers on one row: a model of compare-and-set, with stale reads. */
describe('any order of commands', () => {
  interface Row {
    state: RunState;
    version: number;
    log: [RunState, RunState][];
  }
  interface Model {
    version: number;
  }
  class Command implements fc.Command<Model, Row> {
    constructor(
      readonly event: RunEvent,
      readonly staleBy: number,
    ) {}
    check = (): boolean => true;
    run(model: Model, row: Row): void {
      const expectedVersion = row.version - this.staleBy;
      const to = nextState(row.state, this.event);
      const accepted = to !== undefined && expectedVersion === row.version;
      if (accepted) {
        row.log.push([row.state, to]);
        row.state = to;
        row.version++;
        model.version++;
      }
      expect(row.version).toBe(model.version);
      expect(row.log).toHaveLength(row.version - 1);
      row.log.forEach(([from, into], index) => {
        expect(from).toBe(index === 0 ? 'QUEUED' : row.log[index - 1]![1]);
        expect(Object.values(runTransitions[from])).toContain(into);
      });
      expect(row.log.filter(([, into]) => hasResult(into)).length).toBeLessThanOrEqual(1);
    }
    toString = (): string => `${this.event}${this.staleBy > 0 ? ` (stale by ${this.staleBy})` : ''}`;
  }

  it('keeps log, version and state in step, and stores one result at most', () => {
    const commands = fc.commands(
      [
        fc
          .record({ event: fc.constantFrom(...runEvents), staleBy: fc.nat({ max: 2 }) })
          .map(({ event, staleBy }) => new Command(event, staleBy)),
      ],
      { maxCommands: 60 },
    );
    fc.assert(
      fc.property(commands, (list) =>
        fc.modelRun(
          () => ({ model: { version: 1 }, real: { state: 'QUEUED' as RunState, version: 1, log: [] } }),
          list,
        ),
      ),
    );
  });
});

describe('what users see', () => {
  it('is a status for every state', () => {
    expect(new Set(runStates.map(runStatus))).toEqual(new Set(runStatuses));
  });

  it.each<[Partial<Record<RunStatus, number>>, string]>([
    [{ waiting: 3 }, 'waiting'],
    [{ waiting: 2, running: 1 }, 'running'],
    [{ waiting: 2, passed: 1 }, 'running'],
    [{ running: 1, cancelled: 2 }, 'cancelling'],
    [{ cancelling: 1 }, 'cancelling'],
    [{ passed: 3 }, 'passed'],
    [{ passed: 3, 'timed-out': 1 }, 'failed'],
    [{ passed: 3, lost: 1 }, 'failed'],
    [{ passed: 3, broken: 1 }, 'failed'],
    [{ passed: 3, failed: 1, cancelled: 1 }, 'cancelled'],
  ])('of a campaign with %j is %s', (counts, status) => {
    expect(campaignStatus({ ...noCounts(), ...counts })).toBe(status);
  });
});
